"""Stories: near-duplicates, speed, and clustering of real news.

Usage: WATCHER_CORPORA=… python bench/stories.py [copies] [speed] [ecb] [pairs] [silver] [stream] [curve]

copies  perturbed copies of real articles in seven languages, each put to an index that holds all the originals
speed   look-ups a second and memory, from 1,000 to 100,000 stored articles
ecb     clusters of ECB+ against its events: B-cubed F, ARI and AUC, online and without the future, beside TF-IDF online and all at once
pairs   tgcontest: the same event or another one
silver  same headline on two sites within 72 h, with the summaries that the feeds gave
stream  a month of feed items replayed in order: what was merged, and on what basis
curve   what one more article costs, in time and memory, after 1,000 to 1,000,000 others (some minutes)
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sys
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log, sqrt
from pathlib import Path

import numpy as np

from watcher.model import MatchInput
from watcher.stories import Candidate, Index
from watcher.stories.cluster import cluster
from watcher.stories.events import Events
from watcher.stories.profile import profile
from watcher.stories.sketch import VERSION, sketch
from watcher.text.html import to_text

START = datetime(2024, 3, 10, tzinfo=UTC)
ROOT = Path(os.environ.get("WATCHER_CORPORA", "/nonexistent"))


def records(name: str) -> Iterator[dict]:
    path = ROOT / name
    text = gzip.decompress(path.read_bytes()).decode() if name.endswith(".gz") else path.read_text(encoding="utf-8")
    yield from map(json.loads, filter(None, text.split("\n")))


def candidate(number: int, title: str, text: str, *, host: str = "a.example", minutes: float = 0) -> Candidate:
    return Candidate(article_id=number, sketch=sketch(title, text), title=title, at=START + timedelta(minutes=minutes), host=host)


# --- copies ---------------------------------------------------------------------------------------------------------


def originals() -> list[tuple[str, str, str]]:
    """(language, title, text) of full articles: Reuters 1987, Slavic news, tgcontest, without those that are copies already."""
    found = [("en", r["title"], r["body"]) for r in records("topic-reuters21578/stories.jsonl.gz") if len(r["body"]) > 900]
    found = found[::2][:3000]
    found += [(r["lang"], "", r["text"]) for r in records("ent-bsnlp2021/docs.jsonl.gz") if len(r["text"]) > 900]
    found += [(r["lang"], r["title"], r["text"]) for r in records("dup-tgcontest/topics.jsonl.gz") if len(r["text"]) > 900]
    seen: Index = Index()
    unique = []
    for language, title, text in found:
        new = candidate(len(unique), title, text)
        if seen.decide(new).story_id is None:
            seen.add(new.of_story(len(unique)))
            unique.append((language, title, text))
    return unique


def sentences(text: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.!?。])\s+", " ".join(text.split())) if s]


def perturbed(text: str, other: str, dice: random.Random) -> dict[str, str]:
    parts, theirs, words, foreign = sentences(text), sentences(other), text.split(), other.split()
    cut = dice.randrange(len(words) // 2 + 1)
    edited = set(dice.sample(range(len(parts)), round(0.3 * len(parts))))
    return {
        "headline changed": text,
        "10 % of words": " ".join(dice.choice(foreign) if dice.random() < 0.1 else word for word in words),
        "30 % of sentences": " ".join(dice.choice(theirs) if n in edited else part for n, part in enumerate(parts)),
        "cut to half": " ".join(words[cut : cut + len(words) // 2]),
        "first half": " ".join(words[: len(words) // 2]),
        "embedded": " ".join([*foreign[: len(words)], *words, *foreign[len(words) : 2 * len(words)]]),
    }


def unrelated(texts: list[str], dice: random.Random) -> dict[str, str]:
    a, b, c = dice.sample(texts, 3)
    boilerplate = "Sign up for our morning letter with the news of the day from all over the world and follow us wherever you are. " * 2
    words, quoted = a.split(), b.split()
    return {
        "same boilerplate": f"{' '.join(sorted(words, key=lambda _: dice.random()))} {boilerplate}",
        "20 % quoted": " ".join(sorted(words, key=lambda _: dice.random())) + " " + " ".join(quoted[: min(len(words), len(quoted)) // 5]),
        "same words": " ".join(sorted(c.split(), key=lambda _: dice.random())),
    }


def copies() -> None:
    dice = random.Random(7)
    unique = originals()
    base, strangers = unique[200:], [text for _, _, text in unique[:200]]  # strangers are in no index
    index = Index()
    for number, (_, title, text) in enumerate(base):
        index.add(candidate(number, title, text).of_story(number))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    sample = dice.sample(range(len(base)), 1500)
    for number in sample:
        other = " ".join(dice.sample(strangers, 3))
        for kind, text in perturbed(base[number][2], other, dice).items():
            verdict = index.decide(candidate(10**6, "Something else altogether stands here today", text, host="b.example"))
            found[kind]["right" if verdict.copy_of == number else "missed" if verdict.copy_of is None else "wrong"] += 1
    for _ in range(1500):
        for kind, text in unrelated([text for _, _, text in base], dice).items():
            verdict = index.decide(candidate(10**6, "Something else altogether stands here today", text, host="b.example"))
            found[kind]["missed" if verdict.copy_of is None else "wrong"] += 1
    print(f"\n{len(base)} originals in {len({language for language, _, _ in base})} languages, 1,500 put to the test\n")
    print("| text | recall | wrong article |\n|---|---|---|")
    for kind, counts in found.items():
        total = counts.total()
        print(f"| {kind} | {counts['right'] / total:.3f} | {counts['wrong'] / total:.4f} |")


# --- speed ----------------------------------------------------------------------------------------------------------


def made_up(dice: np.random.Generator, shared: list[np.ndarray]) -> bytes:
    """A sketch of 50 hashes at one in eight, as of an article of 400 words; one in twenty is a copy."""
    if shared and dice.random() < 0.05:
        hashes = shared[dice.integers(len(shared))]
    else:
        hashes = np.unique(dice.integers(0, 2**61, 50, dtype=np.uint64))
        shared.append(hashes)
    sizes = 16, 64, 4  # names as skewed as they are in news, phrases that hardly anybody else has, figures
    about = [dice.zipf(1.3, 16) % 200_000, dice.integers(10**6, 10**9, 64), 10**9 + dice.integers(0, 1000, 4)]
    keys = [np.unique(each.astype("<u4") + 1) for each in about]
    weights = dice.integers(16, 128, sum(map(len, keys))).astype("u1")
    packed = bytes(len(each) for each in keys) + b"".join(each.tobytes() for each in keys) + weights.tobytes()
    assert all(len(each) <= size for each, size in zip(keys, sizes, strict=True))
    header = np.array([VERSION << 56 | 3 << 48 | 400, len(packed)], np.uint64)
    return np.concatenate([header, hashes]).astype("<u8").tobytes() + packed + bytes(-len(packed) % 8)


def speed() -> None:
    print("\n| stored | adds/s | look-ups/s | MB | longest add, ms |\n|---|---|---|---|---|")
    for size in (1_000, 10_000, 100_000):
        dice = np.random.default_rng(1)
        shared: list[np.ndarray] = []
        blobs = [made_up(dice, shared) for _ in range(size + 2000)]
        made = [
            Candidate(
                article_id=n, story_id=n, sketch=blob, at=START + timedelta(seconds=n), title=f"A telling headline of number {n}", host=f"h{n % 300}.example",
                canonical_url=f"https://h{n % 300}.example/{n}",
            )
            for n, blob in enumerate(blobs)
        ]  # fmt: skip
        index = Index()
        longest, begin = 0.0, time.perf_counter()
        for each in made[:size]:
            one = time.perf_counter()
            index.add(each)
            longest = max(longest, time.perf_counter() - one)
        adding = time.perf_counter() - begin
        begin = time.perf_counter()
        for each in made[size:]:
            index.decide(each)
        looking = time.perf_counter() - begin
        memory = "–"
        if size == 100_000:
            tracemalloc.start()
            again = Index()
            for each in made[:20_000]:
                again.add(each)
            memory = f"{tracemalloc.get_traced_memory()[0] / 20_000 * size / 1e6:.0f}"
            tracemalloc.stop()
        print(f"| {size:,} | {size / adding:,.0f} | {2000 / looking:,.0f} | {memory} | {longest * 1000:.0f} |")


def resident() -> float:
    """Megabytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def curve() -> None:
    """An index that is fed for 11 days; CPU times, so that other work on the machine counts little."""
    print("\n| articles so far | held | look-up, ms of CPU | add, ms of CPU | MB |\n|---|---|---|---|---|")
    dice, shared, number = np.random.default_rng(1), [], 0
    index, begin = Index(), resident()

    def more(count: int) -> list[Candidate]:
        nonlocal number
        made = []
        for _ in range(count):
            number += 1
            host, at = f"h{number % 300}.example", START + timedelta(seconds=number)
            title, url, blob = f"A telling headline of number {number}", f"https://{host}/{number}", made_up(dice, shared)
            made.append(Candidate(article_id=number, story_id=number, sketch=blob, at=at, title=title, host=host, canonical_url=url))
        del shared[:-1000]  # a copy follows its original within the hour
        return made

    for size in (1_000, 10_000, 100_000, 300_000, 1_000_000):
        spent, last = 0.0, number
        while number < size:
            made = more(1000)
            one = time.process_time()
            for each in made:
                index.add(each)
            spent += time.process_time() - one
        fed, made, held = number - last, more(500), len(index)
        one = time.process_time()
        for each in made:
            index.decide(each)
        looking = time.process_time() - one
        print(f"| {size:,} | {held:,} | {looking * 2:.2f} | {spent / fed * 1000:.2f} | {resident() - begin:,.0f} |", flush=True)


