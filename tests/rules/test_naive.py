"""The engine against the oracle, on random queries and texts in several scripts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.naive import Oracle, find
from watcher import rules
from watcher.model import MatchInput, Rule
from watcher.rules import query
from watcher.rules.syntax import And, AtLeast, Case, Field, Near, Node, Not, Or, Term

WORDS = [
    "ai",
    "AI",
    "Ai",
    "us",
    "US",
    "Straße",
    "STRASSE",
    "ﬁne",
    "é",
    "Київ",
    "київ",
    "Кисида",
    "мм",
    "155",
    "16",
    "F",
    "f16",
    "岸田",
    "首相",
    "日",
    "ไทย",
    "한국",
    "x2",
]
GLUE = [" ", " ", " ", "-", "‑", " - ", "\n", "-\n", "", "", "'", "’", ".", ", ", "\u00ad", "\u200b", "  "]
text = st.lists(st.sampled_from([*WORDS, *GLUE]), max_size=14).map("".join)
plain_term = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).flatmap(
    lambda words: st.sampled_from([" ", "-", " ", ""]).map(lambda glue: glue.join(words))
)
starred = st.sampled_from(["a*", "str*", "ки*", "?s", "f1?", "к*в", "1*", "*e", "u*", "x?", "f-1*"])
term = st.one_of(plain_term, plain_term, starred).map(Term)
lead_free = st.sampled_from(["title", "body"])


def extend(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    two = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(two.map(And), two.map(Or), inner.map(Not))


standing = st.recursive(
    st.one_of(term, term, st.builds(Field, st.sampled_from(["title", "body", "lead"]), term), st.builds(Case, plain_term.map(Term))),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: Or(tuple(items))),
        st.builds(Near, inner, inner, st.integers(1, 4), st.booleans()),
    ),
    max_leaves=4,
)
queries = st.recursive(st.one_of(standing, standing, st.builds(AtLeast, st.integers(1, 3), standing)), extend, max_leaves=6)


@settings(max_examples=400, deadline=None)
@given(term, text, text)
def test_a_term_is_found_exactly_where_the_oracle_finds_it(wanted: Term, title: str, body: str) -> None:
    book = rules.compile([Rule(name="r", query=str(wanted))])
    found = {(e.field, e.start, e.end) for match in book.match(MatchInput(title=title, text=body)) for e in match.evidence}
    expected = {(name, s, e) for name, text in (("title", title), ("body", body)) for s, e in find(wanted.text, text)}
    assert found == expected


@settings(max_examples=400, deadline=None)
@given(queries, text, text)
def test_a_query_holds_exactly_where_the_oracle_says_so(node: Node, title: str, body: str) -> None:
    written = str(node)
    assert query.parse(written) == node
    book = rules.compile([Rule(name="r", query=written)])
    article = MatchInput(title=title, text=body)
    matched = bool(book.match(article))
    assert matched is Oracle(title, body).holds(node)
    trace = book.explain(article, "r")
    assert trace.holds is matched
    assert bool(trace.children[0].holds) is matched


@settings(max_examples=200, deadline=None)
@given(st.lists(queries, min_size=2, max_size=6), text, text)
def test_rules_together_match_as_each_does_alone(nodes: list[Node], title: str, body: str) -> None:
    article = MatchInput(title=title, text=body)
    made = [Rule(name=str(i), query=str(node)) for i, node in enumerate(nodes)]
    together = rules.compile(made).match(article)
    assert together == tuple(match for rule in made for match in rules.compile([rule]).match(article))


@settings(max_examples=200, deadline=None)
@given(queries, text, text)
def test_evidence_cuts_out_its_surface_form_within_its_sentence(node: Node, title: str, body: str) -> None:
    for match in rules.compile([Rule(name="r", query=str(node))]).match(MatchInput(title=title, text=body)):
        assert len(match.evidence) <= 50
        assert len({(e.field, e.start, e.end, e.term) for e in match.evidence}) == len(match.evidence)
        for e in match.evidence:
            source = title if e.field == "title" else body
            assert source[e.start : e.end] == e.text != ""
            assert source[e.sentence_start :].startswith(e.sentence)
            assert e.sentence_start <= e.start
            assert e.end <= e.sentence_start + len(e.sentence)
