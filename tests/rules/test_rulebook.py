"""A set of rules: lists, scores, fields, references, restrictions, errors, warnings, self-tests, traces."""

from __future__ import annotations

import pickle

import pytest

from tests.rules.conftest import entity, found, only, places
from watcher import rules
from watcher.model import MatchInput, Rule, Terms

ARTICLE = {
    "url": "https://example.org/opinion/1",
    "author": "Ann O’Hara",
    "feed": "Example News",
    "feed_tags": ("ukraine",),
    "tags": ("War",),
    "language": "en-GB",
}


@pytest.mark.parametrize(
    ("query", "evidence"),
    [
        ("title:one", ["one"]),
        ("title:two", None),
        ("body:two", ["two"]),
        ("lead:two", ["two"]),
        ("lead:three", None),
        ("one two", ["one", "two"]),
        ("opinion", None),
        ("url:opinion", ["opinion"]),
        ('url:"example.org/opinion"', ["example.org/opinion"]),
        ("author:o'hara", ["O’Hara"]),
        ('feed:"example news"', ["Example News"]),
        ("feed:example", None),
        ("tag:ukraine tag:war", ["ukraine", "War"]),
        ("tag:(x OR war)", ["War"]),
        ("lang:en", ["en-GB"]),
        ("lang:en-gb", ["en-GB"]),
        ("lang:e", None),
        ("NOT lang:uk", []),
        ("title:(one NOT two)", ["one"]),
        ("title:(body:two)", None),
        ("lead:(body:two)", ["two"]),
        ("body:(lead:three)", None),
    ],
)
def test_a_field_sees_its_own_text(query: str, evidence: list[str] | None) -> None:
    assert found(query, "\n two\nthree", title="one", **ARTICLE) == evidence


def test_any_all_none_and_query_combine_with_and() -> None:
    rule = Rule(name="r", query="q", any_=("a", "b c"), all_=("d", "e*"), none_=("f",))
    assert only(rule, "q b-c d eee")
    for text in ("a d e", "q d e", "q a e", "q a d", "q a d e f"):
        assert only(rule, text) is None


def test_items_of_lists_are_terms_where_all_but_wildcards_is_literal() -> None:
    assert only(Rule(name="r", any_=("a OR b",)), "a or b")
    assert only(Rule(name="r", any_=("a OR b",)), "a") is None
    assert only(Rule(name="r", any_=("title:x",)), "see title:x")
    assert only(Rule(name="r", all_=('say "hi"',)), "say “hi”")


def test_a_reference_that_stands_alone_in_a_list_refers() -> None:
    book = rules.compile([Rule(name="r", any_=("@k", "$t", "@nobody"))], [entity("k", "Kishida")], [Terms(name="t", items=("shell*",))])
    assert [e.text for m in book.match(MatchInput(text="Kishida: shells @nobody")) for e in m.evidence] == ["Kishida", "shells", "@nobody"]
    assert any("searched as it stands" in text for _, text in book.warnings)


def test_scores_add_up_each_key_once() -> None:
    rule = Rule(name="r", score=(("Patriot", 5.0), ("@k", 5.0), ("football", -10.0)), threshold=8.0)
    book = rules.compile([rule], [entity("k", "Kishida")])
    (match,) = book.match(MatchInput(text="Patriot Patriot Kishida"))
    assert match.score == 10.0
    assert {e.term for e in match.evidence} == {"Patriot", "Kishida"}
    assert not book.match(MatchInput(text="Patriot Patriot Patriot"))
    assert not book.match(MatchInput(text="Patriot Kishida football"))
    assert only(Rule(name="r", query="a", score=(("b", 1.0),), threshold=1.0), "a b").score == 1.0  # type: ignore[union-attr]


def test_a_score_that_needs_nothing_holds_without_anything() -> None:
    assert only(Rule(name="r", score=(("b", -1.0),), threshold=0.0), "a")
    assert only(Rule(name="r", score=(("b", -1.0),), threshold=0.0), "b") is None