# --- clusters -------------------------------------------------------------------------------------------------------


def b_cubed(gold: dict[str, str], found: dict[str, str]) -> float:
    together: Counter[tuple[str, str]] = Counter((gold[i], found[i]) for i in gold)
    golds, founds = Counter(gold.values()), Counter(found[i] for i in gold)
    precision = sum(n * n / founds[f] for (_, f), n in together.items()) / len(gold)
    recall = sum(n * n / golds[g] for (g, _), n in together.items()) / len(gold)
    return 2 * precision * recall / (precision + recall)


def adjusted_rand(gold: dict[str, str], found: dict[str, str]) -> float:
    def pairs(counts: Counter) -> float:
        return sum(n * (n - 1) / 2 for n in counts.values())

    both = pairs(Counter((gold[i], found[i]) for i in gold))
    one, two = pairs(Counter(gold.values())), pairs(Counter(found[i] for i in gold))
    expected = one * two / (len(gold) * (len(gold) - 1) / 2)
    return (both - expected) / max(1e-9, (one + two) / 2 - expected)


def tf_idf(texts: dict[str, str], threshold: float) -> dict[str, str]:
    """Single pass in the given order, joining the story of the nearest earlier text; document frequencies known beforehand."""
    words = {i: Counter(re.findall(r"[^\W\d_]{3,}", text.lower())) for i, text in texts.items()}
    df = Counter(word for counts in words.values() for word in counts)
    vectors = {}
    for i, counts in words.items():
        vector = {word: (1 + log(n)) * log(len(texts) / df[word]) for word, n in counts.items()}
        norm = sqrt(sum(x * x for x in vector.values())) or 1.0
        vectors[i] = {word: x / norm for word, x in vector.items()}
    stories: dict[str, str] = {}
    for i, vector in vectors.items():
        best = max(stories, key=lambda j: sum(x * vectors[j].get(word, 0.0) for word, x in vector.items()), default=None)
        near = best is not None and sum(x * vectors[best].get(word, 0.0) for word, x in vector.items()) >= threshold
        stories[i] = stories[best] if near else i
    return stories


