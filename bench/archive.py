"""What looking back costs: the index for search, a search, a backtest.

It fills a database with articles as the reader leaves them (six in ten English, a quarter Ukrainian, the rest Japanese, of Zipf-distributed vocabularies),
lets `watcher search --reindex` make the index, and asks for the newest twenty. Beside it, in the same run and on the same texts, the two indexes that FTS5 makes
by itself: unicode61 and trigram, both contentless and without positions as ours is. `found` says whether an index finds the articles that a rule matches.
Then a backtest of ten rules, with the index to narrow it and without.

    python bench/archive.py --articles 100000
    python bench/archive.py --articles 1000000 --words 60 --no-peers
    python bench/archive.py --articles 100000 --postgres
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from watcher import rules
from watcher.cli import lookback
from watcher.model import Rule
from watcher.rules import clues
from watcher.store import Store, fulltext
from watcher.store.columns import digest
from watcher.store.schema import articles, entries, feeds, stories

SCRIPTS = {
    "en": ("bcdfghjklmnprstvwz", "aeiou", " "),
    "uk": ("бвгджзклмнпрстфхцчш", "аеиіоуя", " "),
    "ja": ("日本国首相大臣政府軍事防空攻撃都市東西南北中部新聞報道発表会議協力支援", "はがのをにでと", ""),
}
QUERIES = {
    "a common word": "{en20}",
    "a rare word": "{en9000}",
    "two words near each other": "{en60} NEAR/10 {en80}",
    "two words of Ukrainian": "{uk30} AND {uk400}",
    "the beginning of a word": "{uk2000}*",
    "two letters of Japanese": "{ja15}",
    "four letters of Japanese": "{ja15}{ja16}",
    "nobody has it": "zzyzx",
}


def vocabulary(language: str, rng: random.Random) -> list[str]:
    consonants, vowels, glue = SCRIPTS[language]
    if not glue:
        return ["".join(rng.choices(consonants, k=2)) + (rng.choice(vowels) if rng.random() < 0.4 else "") for _ in range(20_000)]
    words: dict[str, None] = {}
    while len(words) < 60_000:
        words["".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(rng.randint(1, 4)))] = None
    return list(words)


def texts(count: int, length: int, rng: np.random.Generator, vocabularies: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Language and text of each article."""
    for language in rng.choice(["en", "uk", "ja"], p=[0.6, 0.25, 0.15], size=count):
        words = vocabularies[language]
        ranks = np.minimum(rng.zipf(1.15, size=length) + (rng.random(length) * 10).astype(np.int64), len(words)) - 1
        glue = SCRIPTS[language][2]
        yield str(language), "\n".join(glue.join(words[rank] for rank in ranks[at : at + 40]) + "." for at in range(0, length, 40))


def fill(store: Store, count: int, length: int, vocabularies: dict[str, list[str]]) -> int:
    """Articles a minute apart; returns the characters of all texts."""
    rng = np.random.default_rng(1)
    now = datetime.now(UTC).replace(microsecond=0)
    total = 0

    def feed(conn: object) -> None:
        conn.execute(feeds.insert(), {"id": 1, "url": "u", "url_key": b"u", "host": "h", "name": "Feed", "fetch_url": "u", "known_spans": b"", "interval": timedelta(0), "added_at": now})  # fmt: skip

    store.write_now(feed)
    some: list[tuple[dict, dict]] = []

    def flush() -> None:
        rows, some[:] = list(some), []
        store.write_now(
            lambda conn: (
                conn.execute(entries.insert(), [e for e, _ in rows]),
                conn.execute(stories.insert(), [{"id": a["seq"], "created_at": now, "last_at": now} for _, a in rows]),
                conn.execute(articles.insert(), [a for _, a in rows]),
            )
        )

    for seq, (language, text) in enumerate(texts(count, length, rng, vocabularies), 1):
        total += len(text)
        at = now - timedelta(minutes=count - seq) * (60 * 24 * 80 / max(count, 60 * 24 * 80))
        entry = {"id": seq, "feed_id": 1, "identity": f"e{seq}", "identity_key": digest(f"e{seq}"), "first_seen_at": at, "status": "done"}
        article = {"entry_id": seq, "seq": seq, "story_id": seq, "url": f"https://example.org/news/{seq}", "host": "example.org", "title": text[:60].split("\n")[0], "text": text, "language": language, "source": "feed", "quality": "ok", "sketch": b"", "tags": [], "entities": [], "basis": "new", "added_at": at}  # fmt: skip
        some.append((entry, article))
        if len(some) >= 2000:
            flush()
    if some:
        flush()
    return total


def command(config: Path, *words: str) -> tuple[float, str, str]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "watcher.cli.main", "-c", str(config), *words], capture_output=True, text=True, check=False
    )
    return time.perf_counter() - began, done.stdout, done.stderr


def peer(path: Path, tokenizer: str, store: Store) -> tuple[sqlite3.Connection, float]:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"CREATE VIRTUAL TABLE w USING fts5(words, content='', detail=none, columnsize=0, tokenize='{tokenizer}')")
    began = time.perf_counter()
    for page in lookback.oldest_first(store, low=1, high=10**9):
        db.executemany("INSERT INTO w (rowid, words) VALUES (?, ?)", [(row.seq, f"{row.title} {row.text} {row.url}") for row in page])
    db.commit()
    return db, time.perf_counter() - began


