"""NEAR, ONEAR and ATLEAST, and groups inside them."""

from __future__ import annotations

import pytest

from tests.rules.conftest import entity, found
from watcher import rules
from watcher.errors import QueryError
from watcher.model import Rule, Terms

TEXT = "one two three four five six"


@pytest.mark.parametrize(
    ("query", "evidence"),
    [
        ("two NEAR/1 three", ["two", "three"]),
        ("three NEAR/1 two", ["two", "three"]),
        ("two NEAR/1 four", None),
        ("two NEAR/2 four", ["two", "four"]),
        ("two ONEAR/2 four", ["two", "four"]),
        ("four ONEAR/2 two", None),
        ('"one two" NEAR/1 three', ["one two", "three"]),
        ('"one two" NEAR/2 "four five"', ["one two", "four five"]),
        ('"one two" NEAR/1 "four five"', None),
        ("two NEAR/9 two", None),  # one word is not near itself
        ('"two three" NEAR/9 two', None),
        ("one NEAR/1 two NEAR/1 three", ["one", "two", "three"]),
        ("(one OR six) NEAR/1 five", ["five", "six"]),
        ("(two AND four) NEAR/1 three", ["two", "three", "four"]),
        ("(one AND four) NEAR/1 three", None),
        ("(two NOT four) NEAR/1 three", None),
        ("(two NOT six) NEAR/1 three", ["two", "three"]),
        ("(one OR (two AND four)) NEAR/1 three", ["two", "three", "four"]),
        ("three NEAR/1 (two AND four)", ["two", "three", "four"]),
        ("NOT two NEAR/1 four", []),
        ("three NOT (two NEAR/1 three)", None),
        ("ATLEAST/1 (two) NEAR/1 three", ["two", "three"]),
        ("ATLEAST/2 (two) NEAR/1 three", None),
        ("/t\\w+/ NEAR/1 one", ["one", "two"]),
        ("@number NEAR/1 one", ["one", "two"]),
        ("$numbers NEAR/1 one", ["one", "two"]),
        ("body:(two NEAR/1 three)", ["two", "three"]),
        ("body:two NEAR/1 three", ["two", "three"]),
    ],
)
def test_proximity_counts_steps_from_word_to_word(query: str, evidence: list[str] | None) -> None:
    shared = {"entities": (entity("number", "two"),), "terms": (Terms(name="numbers", items=("two", "four")),)}
    assert found(query, TEXT, **shared) == evidence


def test_proximity_stays_within_a_field() -> None:
    assert found("one NEAR/5 two", "two", title="one") is None


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a-b", 1),
        ("a's b", 1),
        ("a isn't b", 2),
        ("a, b", 1),
        ("a — b", 1),
        ("a\n\nb", 1),
        ("a 岸田 b", 3),
        ("a F-16 b", 3),
        ("a 1,000 b", 3),
        ("a ไทย b", 4),
    ],
)
def test_what_counts_as_a_word(text: str, steps: int) -> None:
    assert found(f"a NEAR/{steps} b", text)
    assert steps == 1 or found(f"a NEAR/{steps - 1} b", text) is None


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("ATLEAST/3 (a)", True),
        ("ATLEAST/4 (a)", False),
        ("ATLEAST/4 (a OR b)", True),
        ("ATLEAST/2 (title:a)", False),
        ("ATLEAST/2 (a OR a*)", True),
        ('ATLEAST/2 ("a a" OR a)', True),
    ],
)
def test_occurrences_are_counted_over_the_whole_article_and_once_each(query: str, *, holds: bool) -> None:
    assert (found(query, "a b a", title="a") is not None) is holds


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("lang:en NEAR/5 a", "no place in the text"),
        ("NOT a NEAR/5 b", None),
        ("(NOT a) NEAR/5 (NOT b)", "not negated"),
        ("ATLEAST/3 (a AND b)", "joined by OR"),
        ("ATLEAST/3 (NOT a)", "joined by OR"),
        ("a NEAR/5 tag:b", "no place in the text"),
        ("(a b c d e f g h) NEAR/1 " * 5 + "(a b c d e f g h)", "more than 2000 pairs"),
    ],
)
def test_a_proximity_without_places_is_refused_in_words(query: str, says: str | None) -> None:
    if says is None:
        rules.compile([Rule(name="r", query=query)])
        return
    with pytest.raises(rules.RulebookErrors) as caught:
        rules.compile([Rule(name="r", query=query)])
    error = caught.value.errors[0][1]
    assert isinstance(error, QueryError)
    assert says in error.message
    assert error.position is not None