def tf_idf_matrix(texts: list[str]) -> np.ndarray:
    """Cosines of TF-IDF vectors over words and pairs of words: the usual baseline."""
    terms = []
    for text in texts:
        words = re.findall(r"[^\W_]{2,}", text.lower())
        terms.append(Counter(words) + Counter(f"{x} {y}" for x, y in pairwise(words)))
    df = Counter(term for counts in terms for term in counts)
    kept = {term: n for n, term in enumerate(sorted(term for term, n in df.items() if n > 1))}
    matrix = np.zeros((len(texts), len(kept)), np.float32)
    for row, counts in enumerate(terms):
        for term, n in counts.items():
            if term in kept:
                matrix[row, kept[term]] = (1 + log(n)) * log(len(texts) / df[term])
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix @ matrix.T


def average_link(near: np.ndarray, threshold: float) -> list[int]:
    """All texts at once, the two nearest clusters first, by the mean of their pairs: a baseline that knows the future."""
    sums, sizes, labels = near.astype(float).copy(), np.ones(len(near)), np.arange(len(near))
    np.fill_diagonal(sums, -np.inf)
    while True:
        means = sums / np.outer(sizes, sizes)
        x, y = np.unravel_index(means.argmax(), means.shape)
        if means[x, y] < threshold:
            return labels.tolist()
        sums[x] += sums[y]
        sums[:, x] = sums[x]
        sums[x, x] = -np.inf
        sums[y], sums[:, y] = -np.inf, -np.inf
        sizes[x] += sizes[y]
        labels[labels == y] = x


