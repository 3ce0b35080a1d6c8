"""The parser: shapes, precedence, and objections with their place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.errors import QueryError
from watcher.rules import query
from watcher.rules.syntax import And, AtLeast, Case, Field, Near, Node, Not, Or, Reference, Regex, Term

a, b, c, d = (Term(letter) for letter in "abcd")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a", a),
        ("a b", And((a, b))),
        ("a AND b", And((a, b))),
        ("a OR b c", Or((a, And((b, c))))),
        ("a b OR c", Or((And((a, b)), c))),
        ("(a OR b) c", And((Or((a, b)), c))),
        ("NOT a b", And((Not(a), b))),
        ("a NOT b", And((a, Not(b)))),
        ("a AND NOT b", And((a, Not(b)))),
        ("NOT NOT a", Not(Not(a))),
        ("NOT a NEAR/3 b", Not(Near(a, b, 3))),
        ("a NEAR/5 b c", And((Near(a, b, 5), c))),
        ("a NEAR/5 b ONEAR/2 c", Near(Near(a, b, 5), c, 2, ordered=True)),
        ("ATLEAST/3 (a OR b)", AtLeast(3, Or((a, b)))),
        ("title:a", Field("title", a)),
        ("TITLE: a", Field("title", a)),
        ("title:(a OR b) c", And((Field("title", Or((a, b))), c))),
        ("lead:case:US", Field("lead", Case(Term("US")))),
        ('case:"New Leader"', Case(Term("New Leader"))),
        ("“a b” «c d»", And((Term("a b"), Term("c d")))),
        ("„a” OR “b„", Or((a, b))),
        ("（a OR b）　c", And((Or((a, b)), c))),
        ("「a」 『b c』", And((a, Term("b c")))),
        ("title：a ＠x", And((Field("title", a), Reference("@", "x")))),
        ('"the “Patriot” system"', Term("the “Patriot” system")),
        (r'"say \"hi\""', Term('say "hi"')),
        ("/a|b/", Regex("a|b")),
        (r"/a\/b/", Regex(r"a\/b")),
        ("url:/opinion/", Field("url", Regex("opinion"))),
        ('url:"/opinion/"', Field("url", Term("/opinion/"))),
        ("@a-b $c.d %e_f", And((Reference("@", "a-b"), Reference("$", "c.d"), Reference("%", "e_f")))),
        ('%"my rule"', Reference("%", "my rule")),
        ('"AND" or "(x)"', And((Term("AND"), Term("or"), Term("(x)")))),
        ("AT&T C++ U.S. 12:30 p* o?e Xi'an", And(tuple(map(Term, ("AT&T", "C++", "U.S.", "12:30", "p*", "o?e", "Xi'an"))))),
        ("ORANGE ANDES NOTE NEARBY", And(tuple(map(Term, ("ORANGE", "ANDES", "NOTE", "NEARBY"))))),
    ],
)
def test_a_query_has_this_shape_and_prints_back(text: str, node: Node) -> None:
    assert query.parse(text) == node
    assert query.parse(str(node)) == node


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 0, "expected a term"),
        ("   ", 0, "expected a term"),
        ("(a", 0, 'expected a ")"'),
        ("a)", 1, 'without its "("'),
        ("()", 0, "empty parentheses"),
        ('a "b', 2, 'expected another "'),
        ('a ""', 2, "empty phrase"),
        ("a /b", 2, "expected another /"),
        ("/a/i", 3, "after a regular expression"),
        ("a NEAR b", 2, "expected NEAR/5"),
        ("a NEAR/x b", 7, "x must be a number"),
        ("a NEAR/0 b", 7, "from 1 to"),
        ("a NEAR/99999999999999999999 b", 7, "from 1 to"),
        ("a ONEAR/-1 b", 8, "must be a number"),
        ("ATLEAST (a)", 0, "expected ATLEAST/5"),
        ("a near/5 b", 2, "expected NEAR/n"),
        ("a AND", 5, "ends where a term was expected after AND"),
        ("a AND AND b", 6, "AND where a term was expected after AND"),
        ("AND a", 0, "AND where a term"),
        ("a OR", 4, "after OR"),
        ("NOT", 3, "after NOT"),
        ("title:", 6, "after title:"),
        ("title:NOT a", 6, "put NOT before it"),
        ("titel:a", 0, "did you mean title?"),
        ("https:x", 0, "put it in quotes"),
        ("a || b", 2, "expected OR"),
        ("a & b", 2, "expected AND"),
        ("a -b", 2, "expected NOT b"),
        ("a !b", 2, "expected NOT b"),
        ("+a", 0, "expected a"),
        ("a|b", 0, "expected OR between spaces"),
        ("a ОR b", 2, "Cyrillic letters: expected OR"),
        ("a ＮＯＴ b", 2, "wide letters: expected NOT"),
        ("a NEAR5 b", 2, "expected NEAR/5"),
        ("a w/5 b", 2, "expected NEAR/5"),
        ("a pre/5 b", 2, "expected ONEAR/5"),
        ('"a b"~5', 5, "words joined by NEAR/n"),
        ("Patriot~2", 0, "expected wildcards"),
        ("「a", 0, "expected another 」"),
        ("a」", 1, "expected another 「"),
        ("(" * 100 + "a" + ")" * 100, 60, "nested deeper"),
        ("NOT " * 100 + "a", 0, "nested deeper"),
        ("title:" * 100 + "a", 354, "nested deeper"),
    ],
)
def test_an_objection_names_the_place_and_what_was_expected(text: str, position: int | None, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        query.parse(text)
    assert says in caught.value.message
    assert caught.value.position == position
    assert caught.value.query == text


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab()\"/:\\@$%*?-! \n“”„「」（）：~|'ОТ、w＄ANDORNEATLSTitle5", max_size=40))
def test_any_text_is_a_query_that_prints_back_or_a_query_error(text: str) -> None:
    try:
        node = query.parse(text)
    except QueryError as error:
        assert error.position is None or 0 <= error.position <= len(text)  # noqa: PT017  most texts are queries
    else:
        assert query.parse(str(node)) == node


def test_ten_thousand_terms_are_a_query() -> None:
    node = query.parse(" OR ".join(f"word{i}" for i in range(10_000)))
    assert isinstance(node, Or)
    assert len(node.items) == 10_000
