"""Each example of the manual compiles without a warning, and its sentences match as they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tomli

from watcher import rules
from watcher.model import Alias, Entity, Rule, Terms, Within

MANUAL = Path(__file__).parents[2] / "docs" / "rules.md"
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", MANUAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
ROWS = re.findall(r"^\| `([^`]+)`(?: or `([^`]+)`)? \| ([^|]*?) *\| *([^|]*?) *\|$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE)


def _rule(table: dict[str, Any]) -> Rule:
    lists = {key: tuple(table.pop(key, ())) for key in ("any", "all", "none")}
    score = tuple(table.pop("score", {}).items())
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Rule(any_=lists["any"], all_=lists["all"], none_=lists["none"], score=score, **plain)


def _entity(name: str, table: dict[str, Any]) -> Entity:
    aliases = tuple(Alias(**item) if isinstance(item, dict) else Alias(text=item) for item in table.pop("aliases"))
    within = table.pop("within", "article")
    unit = Within(unit=within) if isinstance(within, str) else Within(unit="words", words=within)
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Entity(id=name, aliases=aliases, within=unit, **plain)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split('"')[1])
def test_an_example_does_what_it_says(example: str) -> None:
    tables = tomli.loads(example)
    made = [_rule(table) for table in tables.get("rules", [])]
    entities = [_entity(name, table) for name, table in tables.get("entities", {}).items()]
    book = rules.compile(made, entities, [Terms(name=name, items=tuple(items)) for name, items in tables.get("terms", {}).items()])
    assert book.self_test() == []
    assert book.warnings == ()
    assert all(thing.must_match for thing in (*made, *entities))


def test_the_manual_has_its_examples() -> None:
    assert len(EXAMPLES) >= 14
    assert len(ROWS) >= 9


@pytest.mark.parametrize(("term", "other", "finds", "misses"), ROWS, ids=lambda value: value)
def test_the_table_of_terms_is_true(term: str, other: str, finds: str, misses: str) -> None:
    from watcher.model import MatchInput

    for written in filter(None, (term, other)):
        book = rules.compile([Rule(name="r", any_=(written,))])
        for text in filter(None, (part.strip() for part in finds.split(", "))):
            assert book.match(MatchInput(text=text.removeprefix("also ").removesuffix(" over a line break"))) or "line break" in text, text
        missed = [misses] if "," in term or written == "air defence" else misses.split(", ")
        for text in filter(None, (part.strip() for part in missed)):
            assert not book.match(MatchInput(text=text)), text


CONVERSIONS = re.findall(
    r"^\| (Meltwater|Brandwatch|Talkwalker|FreshRSS) \| (.*?) \| (.*?) \|$", MANUAL.read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("tool", "becomes", "refused"), CONVERSIONS, ids=lambda value: value[:12])
def test_the_table_of_other_tools_is_true(tool: str, becomes: str, refused: str) -> None:
    from watcher.rules import dialects

    pairs = re.findall(r"`([^`]+)` → `([^`]+)`", becomes)
    assert len(pairs) >= 3
    assert [dialects.convert(tool.lower(), theirs).query for theirs, _ in pairs] == [ours for _, ours in pairs]
    for theirs in re.findall(r"`([^`]+)`", refused):
        with pytest.raises(dialects.NoEquivalent):
            dialects.convert(tool.lower(), theirs)


def test_the_manual_names_all_four_tools() -> None:
    assert [tool for tool, _, _ in CONVERSIONS] == ["Meltwater", "Brandwatch", "Talkwalker", "FreshRSS"]


def test_every_code_of_a_remark_is_in_the_manual() -> None:
    from watcher.rules import critique

    assert not [code for code in critique.CODES if f"`{code}`" not in MANUAL.read_text(encoding="utf-8")]