def chances(docs: list[dict]) -> np.ndarray:
    """For each pair of texts the chance that they tell of one event."""
    found, about = Events(), [profile("", d["text"]) for d in docs]
    for n, each in enumerate(about):
        found.add(n, n, 0.0, 0, each)
    rows = np.arange(len(docs))
    out = []
    for each in about:
        ours = found._adjusted(each.keys[None], each.weights[None], np.zeros(1, np.uint32))[0]  # noqa: SLF001  judged from inside
        out.append(found._chances(found._parts(each, ours, rows), rows, 0.0))  # noqa: SLF001
    return np.array(out)


def auc(near: np.ndarray, same: np.ndarray, pairs: np.ndarray) -> float:
    right, wrong = near[same & pairs], np.sort(near[~same & pairs])
    below = (wrong.searchsorted(right, "left") + wrong.searchsorted(right, "right")) / 2
    return float(below.sum() / (len(right) * len(wrong)))


def ecb() -> None:
    docs = list(records("dup-ecbplus/docs.jsonl.gz"))
    halves = {"topics 1-20": [d for d in docs if int(d["topic"]) <= 20], "topics 21-35": [d for d in docs if int(d["topic"]) > 20]}
    tuned: dict[str, float] = {}
    for half, (name, part) in enumerate(halves.items()):
        gold = {d["id"]: d["event"] for d in part}
        ids = list(gold)
        near = tf_idf_matrix([d["text"] for d in part])
        rows: dict[str, list[dict[str, str]]] = {}
        orders = [random.Random(seed).sample(part, len(part)) for seed in range(5)]
        rows["watcher, online"] = [
            {p.id: p.story for p in cluster((d["id"], MatchInput(text=d["text"], url=d["url"] or "")) for d in order)} for order in orders
        ]

        def batch(threshold: float, near: np.ndarray = near, ids: list[str] = ids) -> dict[str, str]:
            return dict(zip(ids, map(str, average_link(near, threshold)), strict=True))

        def single(threshold: float, orders: list[list[dict]] = orders) -> list[dict[str, str]]:
            return [tf_idf({d["id"]: d["text"] for d in order}, threshold) for order in orders[:1]]

        if not half:
            tuned["batch"] = max((b_cubed(gold, batch(t)), t) for t in (0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12, 0.15))[1]
            tuned["single"] = max((b_cubed(gold, single(t)[0]), t) for t in (0.15, 0.2, 0.25, 0.3))[1]
        rows["TF-IDF, online, nearest text"] = single(tuned["single"])
        rows["TF-IDF, 1-2-grams, average link, all at once"] = [batch(tuned["batch"])]
        print(f"\nECB+ {name}: {len(part)} texts, {len(set(gold.values()))} events; thresholds tuned on topics 1-20\n")
        print("| method | B³ F | ARI | stories |\n|---|---|---|---|")
        for method, runs in rows.items():
            scores = [(b_cubed(gold, found), adjusted_rand(gold, found), len(set(found.values()))) for found in runs]
            print("| {} | {:.3f} | {:.3f} | {:.0f} |".format(method, *np.mean(scores, axis=0)))
        events, topics = np.array([d["event"] for d in part]), np.array([d["topic"] for d in part])
        same, topic = events[:, None] == events, topics[:, None] == topics
        other = ~np.eye(len(part), dtype=bool)
        for method, scores in (("watcher", chances(part)), ("TF-IDF", near)):
            print(f"{method}: AUC of pairs {auc(scores, same, other):.4f}, of pairs within a topic {auc(scores, same, other & topic):.4f}")


