"""What matching costs, beside the bare automaton and beside `re`.

For 10², 10³, 10⁴ and 10⁵ terms (ten to a rule) it compiles the rules, then matches articles of about 5 kB and times, on the same texts in the same run:

- bare: the automaton library's own scan for the same literals, on texts already folded;
- match: `Rulebook.match`, from the article to the matches with their evidence and sentences;
- re: one compiled alternation of the same literals with \\b around it (up to 10³ terms: beyond that it takes minutes).

Texts and terms come from the evaluation corpora where WATCHER_CORPORA points to them (Reuters-21578, split by story: terms from one part, texts from
the other), else they are made of a Zipf-distributed vocabulary. Terms: half single words that are not among the commonest, half phrases of two and
three words; one in ten with a final *. Each rule: (five terms) AND (four terms) NOT one.

    python bench/match.py --articles 200
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ahocorasick_rs

from watcher import rules
from watcher.model import MatchInput, Rule
from watcher.text.clean import clean
from watcher.text.fold import fold

WORD = re.compile(r"[A-Za-z]{2,}")


def reuters(root: Path) -> list[str]:
    with gzip.open(root / "topic-reuters21578" / "stories.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [f"{story['title']}\n{story['body']}" for story in map(json.loads, lines)]


def synthetic(rng: random.Random, count: int) -> list[str]:
    syllables = [
        "ka",
        "ro",
        "mi",
        "tel",
        "an",
        "dro",
        "vex",
        "lu",
        "shi",
        "pra",
        "ton",
        "ber",
        "ing",
        "ost",
        "ur",
        "gen",
        "fal",
        "qui",
        "ze",
        "dam",
    ]
    words = sorted({"".join(rng.choices(syllables, k=rng.randint(1, 5))) for _ in range(80_000)}, key=len)
    weights = [1 / (rank + 10) for rank in range(len(words))]
    return [". ".join(" ".join(rng.choices(words, weights, k=15)).capitalize() for _ in range(10)) for _ in range(count)]


def articles_of(stories: list[str], count: int, size: int) -> list[str]:
    """Join stories until they are long enough."""
    found, parts, length = [], [], 0
    for story in stories:
        parts.append(story)
        length += len(story)
        if length >= size:
            found.append(clean("\n".join(parts))[: size + 500])  # as every text is when it comes in
            parts, length = [], 0
            if len(found) == count:
                break
    return found


def terms_of(stories: list[str], count: int, rng: random.Random) -> list[str]:
    frequency: Counter[str] = Counter()
    for story in stories:
        frequency.update({word.lower() for word in WORD.findall(story)})
    common = {word for word, _ in frequency.most_common(300)}
    found: dict[str, None] = {}
    while len(found) < count:
        words = WORD.findall(rng.choice(stories))
        length = rng.choices((1, 2, 3), (5, 3, 2))[0]
        if len(words) <= length:
            continue
        start = rng.randrange(len(words) - length)
        chosen = [word.lower() for word in words[start : start + length]]
        if all(word in common for word in chosen):
            continue
        if length == 1 and len(found) > len(frequency) * 0.5:  # the words are used up: names that do not exist stand for the long tail
            chosen = [chosen[0] + rng.choice(("ov", "burg", "shi", "enko", "ton", "ex")) + rng.choice("abcdefgh")]
        found[" ".join(chosen)] = None
    return list(found)


def rulebook_of(terms: list[str], rng: random.Random) -> list[Rule]:
    made = []
    for i in range(0, len(terms) - 9, 10):
        quoted = [f'"{term}{"*" if rng.random() < 0.1 else ""}"' for term in terms[i : i + 10]]
        made.append(Rule(name=f"rule {i}", query=f"({' OR '.join(quoted[:5])}) AND ({' OR '.join(quoted[5:9])}) NOT {quoted[9]}"))
    return made


def timed(work: Callable[[Any], object], texts: Sequence[object]) -> float:
    """Microseconds of CPU a text, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return best / len(texts) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--articles", type=int, default=200, help="how many articles to match (default: 200)")
    parser.add_argument("--size", type=int, default=5_000, help="characters of an article (default: 5000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000], metavar="TERMS", help="numbers of terms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    root = os.environ.get("WATCHER_CORPORA")
    stories = reuters(Path(root)) if root else synthetic(rng, 4_000)
    half = len(stories) // 2
    texts = articles_of(stories[half:], options.articles, options.size)
    folded = [fold(text).text for text in texts]
    print(
        f"{len(texts)} articles of {sum(map(len, texts)) // len(texts)} characters, {'Reuters-21578' if root else 'synthetic'}, seed {options.seed}"
    )
    print(f"fold: {timed(lambda text: fold(text).text, texts):.0f} µs an article")
    print(
        f"{'terms':>7} {'rules':>6} {'compile s':>9} {'RSS MB':>7} {'hits':>6} {'matches':>7} {'bare µs':>8} {'match µs':>9} {'ratio':>6} {'re µs':>10}"
    )
    every = terms_of(stories[:half], max(options.sizes), rng)
    rng.shuffle(every)
    for size in options.sizes:
        terms = every[:size]
        made = rulebook_of(terms, rng)
        start = time.process_time()
        book = rules.compile(made)
        compiling = time.process_time() - start
        find = partial(ahocorasick_rs.AhoCorasick(terms, store_patterns=False).find_matches_as_indexes, overlapping=True)
        hits = sum(len(find(text)) for text in folded) / len(folded)
        bare = timed(find, folded)
        inputs = [MatchInput(text=text) for text in texts]
        matches = sum(len(book.match(article)) for article in inputs) / len(texts)
        match = timed(book.match, inputs)
        alternation = ""
        if size <= 1_000:
            pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, terms)) + r")\b", re.IGNORECASE)
            alternation = f"{timed(pattern.findall, texts[:10]):.0f}"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{size:>7} {len(made):>6} {compiling:>9.2f} {memory:>7.0f} {hits:>6.0f} {matches:>7.2f} "
            f"{bare:>8.0f} {match:>9.0f} {match / bare:>6.2f} {alternation:>10}"
        )


if __name__ == "__main__":
    main()
