"""Base forms find the forms of nouns, adjectives and names, and no other words."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from watcher import rules
from watcher.model import Alias, Entity, MatchInput, Rule


def forms(base: str, text: str) -> list[str]:
    book = rules.compile([Rule(name="r", any_=(base,), inflect=True)])
    return [evidence.text for match in book.match(MatchInput(text=text)) for evidence in match.evidence]


@pytest.mark.parametrize(
    ("base", "text"),
    [
        ("Кісіда", "Кісіда Кісіди Кісіді Кісіду Кісідою"),
        ("Байден", "Байден Байдена Байдену Байденом Байденові"),
        ("Зеленський", "Зеленський Зеленського Зеленському Зеленським"),
        ("Львів", "Львів Львова Львову Львовом Львові"),
        ("Київ", "Київ Києва Києву Києві Києвом"),
        ("Прага", "Прага Праги Празі Прагу Прагою"),
        ("Павел", "Павел Павла Павлу Павлом"),
        ("снаряд", "снаряд снаряди снарядів снарядами"),
        ("Россия", "Россия России Россию Россией"),
        ("Иванов", "Иванов Иванова Иванову Ивановым"),
        ("Kraków", "Kraków Krakowa Krakowie Krakowem"),
        ("Warszawa", "Warszawa Warszawy Warszawie Warszawę Warszawą"),
        ("Praha", "Praha Praze Prahy Prahu Prahou"),
        ("Duda", "Duda Dudy Dudzie Dudę Dudą"),
        ("Wielka Brytania", "Wielka Brytania, Wielkiej Brytanii, Wielką Brytanię"),
        ("Сполучене Королівство", "Сполученого Королівства, Сполученим Королівством"),
        ("Варшавське Сіті", "Варшавського Сіті"),
        ("Имран Хан", "Имрана Хана, Имрану Хану"),
        ("Обединено кралство", "Обединеното кралство"),
        ("Niemcy", "Niemcy Niemiec Niemcom Niemczech"),
        ("Wiedeń", "Wiedeń Wiednia Wiedniu"),
        ("Bliski Wschód", "Bliskiego Wschodu, Bliskim Wschodzie"),
        ("Wyspy Brytyjskie", "Wyspach Brytyjskich"),
        ("laburzyści", "laburzystów laburzystom"),
        ("Norwegowie", "Norwegów Norwegami"),
        ("Farage", "Farage'a Farage’owi Faragem"),
        ("Tony Blair", "Tony'ego Blaira, Tonym Blairem"),
        ("Johnson", "Johnsonův Johnsonových Johnsonova Johnsonove"),
        ("Jeremy Corbyn", "Jeremyja Corbyna, Jeremyho Corbyna"),
        ("shell", "shell shells"),
        ("снаряд", "Снаряди СНАРЯДИ"),
        ("Київ", "київ КИЄВА"),
    ],
)
def test_a_base_form_finds_its_forms(base: str, text: str) -> None:
    assert forms(base, text) == (text.split(", ") if " " in base else text.split())


@pytest.mark.parametrize(
    ("base", "text"),
    [
        ("Іран", "іранський іранець"),
        ("НАТО", "нату"),
        ("Рим", "рима"),
        ("Stany", "stanu"),
        ("Polska", "polskiej Polskie"),
        ("Пророк", "пророка"),
        ("Київ", "київський"),
        ("Duda", "dudzik"),
        ("F-16", "F-16a"),
        ("shel*", "xshell"),
        ("Polska", "polskość"),
    ],
)
def test_other_words_are_not_forms(base: str, text: str) -> None:
    assert forms(base, text) == []


def test_without_the_key_nothing_inflects() -> None:
    assert not rules.compile([Rule(name="r", any_=("Кісіда",))]).match(MatchInput(text="Кісіди"))


def test_the_same_word_with_and_without_forms_lives_in_one_rulebook() -> None:
    book = rules.compile([Rule(name="plain", any_=("shell",)), Rule(name="forms", any_=("shell",), inflect=True)])
    assert [match.rule for match in book.match(MatchInput(text="shells"))] == ["forms"]
    assert [match.rule for match in book.match(MatchInput(text="shell"))] == ["plain", "forms"]


@pytest.mark.corpora
@pytest.mark.parametrize(("kind", "least"), [("PER", 0.96), ("LOC", 0.97)])
def test_recall_on_inflected_names_of_six_languages(kind: str, least: float) -> None:
    """BSNLP 2021: the base form of each annotated name must find its surface form in the document."""
    root = os.environ.get("WATCHER_CORPORA")
    if not root or not (Path(root) / "ent-bsnlp2021").is_dir():
        pytest.skip("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    with gzip.open(Path(root) / "ent-bsnlp2021" / "docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines][::5]
    hit = total = 0
    for document in documents:
        wanted = [(e["lemma"], e["surface"]) for e in document["entities"] if e["type"] == kind]
        bases = sorted({lemma for lemma, _ in wanted if any(char.isalnum() for char in lemma.strip("*?"))})
        entities = [Entity(id=base, name=base, aliases=(Alias(text=base),), inflect=True) for base in bases]
        book = rules.compile(
            [Rule(name=str(i), query=f'@"{base}"'.replace("\\", "")) for i, base in enumerate(bases) if '"' not in base], entities
        )
        found = {(e.entity, e.text.casefold()) for match in book.match(MatchInput(text=document["text"])) for e in match.evidence}
        hit += sum((lemma, surface.strip().casefold()) in found for lemma, surface in wanted)
        total += len(wanted)
    assert hit / total >= least
