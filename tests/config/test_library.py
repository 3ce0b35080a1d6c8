"""The entity library of ``config/entities.d``: large, in many scripts, and every alias and every namesake has a sentence that would miss it."""

from __future__ import annotations

import dataclasses
import unicodedata
from pathlib import Path

import pytest

from watcher import config, rules
from watcher.model import Entity, MatchInput
from watcher.rules import critique

LIBRARY = Path(__file__).parent.parent.parent / "config" / "entities.d"
FILES = sorted(LIBRARY.glob("*.toml"))
ENTITIES = config.load_rules([LIBRARY])[1]
BY_FILE = {file: [entity for entity in ENTITIES if entity.file == str(file)] for file in FILES}


def alphabets(*texts: str) -> set[str]:
    """The scripts of the letters: LATIN, CYRILLIC, HANGUL, and KANJI for all that is written in Japanese and Chinese."""
    names = {unicodedata.name(char, "?").partition(" ")[0] for text in texts for char in text if char.isalpha()}
    return {"KANJI" if name in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK") else name for name in names}


def test_it_is_large_and_each_entity_has_a_kind_a_name_and_tests() -> None:
    assert len(ENTITIES) >= 400
    assert not [entity.id for entity in ENTITIES if not (entity.kind and entity.name and entity.must_match and entity.must_not_match)]


def test_all_of_its_sentences_hold() -> None:
    assert rules.compile([], ENTITIES).self_test() == []


def test_lint_finds_nothing_said_twice_and_no_abbreviation_that_small_letters_would_match() -> None:
    assert [f"{finding.thing.id}: {finding.message}" for finding in critique.criticise((), ENTITIES, ()) if finding.code != "unused"] == []


@pytest.mark.parametrize("file", [file for file in FILES if file.name != "own.toml"], ids=lambda file: file.stem)
def test_an_alias_that_is_lost_breaks_a_sentence(file: Path) -> None:
    """Each alias in turn is taken away: some ``must_match`` of its entity has to fail, or nobody would notice."""
    unnoticed = []
    for entity in BY_FILE[file]:
        for alias in entity.aliases:
            rest = tuple(other for other in entity.aliases if other is not alias)
            if rest and not broken(dataclasses.replace(entity, aliases=rest)):
                unnoticed.append(f"{entity.id}: {alias.text}")
    assert unnoticed == []


@pytest.mark.parametrize("entity", [entity for entity in ENTITIES if entity.requires or entity.rejects], ids=lambda entity: entity.id)
def test_a_context_that_is_lost_breaks_a_sentence(entity: Entity) -> None:
    """Without its ``requires`` and ``rejects`` an entity would take some namesake of ``must_not_match`` for a mention."""
    failures = rules.compile([], [dataclasses.replace(entity, requires=(), rejects=())]).self_test()
    assert [failure.key for failure in failures if failure.key == "must_not_match"]


def broken(entity: Entity) -> bool:
    return any(failure.key == "must_match" for failure in rules.compile([], [entity]).self_test())


def test_names_are_known_in_the_scripts_that_write_them() -> None:
    """Types such as T-72 are written in Latin letters in Japanese and Chinese too; all else has its own forms."""
    many = [entity for entity in ENTITIES if {"LATIN", "CYRILLIC", "KANJI"} <= alphabets(*(alias.text for alias in entity.aliases))]
    assert len(many) >= 0.93 * len(ENTITIES)
    assert not [entity.id for entity in ENTITIES if len(alphabets(*entity.must_match)) < 2]
    assert not [entity.id for entity in ENTITIES if len(alphabets(*entity.must_not_match)) < 2]


def test_no_two_entities_claim_the_same_name() -> None:
    owners: dict[str, set[str]] = {}
    for entity in ENTITIES:
        for alias in entity.aliases:
            owners.setdefault(alias.text.casefold(), set()).add(entity.id)
    assert {alias: sorted(ids) for alias, ids in owners.items() if len(ids) > 1} == {}


@pytest.mark.parametrize(
    ("text", "meant", "not_meant"),
    [
        ("Ukraine gets a Patriot battery from Germany, Pistorius said.", {"ukraine", "patriot", "germany", "pistorius"}, set()),
        ("The Patriots' quarterback grew up in Georgia, where Michael Jordan once played.", set(), {"patriot", "georgia", "jordan"}),
        ("В Тбилиси президент Грузии встретился с Эрдоганом.", {"georgia", "erdogan"}, {"jordan"}),
        ("Kreml: Putin spricht mit Trump über die Krim.", {"kremlin", "putin", "trump", "crimea"}, set()),
        ("岸田首相はパトリオットミサイルの輸出をバイデン大統領に伝えた。", {"kishida", "patriot", "biden"}, {"trump"}),
        ("王毅在北京会见乌克兰代表团。", {"wang-yi", "beijing", "ukraine"}, {"japan"}),
        ("Zełenski rozmawiał z Tuskiem o czołgach Leopard.", {"zelensky", "tusk", "leopard"}, set()),
    ],
)
def test_whole_sentences(text: str, meant: set[str], not_meant: set[str]) -> None:
    judged = rules.compile([], ENTITIES).mentions(MatchInput(text=text))
    mentioned = {name for name, mentions in judged.items() if any(mention.holds for mention in mentions)}
    assert meant <= mentioned
    assert not not_meant & mentioned