def pairs() -> None:
    """tgcontest: the same event or not, two articles at a time."""
    found: dict[str, Counter] = defaultdict(Counter)
    for pair in records("dup-tgcontest/pairs.jsonl"):
        placed = list(
            cluster((side, MatchInput(title=pair[side]["title"], text=pair[side]["text"], url=pair[side]["url"])) for side in ("a", "b"))
        )
        found[pair["lang"]][pair["label"], placed[1].story == "a"] += 1
    for lang, counts in found.items():
        right = counts["same", True] + counts["different", False]
        print(
            f"tgcontest {lang}: {right} of {counts.total()} right; wrong merges {counts['different', True]}, missed {counts['same', False]}"
        )


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def silver() -> None:
    summaries = {r["id"]: r["summary"] for r in records("stream-rss2023/2023-01.jsonl.gz")}
    groups = [g for g in records("dup-rss2023-silver/groups.jsonl.gz") if all(i["id"] in summaries for i in g["items"])]
    items = sorted(((i, n) for n, g in enumerate(groups) for i in g["items"]), key=lambda pair: pair[0]["published"])
    gold = {i["id"]: str(n) for i, n in items}
    articles = (
        (i["id"], MatchInput(title=i["title"], text=summaries[i["id"]], url=i["link"], published_at=when(i["published"]))) for i, _ in items
    )
    placed = list(cluster(articles))
    found = {p.id: p.story for p in placed}
    whole = sum(len({found[i["id"]] for i in g["items"]}) == 1 for g in groups)
    print(
        f"\nSILVER: {len(groups)} groups, {len(items)} items: whole groups {whole / len(groups):.3f}, B³ F {b_cubed(gold, found):.3f}, bases {dict(Counter(p.basis for p in placed))}"
    )


def stream() -> None:
    rows = sorted(records("stream-rss2023/2023-01.jsonl.gz"), key=lambda r: r["published"])
    begin = time.perf_counter()
    placed = list(
        cluster(
            (r["id"], MatchInput(title=r["title"], text=to_text(r["summary"]), url=r["link"], published_at=when(r["published"])))
            for r in rows
        )
    )
    spent = time.perf_counter() - begin
    print(
        f"\n{len(rows):,} items in {spent:.0f} s ({len(rows) / spent:,.0f}/s): {dict(Counter(p.basis for p in placed))}, {len({p.story for p in placed}):,} stories"
    )
    if "-v" in sys.argv:
        titles = {r["id"]: (r["title"], r["summary"][:160], r["link"][:60]) for r in rows}
        dice = random.Random(5)
        for basis in ("text", "title", "url"):
            merged = [p for p in placed if p.basis == basis and (basis == "title" or titles[p.id][0] != titles[p.duplicate_of][0])]
            print("\n", basis, len(merged))
            for p in dice.sample(merged, min(40, len(merged))):
                print(f"{p.similarity:.2f} {titles[p.id]}\n     {titles[p.duplicate_of or p.story]}")


def main() -> None:
    if not (ROOT / "dup-ecbplus").is_dir():
        sys.exit("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    parts = {f.__name__: f for f in (copies, speed, ecb, pairs, silver, stream, curve)}
    for name in [a for a in sys.argv[1:] if a in parts] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
