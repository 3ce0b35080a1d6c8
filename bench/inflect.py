"""What `inflect = true` finds of inflected names, and what it costs.

On BSNLP 2021 (`ent-bsnlp2021` of the evaluation corpora: dated news in six Slavic languages, each document with its persons and places as they stand in the
text, their base forms, and an ID for what they mean) every ID of a language becomes one entity whose aliases are its base forms. Each document is matched against
all entities of its language.

- recall: of the distinct surface forms annotated in each document, those that their entity finds, as such or inside a longer base form of its own (the prophet Mohammed);
- precision: of the distinct surface forms that an entity finds in a document, those annotated there with that ID, as such, inside a longer form or around a shorter
  one, and those inside a longer name of something else (`Bank of England` holds England, and any plain word finds it there too); strict: as such only.

Both also for the base forms as plain text (inflect = false). Documents fall into a part for development and a part that is kept aside, by a hash of their names.

    WATCHER_CORPORA=… python bench/inflect.py --part aside
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from watcher import rules
from watcher.model import Alias, Entity, Evidence, MatchInput, Rule

KINDS = {"PER": "persons", "LOC": "places"}
Document = dict[str, Any]


def documents(part: str, *, names: bool) -> list[Document]:
    root = os.environ.get("WATCHER_CORPORA")
    if not root:
        raise SystemExit("set WATCHER_CORPORA to the folder of the evaluation corpora")
    with gzip.open(Path(root) / "ent-bsnlp2021" / "docs.jsonl.gz", "rt", encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
        for row in [row for document in every for row in document["entities"]]:
            row["counts"] = row["lemma"][:1].isupper() or not names
    aside = {id(d): hashlib.sha1(f"{d['topic']}/{d['doc']}".encode(), usedforsecurity=False).digest()[0] % 2 == 1 for d in every}
    return [d for d in every if part == "all" or aside[id(d)] == (part == "aside")]


def folded(text: str) -> str:
    return " ".join(re.sub("[\u00ad\u200b-\u200f\ufeff]", "", text).casefold().split())


def holds(longer: str, shorter: str) -> bool:
    """Whether a name holds another as whole words."""
    return shorter in longer and re.search(rf"(?<!\w){re.escape(shorter)}(?!\w)", longer) is not None


def rulebook(found: Iterable[Document], kind: str, *, inflect: bool) -> rules.Rulebook:
    """One entity an ID, with all its base forms; literals only, for a few hold wildcards."""
    bases: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for document in found:
        for row in document["entities"]:
            if row["type"] == kind and row["counts"] and any(char.isalnum() for char in row["lemma"]) and not set(row["lemma"]) & set("*?"):
                bases[row["id"]][row["lemma"]] = None
    entities = [
        Entity(id=f"e{i}", name=name, aliases=tuple(Alias(text=base) for base in aliases), inflect=inflect)
        for i, (name, aliases) in enumerate(bases.items())
    ]
    return rules.compile([Rule(name=entity.name, query=f"@{entity.id}") for entity in entities], entities)


class Score:
    """Counts of one language and kind."""

    def __init__(self) -> None:
        self.rows = self.found = self.shown = self.right = self.nested = 0
        self.missed: Counter[tuple[str, str]] = Counter()
        self.wrong: Counter[tuple[str, str]] = Counter()

    def add(self, document: Document, kind: str, matches: dict[str, list[Evidence]]) -> None:
        rows = {(row["id"], folded(row["surface"])): row["lemma"] for row in document["entities"] if row["type"] == kind and row["counts"]}
        finds = {(name, folded(e.text)): e.term for name, evidence in matches.items() for e in evidence}
        of_name: defaultdict[str, list[str]] = defaultdict(list)
        for name, surface in finds:
            of_name[name].append(surface)
        for (name, surface), lemma in rows.items():
            found = any(holds(other, surface) for other in of_name[name])
            self.rows += 1
            self.found += found
            if not found:
                self.missed[lemma, surface] += 1
        annotated: defaultdict[str, list[str]] = defaultdict(list)
        for row in document["entities"]:
            annotated[row["id"]].append(folded(row["surface"]))
        every = [folded(row["surface"]) for row in document["entities"]]
        for (name, surface), term in finds.items():
            self.shown += 1
            if surface in annotated[name]:
                self.right += 1
            elif any(holds(surface, other) for other in annotated[name]) or any(holds(other, surface) for other in every):
                self.nested += 1
            else:
                self.wrong[term, surface] += 1

    def __str__(self) -> str:
        return (
            f"{self.rows:>6} {100 * self.found / max(1, self.rows):>7.1f} {100 * (self.right + self.nested) / max(1, self.shown):>10.1f}"
            f" {100 * self.right / max(1, self.shown):>7.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--part", choices=("develop", "aside", "all"), default="aside")
    parser.add_argument(
        "--names", action="store_true", help="leave out base forms written small: adjectives that some documents count as places"
    )
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="show the N commonest misses and wrong finds of each language")
    options = parser.parse_args()
    chosen = documents(options.part, names=options.names)
    print(f"{len(chosen)} documents, part: {options.part}")
    print(f"{'':8} {'lang':4} {'inflect':7} {'rows':>6} {'recall':>7} {'precision':>10} {'strict':>7}")
    spent: Counter[bool] = Counter()
    for kind, title in KINDS.items():
        totals = {False: Score(), True: Score()}
        for language in sorted({document["lang"] for document in chosen}):
            ours = [document for document in chosen if document["lang"] == language]
            for inflect in (False, True):
                book = rulebook(ours, kind, inflect=inflect)
                score = Score()
                for document in ours:
                    article = MatchInput(text=document["text"])
                    start = time.process_time()
                    found = book.match(article)
                    spent[inflect] += time.process_time() - start  # type: ignore[assignment]
                    matches = {match.rule: list(match.evidence) for match in found}
                    for counted in (score, totals[inflect]):
                        counted.add(document, kind, matches)
                print(f"{title:8} {language:4} {inflect!s:7} {score}")
                if options.errors and inflect:
                    print("    missed:", "; ".join(f"{base} → {form} {n}" for (base, form), n in score.missed.most_common(options.errors)))
                    print("    wrong: ", "; ".join(f"{base} → {form} {n}" for (base, form), n in score.wrong.most_common(options.errors)))
        for inflect, score in totals.items():
            print(f"{title:8} {'all':4} {inflect!s:7} {score}")
    print(f"match: plain {1e6 * spent[False] / len(chosen) / 2:.0f} µs, inflected {1e6 * spent[True] / len(chosen) / 2:.0f} µs a document")


if __name__ == "__main__":
    main()
