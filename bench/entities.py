"""How well entities with context tell names from their namesakes, beside the bare names.

Two sets of the evaluation corpora (WATCHER_CORPORA):

- alert-natural: feed items of January to March 2023 that contain a watch-term. SILVER labels: the section in the publisher's own address.
  An item of the `world` section is taken to mean the entity, one of another section not to. Where that is not so is said in `SILVER` below.
  January was read while the library was written; February and March were not, and are reported by themselves.
- ent-ambiguous: mentions in newswire of 1996 with Wikidata's entity, labelled by people. Counted are mentions whose surface is an alias
  of an entity of the library; "bare" takes each of them for that entity. A team that bears its country's name is a namesake here.

    WATCHER_CORPORA=… python bench/entities.py
    WATCHER_CORPORA=… python bench/entities.py --errors Patriot     # the items behind the figures, to be read
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import os
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from watcher import config, rules
from watcher.model import MatchInput

LIBRARY = Path(__file__).parent.parent / "config" / "entities.d"

# Term of the set -> entity, and the sections that count as "another meaning". Desks of politics write about arms as well as about Stacey Abrams
# and Jim Jordan, and sections of culture and technology hold reports on the war: only what is clear for a term is counted.
SILVER = {
    "Patriot": ("patriot", {"sport", "culture", "tech", "politics"}),
    "Leopard": ("leopard", {"sport", "culture", "tech"}),
    "Abrams": ("abrams", {"sport", "culture", "tech"}),
    "Javelin": ("javelin", {"sport", "culture", "tech"}),
    "Lancet": ("lancet", {"sport", "culture", "tech"}),
    "Iskander": ("iskander", {"sport", "culture", "tech"}),
    "HIMARS": ("himars", {"sport", "culture", "tech"}),
    "Wagner": ("wagner", {"sport", "culture", "tech"}),
    "Kishida": ("kishida", {"sport", "culture", "tech"}),
    "Turkey": ("turkey", {"sport", "culture", "tech"}),
    "Georgia": ("georgia", {"sport", "culture", "tech", "politics"}),
    "Jordan": ("jordan", {"sport", "culture", "tech", "politics"}),
    "Chelsea": ("chelsea-fc", {"culture", "politics"}),
}
MEANT = {"Chelsea": "sport"}  # else world
PERIODS = {"January": ("2023-01",), "February–March": ("2023-02", "2023-03")}
SAME = {  # Wikidata's names of entities that the library calls otherwise
    "People's Republic of China": "china",
    "United States of America": "usa",
    "United Kingdom": "britain",
    "Turkey": "turkey",
    "Georgia": "georgia",
    "Jordan": "jordan",
    "Czech Republic": "czechia",
    "Kingdom of the Netherlands": "netherlands",
    "United States Department of Defense": "pentagon",
    "New York Times": "nytimes",
}


@dataclass
class Tally:
    """Counts of one judge: taken for the entity rightly, wrongly; missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, *, meant: bool, taken: bool) -> None:
        self.right += meant and taken
        self.wrong += taken and not meant
        self.missed += meant and not taken

    def merge(self, other: Tally) -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed

    def __str__(self) -> str:
        precision = self.right / (self.right + self.wrong) if self.right + self.wrong else float("nan")
        recall = self.right / (self.right + self.missed) if self.right + self.missed else float("nan")
        return f"{precision:.3f} | {recall:.3f}"


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def natural(root: Path) -> list[dict]:
    with gzip.open(root / "alert-natural" / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def article_of(item: dict) -> MatchInput:
    return MatchInput(title=plain(item["title"]), text=plain(item["summary"] or ""))


def judge_natural(book: rules.Rulebook, items: list[dict]) -> None:
    print("alert-natural (SILVER: sections)\n")
    print("| term | period | meant / other / no section | bare P | bare R | entity P | entity R | of those without section taken |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for period, months in PERIODS.items():
        total_bare, total = Tally(), Tally()
        for term, (entity, others) in SILVER.items():
            bare, found, unlabelled, taken_unlabelled = Tally(), Tally(), 0, 0
            for item in items:
                if term not in item["terms"] or item["published"][:7] not in months:
                    continue
                meant = item["section"] == MEANT.get(term, "world")
                if not meant and item["section"] not in others | {None}:
                    continue
                taken = any(mention.holds for mention in book.mentions(article_of(item), [entity]).get(entity, ()))
                if item["section"] is None:
                    unlabelled += 1
                    taken_unlabelled += taken
                    continue
                bare.add(meant=meant, taken=True)
                found.add(meant=meant, taken=taken)
            counts = f"{bare.right} / {bare.wrong} / {unlabelled}"
            print(f"| {term} | {period} | {counts} | {bare} | {found} | {taken_unlabelled} |")
            total_bare.merge(bare)
            total.merge(found)
        print(f"| all | {period} | {total_bare.right} / {total_bare.wrong} | {total_bare} | {total} | |")


def judge_confidence(book: rules.Rulebook, items: list[dict]) -> None:
    levels: dict[str, Tally] = defaultdict(Tally)
    for item in items:
        for term, (entity, others) in SILVER.items():
            wanted = MEANT.get(term, "world")
            if term in item["terms"] and item["section"] in others | {wanted}:
                held = [m.evidence.confidence for m in book.mentions(article_of(item), [entity]).get(entity, ()) if m.holds]
                best = next((level for level in ("high", "medium", "low") if level in held), None)
                if best:
                    levels[best].add(meant=item["section"] == wanted, taken=True)
    print("\nConfidence, all months: share of articles that mean the entity, by the best mention's confidence\n")
    for level in ("high", "medium", "low"):
        found = levels[level]
        print(f"- {level}: {found.right} of {found.right + found.wrong}")


def judge_ambiguous(book: rules.Rulebook, known: dict[str, str], root: Path) -> None:
    bare, found = defaultdict(Tally), defaultdict(Tally)
    with (root / "ent-ambiguous" / "mentions.jsonl").open(encoding="utf-8") as lines:
        mentions = [json.loads(line) for line in lines]
    for mention in mentions:
        context, surface = mention["context"], mention["surface"]
        middle = min(
            (m.start() for m in re.finditer(re.escape(surface), context)), key=lambda at: abs(at - len(context) // 2), default=None
        )
        if middle is None:
            continue
        for entity, occurrences in book.mentions(MatchInput(text=context)).items():
            here = [m for m in occurrences if m.evidence.start < middle + len(surface) and middle < m.evidence.end]
            if not here:
                continue
            meant = known.get(mention["name"]) == entity
            bare[entity].add(meant=meant, taken=True)
            found[entity].add(meant=meant, taken=any(m.holds for m in here))
    print("\nent-ambiguous (labels by people)\n")
    print("| entity | meant / namesakes | bare P | bare R | entity P | entity R |")
    print("| --- | --- | --- | --- | --- | --- |")
    total_bare, total = Tally(), Tally()
    for entity in sorted(bare, key=lambda name: -(bare[name].right + bare[name].wrong)):
        total_bare.merge(bare[entity])
        total.merge(found[entity])
        if bare[entity].right + bare[entity].wrong >= 10:
            print(f"| {entity} | {bare[entity].right} / {bare[entity].wrong} | {bare[entity]} | {found[entity]} |")
    print(f"| all {len(bare)} | {total_bare.right} / {total_bare.wrong} | {total_bare} | {total} |")


def show_errors(book: rules.Rulebook, items: list[dict], term: str, months: tuple[str, ...]) -> None:
    entity, _ = SILVER[term]
    for item in items:
        if term not in item["terms"] or item["published"][:7] not in months:
            continue
        mentions = book.mentions(article_of(item), [entity]).get(entity, ())
        taken = any(m.holds for m in mentions)
        meant = item["section"] == MEANT.get(term, "world")
        if item["section"] is None or meant != taken:
            why = "; ".join(sorted({m.reason or ", ".join(sorted({r.text for r in m.requires})[:4]) for m in mentions}))
            article = article_of(item)
            print(
                f"{'taken' if taken else 'left '} {item['section'] or '-':8} [{why}] {article.title} || {' '.join(article.text.split())[:160]}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=LIBRARY)
    parser.add_argument(
        "--errors", metavar="TERM", help="print items that the entity and the section disagree about, and those without section"
    )
    parser.add_argument("--months", default="2023-01", help="for --errors, separated by commas")
    arguments = parser.parse_args()
    root = os.environ.get("WATCHER_CORPORA")
    if not root or not (Path(root) / "alert-natural").is_dir():
        sys.exit("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    book = config.load_rulebook([arguments.library])
    items = natural(Path(root))
    if arguments.errors:
        show_errors(book, items, arguments.errors, tuple(arguments.months.split(",")))
        return
    judge_natural(book, items)
    judge_confidence(book, items)
    _, entities, _ = config.load_rules([arguments.library])
    known = {entity.name: entity.id for entity in entities} | SAME
    judge_ambiguous(book, known, Path(root))


if __name__ == "__main__":
    main()
