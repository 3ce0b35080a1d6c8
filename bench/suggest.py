"""Do suggestions help on alerts that they have not seen? Learns on the first part of a stream, judges on the rest.

    WATCHER_CORPORA=... .venv/bin/python bench/suggest.py

Set: alert-natural (feed items of January to March 2023). A rule is one bare word; an item is useful when its publisher put it under world or politics,
noise when under sport, culture or tech: SILVER labels, made from addresses, so addresses are withheld from the search. Common words are known from a
thirtieth of stream-rss2023 (January). Stories are told apart as the daemon does. A proposal is accepted when it is recommended. The control gives the same
articles shuffled labels.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from watcher import rules
from watcher.model import MatchInput, Rule
from watcher.rules.suggest import Labelled, patched, suggest
from watcher.stories import Candidate, Index
from watcher.stories.sketch import sketch
from watcher.text.html import to_text

WORDS = ("Patriot*", "Jordan", "Georgia", "Turkey", "Wagner", "Chelsea", "Leopard", "Abrams", "ammunition")
SHARES = (0.4, 0.5, 0.6, 0.7)
USEFUL = ("world", "politics")


def lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def seen(item: dict) -> MatchInput:
    return MatchInput(title=item["title"], text=to_text(item["summary"] or ""))


def labelled(items: list[dict], word: str) -> list[Labelled]:
    """The items that the bare word matches, in time order, each with its story."""
    book = rules.compile([Rule(name=word, any_=(word,))])
    index, found = Index(), []
    for number, item in enumerate(items):
        article = seen(item)
        if not book.match(article):
            continue
        at = datetime.fromisoformat(item["published"])
        here = {
            "article_id": number, "sketch": sketch(article.title, article.text), "at": at, "canonical_url": item["link"], "title": article.title,
            "host": item["feed"], "entities": (),
        }  # fmt: skip
        story = index.decide(Candidate(**here)).story_id
        story = number if story is None else story
        index.add(Candidate(**here, story_id=story))
        found.append(Labelled(article=article, useful=item["section"] in USEFUL, story=story))
    return found


def judge(word: str, known: list[Labelled], new: list[Labelled], background: list[MatchInput]) -> tuple[int, int, int, int, str] | None:
    """Useful and noisy new articles before and after the best recommended exclusion; None where there is none."""
    rule = Rule(name=word, any_=(word,))
    accepted = [p for p in suggest(rule, known, background).proposals if p.recommended and p.kind == "exclude"]
    if not accepted:
        return None
    book = rules.compile([patched(rule, accepted[0])])
    kept = [each for each in new if book.match(each.article)]
    useful = sum(each.useful for each in new)
    kept_useful = sum(each.useful for each in kept)
    return useful, kept_useful, len(new) - useful, len(kept) - kept_useful, accepted[0].clause


def main() -> None:
    root = Path(os.environ.get("WATCHER_CORPORA", ""))
    if not (root / "alert-natural").is_dir():
        sys.exit("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    items = sorted((i for i in lines(root / "alert-natural" / "items.jsonl.gz") if i["section"]), key=lambda item: item["published"])
    stream = (item for n, item in enumerate(lines(root / "stream-rss2023" / "2023-01.jsonl.gz")) if n % 30 == 0)
    background = [seen(item) for item in stream if item["lang"] == "en"]
    sets = {word: labelled(items, word) for word in WORDS}
    totals, seconds, runs = [0, 0, 0, 0], 0.0, 0
    for word, marks in sets.items():
        for share in SHARES:
            cut = int(len(marks) * share)
            started = time.perf_counter()
            result = judge(word, marks[:cut], marks[cut:], background)
            seconds, runs = seconds + time.perf_counter() - started, runs + 1
            if result is None:
                continue
            useful, kept_useful, noise, kept_noise, clause = result
            totals = [a + b for a, b in zip(totals, result[:4], strict=True)]
            print(
                f"{word:9} {share:.0%}  precision {useful / (useful + noise):.3f} -> {kept_useful / (kept_useful + kept_noise):.3f}"
                f"  useful lost {useful - kept_useful} of {useful}  noise {noise} -> {kept_noise}  {clause}"
            )
    useful, kept_useful, noise, kept_noise = totals
    print(
        f"all        precision {useful / (useful + noise):.3f} -> {kept_useful / (kept_useful + kept_noise):.3f}, useful lost "
        f"{useful - kept_useful} of {useful} ({(useful - kept_useful) / useful:.2%}), noise {noise} -> {kept_noise}; {seconds / runs:.1f} s a rule"
    )
    tried = recommended = 0
    for word, marks in sets.items():
        for seed in range(5):
            labels = [each.useful for each in marks]
            random.Random(seed).shuffle(labels)
            shuffled = [replace(each, useful=label, story=n) for n, (each, label) in enumerate(zip(marks, labels, strict=True))]
            advice = suggest(Rule(name=word, any_=(word,)), shuffled[:200], background)
            tried += not advice.missing.startswith("too few")
            recommended += any(proposal.recommended for proposal in advice.proposals)
    print(f"control    shuffled labels: {recommended} of {tried} runs recommend anything")


if __name__ == "__main__":
    main()
