"""What matching costs, beside the bare automaton, `re`, flashtext and spaCy's PhraseMatcher.

For 10², 10³, 10⁴ and 10⁵ terms (ten to a rule) it compiles the rules, then matches articles of about 5 kB and times, on the same texts in the same run,
in turns, and takes of each the fastest round:

- bare: the automaton library's own scan for the same literals, on texts already folded;
- match: `Rulebook.match`, from the article to the matches with their evidence and sentences;
- re: one compiled alternation of the same literals with \\b around it (up to 10³ terms: beyond that it takes minutes);
- flashtext: `KeywordProcessor.extract_keywords` with spans; spaCy: a blank English tokenizer and `PhraseMatcher(attr="LOWER")`. Both only find the terms:
  no prefixes, no rules.

Texts and terms come from the evaluation corpora where WATCHER_CORPORA points to them (Reuters-21578, split by story: terms from one part, texts from
the other), else they are made of a Zipf-distributed vocabulary. Terms: half single words that are not among the commonest, half phrases of two and
three words; one in ten with a final *. Each rule: (five terms) AND (four terms) NOT one.

    pip install -e '.[bench]' && WATCHER_CORPORA=… python bench/match.py
"""

from __future__ import annotations

import argparse
import contextlib
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


def in_turns(works: dict[str, tuple[Callable[[Any], object], Sequence[object]]], rounds: int) -> dict[str, float]:
    """Microseconds of CPU a text of each kind of work, the best round of several in turns: what else the machine does hits all of them."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, (work, texts) in works.items():
            start = time.process_time()
            for text in texts:
                work(text)
            best[name] = min(best[name], (time.process_time() - start) / len(texts) * 1e6)
    return best


def flashtext_of(terms: list[str]) -> Callable[[str], object]:
    from flashtext import KeywordProcessor

    processor = KeywordProcessor()
    processor.add_keywords_from_list(terms)
    return partial(processor.extract_keywords, span_info=True)


def spacy_of(terms: list[str]) -> Callable[[str], object]:
    import spacy
    from spacy.matcher import PhraseMatcher

    tokenize = spacy.blank("en")
    matcher = PhraseMatcher(tokenize.vocab, attr="LOWER")
    matcher.add("terms", [tokenize.make_doc(term) for term in terms])
    return lambda text: matcher(tokenize.make_doc(text))


def peers_of(terms: list[str]) -> dict[str, Callable[[str], object]]:
    """The peers that are installed."""
    found: dict[str, Callable[[str], object]] = {}
    for name, make in (("flashtext", flashtext_of), ("spacy", spacy_of)):
        with contextlib.suppress(ImportError):
            found[name] = make(terms)
    if len(terms) <= 1_000:
        found["re"] = re.compile(r"\b(?:" + "|".join(map(re.escape, terms)) + r")\b", re.IGNORECASE).findall
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--articles", type=int, default=200, help="how many articles to match (default: 200)")
    parser.add_argument("--size", type=int, default=5_000, help="characters of an article (default: 5000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000], metavar="TERMS", help="numbers of terms")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of bare and match (default: 7)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out re, flashtext and spaCy")
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
    print(
        f"{'terms':>7} {'rules':>6} {'compile s':>9} {'+MB':>5} {'hits':>6} {'matches':>7} {'bare µs':>8} {'match µs':>9} {'ratio':>6} "
        f"{'re':>8} {'flashtext':>9} {'spacy':>8}"
    )
    every = terms_of(stories[:half], max(options.sizes), rng)
    rng.shuffle(every)
    for size in options.sizes:
        terms = every[:size]
        made = rulebook_of(terms, rng)
        before, start = memory(), time.process_time()
        book = rules.compile(made)
        compiling, grown = time.process_time() - start, memory() - before
        find = partial(ahocorasick_rs.AhoCorasick(terms, store_patterns=False).find_matches_as_indexes, overlapping=True)
        hits = sum(len(find(text)) for text in folded) / len(folded)
        inputs = [MatchInput(text=text) for text in texts]
        matches = sum(len(book.match(article)) for article in inputs) / len(texts)
        cost = in_turns({"bare": (find, folded), "match": (book.match, inputs)}, options.rounds)
        peers = {name: (work, texts[: options.articles // 10]) for name, work in peers_of(terms).items()} if options.peers else {}
        cost.update(in_turns(peers, 2))
        shown = [f"{cost[name]:.0f}" if name in cost else "-" for name in ("re", "flashtext", "spacy")]
        print(
            f"{size:>7} {len(made):>6} {compiling:>9.2f} {grown:>5.0f} {hits:>6.0f} {matches:>7.2f} "
            f"{cost['bare']:>8.0f} {cost['match']:>9.0f} {cost['match'] / cost['bare']:>6.2f} {shown[0]:>8} {shown[1]:>9} {shown[2]:>8}",
            flush=True,
        )


def memory() -> float:
    """Megabytes that the process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