def test_another_rule_is_a_condition_of_this_one() -> None:
    made = [
        Rule(name="my base", query="a OR b", languages=("en",)),
        Rule(name="r", query='%"my base" c'),
        Rule(name="near", query='%"my base" NEAR/1 c'),
    ]
    book = rules.compile(made)
    assert [m.rule for m in book.match(MatchInput(text="a c", language="en"))] == ["my base", "r", "near"]
    assert [
        m.rule for m in rules.compile([Rule(name="x", query="a"), Rule(name="y", query="%x NEAR/1 c")]).match(MatchInput(text="a c"))
    ] == ["x", "y"]


@pytest.mark.parametrize(
    ("languages", "language", "holds"),
    [(("en",), "en", True), (("en",), "en-US", True), (("en", "uk"), "ru", False), (("en",), None, True), ((), "ru", True)],
)
def test_a_rule_is_restricted_to_languages_and_an_unknown_one_is_not_lost(
    languages: tuple[str, ...], language: str | None, *, holds: bool
) -> None:
    assert (only(Rule(name="r", query="a", languages=languages), "a", language=language) is not None) is holds


@pytest.mark.parametrize(
    ("feeds", "holds"),
    [
        (("Example News",), True),
        (("example news",), True),
        (("Example",), False),
        (("tag:ukraine",), True),
        (("tag:war",), False),
        (("x", "tag:Ukraine"), True),
    ],
)
def test_a_rule_is_restricted_to_feeds_by_name_or_configured_tag(feeds: tuple[str, ...], *, holds: bool) -> None:
    assert (only(Rule(name="r", query="a", feeds=feeds), "a", **ARTICLE) is not None) is holds


def test_all_errors_come_at_once_with_their_things() -> None:
    made = [
        Rule(name="one", query="a NEAR/x b", any_=("*",)),
        Rule(name="two", query="@kishda OR $munition"),
        Rule(name="three", query="%four"),
        Rule(name="four", query="%three"),
        Rule(name="five"),
        Rule(name="six", score=(("a", 1.0),)),
        Rule(name="good", query="a"),
        Rule(name="good", query="b"),
        Rule(name="seven", query="%two"),
    ]
    with pytest.raises(rules.RulebookErrors) as caught:
        rules.compile(made, [entity("kishida", "Kishida")], [Terms(name="munitions", items=("shell", "?"))])
    said = [(getattr(thing, "name", ""), error.message) for thing, error in caught.value.errors]
    by_name = {name: [text for n, text in said if n == name] for name, _ in said}
    assert len(by_name["one"]) == 2
    assert by_name["two"] == ['there is no entity "kishda"; did you mean kishida?']
    assert "a circle of rules" in by_name["three"][0]
    assert "a circle of rules" in by_name["four"][0]
    assert "no condition" in by_name["five"][0]
    assert "threshold" in by_name["six"][0]
    assert "two of one name" in by_name["good"][0]
    assert "has an error" in by_name["seven"][0]
    assert "munitions" in by_name
    assert "rule one" in str(caught.value)


@pytest.mark.parametrize(
    ("query", "warning"),
    [
        ("a", None),
        ("a OR NOT a", "holds for every article"),
        ("a NOT a", "never hold"),
        ("a (b OR c) NOT (b OR c)", "never hold"),
        ("lang:en", "nothing to be found"),
        ("NOT a", "nothing to be found"),
        ("a OR NOT b", "nothing to be found"),
        ("title:(body:a)", "never hold"),
        ("title:a NEAR/3 body:b", "never hold"),
        ("title:a NEAR/3 b", None),
        ("$empty", "never hold"),
        ("title:a NOT a", "never hold"),
        ("lead:a NOT body:a", "never hold"),
        ("a NOT title:a", None),
        ("url:a NOT a", None),
        ("a NEAR/3 b NOT a", "never hold"),
        ("ATLEAST/3 a NOT a", "never hold"),
        ("ATLEAST/3 a NOT ATLEAST/4 a", None),
        ("feed:A feed:B a", "never hold"),
        ("(feed:A a) OR (feed:B b)", None),
        ("lang:en lang:uk a", "never hold"),
        ("lang:en lang:en-GB a", None),
        ("NOT (lang:en lang:uk)", "every article"),
        ("a OR NOT title:a", "every article"),
        ("a or b", "is searched as a word"),
        ("Japan, Kyiv", 'searched with its ","'),
        ('"a or b"', None),
    ],
)
def test_what_is_hardly_meant_is_a_warning_and_matched_as_written(query: str, warning: str | None) -> None:
    said = [
        text
        for thing, text in rules.compile([Rule(name="r", query=query)], (), [Terms(name="empty", items=())]).warnings
        if isinstance(thing, Rule)
    ]
    assert (warning is None) is (not said)
    assert warning is None or warning in said[0]