def newest(store: Store, index: fulltext.FullText | None, book: rules.Rulebook, high: int) -> tuple[list[int], int]:
    """The newest twenty, and how many articles were looked at."""
    wanted = book.clues("q")
    found: list[int] = []
    looked = 0
    for page in lookback.newest_first(store, index, wanted if index else (), low=1, high=high):
        for row in page:
            looked += 1
            if book.match(lookback.article_of(row, {})):
                found.append(row.seq)
                if len(found) == 20:
                    return found, looked
    return found, looked


def searches(store: Store, count: int, words: dict[str, list[str]], peers: dict[str, sqlite3.Connection]) -> None:
    index = fulltext.open_index(store, version=clues.VERSION, create=False)
    names = {f"{language}{rank}": words[language][rank] for language in words for rank in (15, 16, 20, 30, 60, 80, 400, 2000, 9000)}
    print(
        f"{'newest 20':28} {'ours ms':>8} {'looked at':>9} {'found':>6} {'scan ms':>9}  "
        + "  ".join(f"{name + ' ms':>13} {'found':>6}" for name in peers)
    )
    for label, pattern in QUERIES.items():
        query = pattern.format(**names)
        book = rules.compile([Rule(name="q", query=query)])
        best = min(_timed(partial(newest, store, index, book, count)) for _ in range(3))
        found, looked = newest(store, index, book, count)
        scanned = _timed(partial(newest, store, None, book, count)) if count <= 20_000 or len(found) == 20 else float("nan")
        cells = []
        for db in peers.values():
            ask = " ".join(
                f'"{word.rstrip("*")}"' + ("*" if word.endswith("*") else "")
                for word in query.replace("NEAR/10", "AND").split()
                if word != "AND"
            )
            try:
                took = min(_timed(partial(_newest_of, db, ask)) for _ in range(3))
                hits = {seq for (seq,) in db.execute("SELECT rowid FROM w WHERE w MATCH ?", (ask,))}
                cells.append(f"{took * 1000:13.1f} {len(hits & set(found)):>3}/{len(found)}")
            except sqlite3.OperationalError as error:
                cells.append(f"{str(error)[:20]:>20}")
        print(f"{label:28} {best * 1000:8.1f} {looked:9,} {len(found):6} {scanned * 1000:9.0f}  " + "  ".join(cells))
    if index is not None:
        index.close()


def _newest_of(db: sqlite3.Connection, ask: str) -> list[tuple[int]]:
    return db.execute("SELECT rowid FROM w WHERE w MATCH ? ORDER BY rowid DESC LIMIT 20", (ask,)).fetchall()


def _timed(work: object) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def backtests(config: Path, words: dict[str, list[str]], count: int) -> None:
    rare = [word for word in words["en"][5000:] if len(word) >= 6]
    common = [word for word in words["en"][300:] if len(word) >= 6]
    narrow = "".join(f'[[rules]]\nname = "r{n}"\nquery = "{rare[n]} AND {common[n]}"\n' for n in range(10))
    wide = "".join(f'[[rules]]\nname = "r{n}"\nquery = "({rare[n]} AND {common[n]}) OR /{rare[99 + n]}/"\n' for n in range(10))
    for label, text in (("words: the index narrows", narrow), ("expressions too: all are read", wide)):
        path = config.with_name("tried.toml")
        path.write_text(text)
        took, out, err = command(config, "backtest", str(path), "--since", "90d", "--json")
        if not out:
            raise SystemExit(err)
        found = json.loads(out)
        print(f"backtest of ten rules, {label:30} {took:6.1f} s, {count / took:9,.0f} articles/s, {found['matches']['added']:,} matches")


@contextlib.contextmanager
def database(folder: Path, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield f"sqlite:///{folder}/watcher.db"
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests import postgres as servers

    with servers.server(fsync=True) as server:
        yield server.create("archive")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--words", type=int, default=400, help="of one article")
    options.add_argument("--postgres", action="store_true")
    options.add_argument("--no-peers", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as name, database(Path(name), postgres=given.postgres) as url:
        folder, count = Path(name), given.articles
        config = folder / "watcher.toml"
        config.write_text(f'[watcher]\ndatabase = "{url}"\ninclude = []\n')
        rng = random.Random(2)
        words = {language: vocabulary(language, rng) for language in SCRIPTS}
        with Store.open(url) as store:
            characters = fill(store, count, given.words, words)
            print(
                f"{count:,} articles of {characters // count:,} characters, {os.cpu_count()} cores, {'PostgreSQL' if given.postgres else 'SQLite ' + sqlite3.sqlite_version}"
            )
            took, out, err = command(config, "search", "--reindex", "--json")
            if err:
                raise SystemExit(err)
            with contextlib.closing(fulltext.open_index(store, version=clues.VERSION, create=False)) as index:
                size = index.size()
            print(f"index: {took:.1f} s, {count / took:,.0f} articles/s, {size / count:,.0f} bytes an article")
            peers = {}
            if not given.no_peers:
                for tokenizer in ("unicode61", "trigram"):
                    path = folder / f"{tokenizer}.db"
                    peers[tokenizer], seconds = peer(path, tokenizer, store)
                    bytes_ = sum(p.stat().st_size for p in folder.glob(f"{tokenizer}.db*"))
                    print(
                        f"  FTS5 {tokenizer}: {seconds:.1f} s, {bytes_ / count:,.0f} bytes an article ({size / bytes_:.2f} × of it is ours)"
                    )
            searches(store, count, words, peers)
        took, out, _ = command(config, "search", words["ja"][15], "--json")
        print(f"the whole command, two letters of Japanese: {took * 1000:.0f} ms, {len(out.splitlines())} found")
        backtests(config, words, count)


if __name__ == "__main__":
    main()
