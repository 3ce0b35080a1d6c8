"""What could be better about rules: each remark where it belongs, and none where all is well."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.conftest import entity
from tests.rules.test_naive import queries, term
from watcher import rules
from watcher.model import Alias, MatchInput, Rule, Terms
from watcher.rules.critique import criticise

PATRIOT = entity("patriot", "Patriot", "MIM-104", requires=("missile*",))
KYIV = entity("kyiv", "Kyiv", "Київ")
TESTED = {"must_match": ("x",)}


def remarks(made: list[Rule], entities=(), terms=(), **more) -> list[tuple[str, str]]:
    return [(finding.code, finding.text) for finding in criticise(made, entities, terms, **more) if finding.code != "unused"]


def of_query(text: str, *entities) -> list[tuple[str, str]]:
    return remarks([Rule(name="r", query=text, **TESTED)], entities)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("shells AND @patriot", []),
        ("case:US OR case:AI", []),
        ("US", [("function_word", "US")]),
        ("NOT US shells", []),
        ("AI law", [("short", "AI")]),
        ("url:rss shells", []),
        ("us*", [("prefix", "us*")]),
        ("ammo*", []),
        ("Die OR shells", [("function_word", "Die")]),
        ("про OR снаряди", [("function_word", "про")]),
        ("岸田 OR 首相", []),
        ("F-16 OR 155", []),
        ('"the shells"', []),
        ("Patriot", [("bare_name", "Patriot")]),
        ("patriot NEAR/5 Kyiv", [("bare_name", "patriot"), ("bare_name", "Kyiv")]),
        ("NOT Patriot shells", []),
        ("url:patriot shells", []),
        ("shell* OR shells", [("covered", "shells")]),
        ("shells OR shell*", [("covered", "shells")]),
        ("shells OR Shells", [("repeated", "Shells")]),
        ("title:shells OR shells", []),
        ("shells shells*", []),  # AND: nothing is found anyway
        ('missile OR "Patriot missile"', [("covered", "Patriot missile")]),
        ('"155 mm" OR 155mm', [("covered", "155mm")]),
        ("air-defence OR air defence", []),
        ('air-defence OR "air defence"', [("covered", "air-defence")]),
    ],
)
def test_a_query_is_remarked_on(query, expected):
    assert of_query(query, PATRIOT, KYIV) == expected


def test_each_remark_has_a_remedy_that_fits_its_place():
    made = [Rule(name="a", query="AI x1"), Rule(name="b", any_=("AI",), **TESTED)]
    found = criticise(made, [entity("un", "UN", "Nations")], [Terms(name="t", items=("EU",))])
    remedies = {(f.thing, f.code): f.remedy for f in found}
    assert "case:AI" in remedies[made[0], "short"]
    assert remedies[made[0], "untested"] == "add a sentence that it must find"
    assert remedies[made[1], "short"] == "search it in a query, with exact capitals: case:AI"
    assert any(f.remedy == 'give it exact capitals: { text = "UN", case = true }' for f in found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"query": "a1 b1"}, {"query": "B1 AND A1"}, True),
        ({"query": "a1 (b1 c1)"}, {"all_": ("c1", "b1", "a1")}, True),
        ({"query": "a1 OR b1"}, {"any_": ("b1", "a1")}, True),
        ({"query": "a1 NOT b1"}, {"all_": ("a1",), "none_": ("b1",)}, True),
        ({"query": "a1 NEAR/3 b1"}, {"query": "b1 NEAR/3 a1"}, True),
        ({"query": "a1 ONEAR/3 b1"}, {"query": "b1 ONEAR/3 a1"}, False),
        ({"query": "case:A1"}, {"query": "case:a1"}, False),
        ({"query": "a1"}, {"query": "a1", "feeds": ("tag:x",)}, False),
        ({"query": "a1"}, {"query": "title:a1"}, False),
        ({"query": "a1 OR b1 c1"}, {"query": "(a1 OR b1) c1"}, False),
        ({"score": (("a1", 1.0),), "threshold": 1.0}, {"score": (("A1", 1.0),), "threshold": 1.0}, True),
        ({"score": (("a1", 1.0),), "threshold": 1.0}, {"score": (("a1", 2.0),), "threshold": 1.0}, False),
    ],
)
def test_rules_that_ask_for_the_same_are_found(one, other, same):
    found = remarks([Rule(name="one", **one, **TESTED), Rule(name="other", **other, **TESTED)])
    assert [code for code, _ in found if code == "identical"] == ["identical"] * same


@settings(max_examples=100, deadline=None)
@given(queries, queries)
def test_rules_that_are_called_identical_match_alike(one, other):
    made = [Rule(name="one", query=str(one), **TESTED), Rule(name="other", query=str(other), **TESTED)]
    if any(finding.code == "identical" for finding in criticise(made, (), ())):
        book = rules.compile(made)
        for text in ("ai us Київ 155", "F-16 岸田首相", "Straße é x2", str(one), str(other)):
            assert len(book.match(MatchInput(text=text, title=text))) in (0, 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(term, min_size=2, max_size=5))
def test_a_term_that_is_called_covered_can_be_left_out(terms):
    texts = list(dict.fromkeys(each.text for each in terms))
    found = [f for f in criticise([Rule(name="r", any_=tuple(texts), **TESTED)], (), ()) if f.code in ("covered", "repeated")]
    for finding in found:
        rest = tuple(text for text in texts if text != finding.text)
        book = rules.compile([Rule(name="all", any_=tuple(texts)), Rule(name="rest", any_=rest)])
        for text in (*texts, *(text.replace("*", "ab").replace("?", "c") for text in texts), "AI x2 Kyiv", "f16 155 мм"):
            matched = [match.rule for match in book.match(MatchInput(text=text))]
            assert matched in ([], ["all", "rest"]), (finding, text)


def test_names_of_entities_are_covered_only_as_a_whole():
    """A longer name shows more of what was found: New York Times is no idle alias beside New York."""
    found = remarks([], [entity("ny", "New York", "New York Times", "new york", requires=("x1",))])
    assert found == [("repeated", "new york")]
    assert remarks([], [entity("f", "F-16", "F16", "F-16*")]) == [("covered", "F-16"), ("covered", "F16")]
    assert remarks([], [entity("who", Alias(text="WHO", case=True), "who's")]) == []


def test_a_name_of_two_entities_is_told_unless_one_asks_for_context():
    paris, other = entity("paris", "Paris", "Париж"), entity("hilton", "Paris", "Hilton")
    assert ("shared_alias", "Paris") in remarks([], [paris, other])
    assert remarks([], [paris, entity("hilton", "Paris", requires=("hotel",))]) == []


def test_what_no_rule_names_is_unused_but_not_a_whole_library():
    made = [Rule(name="r", query="@used $listed %other", **TESTED), Rule(name="other", query="x1", **TESTED)]
    entities = [entity("used", "Used"), entity("routed", "Routed"), entity("idle", "Idle")]
    found = criticise(made, entities, [Terms(name="listed", items=("x1",)), Terms(name="spare", items=("x2",))], used=frozenset({"routed"}))
    assert [f.thing for f in found if f.code == "unused"] == [entities[2], Terms(name="spare", items=("x2",))]
    library = [entity(f"e{n}", f"Name{n}", file="library.toml") for n in range(20)]
    assert [f for f in criticise(made[1:], library, ()) if f.code == "unused"] == []


def test_a_long_list_is_reviewed_by_the_engine():
    items = (*(f"word{n}" for n in range(400)), "other word7")
    assert remarks([], (), [Terms(name="t", items=items)]) == [("covered", "other word7")]