def test_a_language_that_the_rule_leaves_out_can_never_hold() -> None:
    def said(*languages: str) -> list[str]:
        return [text for _, text in rules.compile([Rule(name="r", query="lang:uk a", languages=languages)]).warnings]

    assert said("en") == ["this can never hold"]
    assert said("en", "uk") == []


@pytest.mark.parametrize(
    ("weights", "threshold", "warning"),
    [((1.0,), 2.0, "never hold"), ((-1.0,), -1.0, "every article"), ((1.0, -1.0), 0.0, "nothing to be found"), ((1.0, 1.0), 2.0, None)],
)
def test_a_threshold_out_of_reach_or_always_reached_is_a_warning(weights: tuple[float, ...], threshold: float, warning: str | None) -> None:
    score = tuple((chr(97 + i), weight) for i, weight in enumerate(weights))
    said = [text for _, text in rules.compile([Rule(name="r", score=score, threshold=threshold)]).warnings]
    assert (warning is None) is (not said)
    assert warning is None or warning in said[0]


def test_self_tests_tell_which_sentence_failed_and_why() -> None:
    good = Rule(
        name="good", query="title:x OR shell*", must_match=("shells",), must_not_match=("she",), languages=("en",), feeds=("nowhere",)
    )
    bad = Rule(name="bad", query="a b", must_match=("only a",), must_not_match=("a b",), file="r.toml", line=3)
    who = entity("who", "WHO", requires=("health",), must_match=("the WHO",))
    failures = rules.compile([good, bad], [who]).self_test()
    assert [(f.kind, f.name, f.key, f.text) for f in failures] == [
        ("rule", "bad", "must_match", "only a"),
        ("rule", "bad", "must_not_match", "a b"),
        ("entity", "who", "must_match", "the WHO"),
    ]
    assert (failures[0].file, failures[0].line) == ("r.toml", 3)
    assert "✗ b" in failures[0].explanation
    assert "none of the required terms" in failures[2].explanation


def test_evidence_is_capped_so_that_every_clause_still_shows() -> None:
    match = only(Rule(name="r", query="common AND rare"), "common " * 300 + "rare")
    assert match is not None
    assert len(match.evidence) == 50
    assert match.evidence[-1].text == "rare"
    assert places(match.evidence) == sorted(places(match.evidence))


def test_a_trace_has_every_clause_also_behind_the_one_that_decided() -> None:
    trace = rules.compile([Rule(name="r", query="a b (c OR d)")]).explain(MatchInput(text="d"), "r")
    assert not trace.holds
    assert [line.strip() for line in str(trace).splitlines()][1:] == ["✗ all of", "✗ a", "✗ b", "✓ any of", "✗ c", '✓ d: "d" (body 0–1)']


def test_rules_that_share_others_many_times_stay_cheap() -> None:
    made = [Rule(name="r0", query="a")] + [Rule(name=f"r{i}", query=f"%r{i - 1} OR %r{i - 1}") for i in range(1, 45)]
    book = rules.compile(made)
    assert len(book.match(MatchInput(text="a"))) == 45
    assert book.explain(MatchInput(text="a"), "r44").holds


def test_a_chain_of_rules_has_an_end() -> None:
    made = [Rule(name="r0", query="a")] + [Rule(name=f"r{i}", query=f"%r{i - 1}") for i in range(1, 300)]
    with pytest.raises(rules.RulebookErrors, match="in a row"):
        rules.compile(made[::-1])


def test_a_rulebook_travels_to_a_worker() -> None:
    book = rules.compile([Rule(name="r", query="@k /x+/ $t")], [entity("k", "K")], [Terms(name="t", items=("y",))])
    article = MatchInput(text="k xx y")
    assert pickle.loads(pickle.dumps(book)).match(article) == book.match(article)


def test_an_empty_rulebook_and_an_empty_article_match_nothing() -> None:
    assert rules.compile([]).match(MatchInput(text="a")) == ()
    assert rules.compile([Rule(name="r", query="a")]).match(MatchInput()) == ()
