"""Extraction on the page corpora, beside plain trafilatura.

Usage: WATCHER_CORPORA=… python bench/corpora_pages.py [--limit N]

Prints one markdown table. Segments (trafilatura's set): wanted ones found and unwanted ones absent, as precision, recall and F1.
4-grams (readability's set): mean F1 of word 4-grams against the expected text, and recall alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trafilatura
from lxml import html

from watcher.articles import choose
from watcher.articles.extract import extract
from watcher.errors import ExtractError
from watcher.model import Entry

Extractor = Callable[[bytes, str], tuple[str, str]]


def plain(body: bytes, url: str) -> tuple[str, str]:
    return trafilatura.extract(body, url=url, fast=True, include_comments=False) or "", ""


def ours(body: bytes, url: str) -> tuple[str, str]:
    try:
        page = extract(body, url=url)
    except ExtractError as error:
        return "", error.reason
    return page.text, page.quality


def gated(body: bytes, url: str) -> tuple[str, str]:
    """What the rules would see of the page of an entry of which the feed says nothing."""
    try:
        page = extract(body, url=url)
    except ExtractError as error:
        return "", error.reason
    return choose(Entry(identity=url, url=url), page).text, page.quality


def archive(root: Path, name: str) -> dict[str, bytes]:
    with tarfile.open(root / f"{name}.tar.gz") as packed:
        return {member.name.partition("/")[2]: packed.extractfile(member).read() for member in packed if member.isfile()}


def squeezed(text: str) -> str:
    return " ".join(text.split())


def segments(files: dict[str, bytes], extractor: Extractor) -> dict[str, float]:
    hits = misses = false = true_negative = empty = 0
    for record in map(json.loads, files["gold.jsonl"].decode().split("\n")[:-1]):
        text, _ = extractor(files["pages/" + record["file"]], record["url"])
        empty += not text
        text = squeezed(text)
        found = sum(squeezed(wanted) in text for wanted in record["with"])
        hits, misses = hits + found, misses + len(record["with"]) - found
        wrong = sum(squeezed(unwanted) in text for unwanted in record["without"])
        false, true_negative = false + wrong, true_negative + len(record["without"]) - wrong
    precision, recall = hits / (hits + false), hits / (hits + misses)
    return {"P": precision, "R": recall, "F1": 2 * precision * recall / (precision + recall), "empty": empty}


def grams(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return Counter(zip(*(words[n:] for n in range(4)), strict=False))


def fourgrams(files: dict[str, bytes], extractor: Extractor) -> dict[str, float]:
    scores, recalls, precisions, empty = [], [], [], 0
    for name in sorted(name for name in files if name.endswith("/source.html")):
        folder = name.rpartition("/")[0]
        expected = grams(" ".join(html.document_fromstring(files[folder + "/expected.html"].decode() or "<p/>").itertext()))
        text, _ = extractor(files[name], "http://fakehost/test/page.html")
        empty += not text
        got = grams(text)
        common = sum((expected & got).values())
        precision, recall = common / max(1, sum(got.values())), common / max(1, sum(expected.values()))
        recalls.append(recall)
        precisions.append(precision)
        scores.append(2 * precision * recall / max(1e-9, precision + recall))
    mean = len(scores)
    return {"P": sum(precisions) / mean, "R": sum(recalls) / mean, "F1": sum(scores) / mean, "empty": empty}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    root = os.environ.get("WATCHER_CORPORA")
    if not root or not (Path(root) / "article-readability.tar.gz").is_file():
        sys.exit("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    sets = {name: archive(Path(root), f"article-{name}") for name in ("trafilatura-eval", "readability")}
    print("| set | extractor | precision | recall | F1 | pages that gave nothing | ms a page | crashes |")
    print("|---|---|---|---|---|---|---|---|")
    for name, measure in (("trafilatura-eval", segments), ("readability", fourgrams)):
        pages = sum(file.endswith(".html") and "expected" not in file for file in sets[name])
        for extractor in (plain, ours, gated):
            begin = time.perf_counter()
            result = measure(sets[name], extractor)
            spent = (time.perf_counter() - begin) / pages * 1000
            label = {"plain": "trafilatura", "ours": "watcher, text", "gated": "watcher, with the gate"}[extractor.__name__]
            print(
                f"| {name} ({pages}) | {label} | {result['P']:.3f} | {result['R']:.3f} | **{result['F1']:.3f}** | {result['empty']:.0f} | {spent:.0f} | 0 |"
            )


if __name__ == "__main__":
    main()
