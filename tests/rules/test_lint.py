"""Remarks on what is legal but hardly meant, and silence on what is."""

from __future__ import annotations

import pytest

from watcher import rules
from watcher.model import Alias, Entity, Rule, Terms


def said(query: str) -> list[str]:
    return [text for _, text in rules.compile([Rule(name="r", query=query)]).warnings]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("a or b", "operators are written in capitals (OR)"),
        ("Patriot ADN missile", "was AND meant?"),
        ("Patriot AN missile", "was AND meant?"),
        ("Kishida And shells", "(AND)"),
        ("Patriot, HIMARS", 'with its ","'),
        ("'air defence'", "double quotes"),
        ("‘air defence’ Kyiv", "double quotes"),
        ("155 mm", "may stand far apart"),
        ("shells OR (Leopard 2)", "may stand far apart"),
        ("Patri\u043et", '"\u043e" is Cyrillic'),
        ("\u0421olumbia", "is Cyrillic"),
        ("НАТ\u004f", "is Latin"),
    ],
)
def test_what_is_hardly_meant_is_remarked_once(query: str, says: str) -> None:
    (warning,) = said(query)
    assert says in warning


@pytest.mark.parametrize(
    "query",
    [
        "O'Neill",
        "an Patriot adn ANDA",
        '"Antonov AN" ANTO AN-124',
        "155 AND mm",
        '"155 mm"',
        "F-16 Kyiv",
        "HIMARSи OR F-16и",
        "“or” x",
        "С-400 OR S-400",
        "МіГ-29",
        "岸田 2024年",
        "'tis true",
    ],
)
def test_what_is_usual_is_not(query: str) -> None:
    assert said(query) == []


def test_aliases_and_lists_are_looked_at_too() -> None:
    entity = Entity(id="e", name="e", aliases=(Alias(text="Patri\u043et"),))
    book = rules.compile([Rule(name="r", query="x")], [entity], [Terms(name="t", items=("С\u0061б",))])
    assert [getattr(thing, "id", getattr(thing, "name", "")) for thing, _ in book.warnings] == ["e", "t"]
