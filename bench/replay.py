"""A month of real feed items through the daemon's own decisions, as fast as they go: what does a reader get, and what is kept back?

Each item of ``stream-rss2023`` (114 feeds, January 2023) is matched against the starter rules of ``config/`` and settled as the daemon settles it
(``daemon.verdicts.settle`` on a SQLite file): story, decision, alert, deliveries. The clock is each item's time of publication. Beside it stands the
same month without stories, where each article that a rule matches is told.

    WATCHER_CORPORA=… python bench/replay.py [--items N] [--sample FILE] [--keep FILE]

``--sample`` writes 100 alerts and 60 decisions not to tell, with the report that each was put to, for reading; what it holds belongs to the publishers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from sqlalchemy import insert

from watcher import config
from watcher.daemon import seen, verdicts
from watcher.daemon.mirror import Mirror
from watcher.model import Article, ChannelPolicy, Decision, Entry, Feed, Match
from watcher.rules import Rulebook
from watcher.store import Store, feeds, schema
from watcher.store.columns import digest
from watcher.store.entries import ClaimedEntry
from watcher.stories import credit
from watcher.stories.canonical import canonical_url
from watcher.stories.canonical import host_of as source_of
from watcher.stories.sketch import sketch
from watcher.text.html import to_text

CONFIG = Path(__file__).parent.parent / "config"
AT_ONCE = 100  # items in a transaction
ALERTS, KEPT_BACK = 100, 60  # in a sample


@dataclass
class Seen:
    """What became of the month. ``told``: for each rule and story, when its articles matched, and when it was told first."""

    reasons: Counter[str] = field(default_factory=Counter)
    matched: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    updates: Counter[str] = field(default_factory=Counter)
    matching: dict[tuple[str, int], list[datetime]] = field(default_factory=lambda: defaultdict(list))
    told: dict[tuple[str, int], datetime] = field(default_factory=dict)
    cases: list[tuple[int, Match, Decision, verdicts.Verdicts]] = field(default_factory=list)

    def take(self, number: int, at: datetime, matches: tuple[Match, ...], settled: verdicts.Verdicts) -> None:
        for match, decision in zip(matches, settled.decisions, strict=True):
            rule, key = match.rule, (match.rule, int(settled.story.id))
            self.matched[rule] += 1
            self.reasons[decision.reason.value] += 1
            self.matching[key].append(at)
            if decision.reason.tells:
                (self.updates if decision.update else self.alerts)[rule] += 1
                self.told.setdefault(key, at)
            self.cases.append((number, match, decision, settled))


def items(most: int) -> list[dict]:
    path = Path(os.environ.get("WATCHER_CORPORA", "/nonexistent")) / "stream-rss2023" / "2023-01.jsonl.gz"
    if not path.is_file():
        sys.exit("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().split("\n") if line]
    return sorted(rows, key=lambda row: row["published"])[:most]


def parts(rows: list[dict], size: int) -> Iterator[list[tuple[int, dict]]]:
    """The items with their numbers from 1, some at a time."""
    numbered = list(enumerate(rows, 1))
    for begin in range(0, len(numbered), size):
        yield numbered[begin : begin + size]


def filled(store: Store, rows: list[dict]) -> dict[str, int]:
    """The feeds and their entries, all claimed; return the feeds' ids."""
    begin = datetime.fromisoformat(rows[0]["published"])
    urls = sorted({row["feed"] for row in rows})
    seeds = [
        feeds.FeedSeed(url=url, host=source_of(url), name=source_of(url), interval=timedelta(minutes=10), due_at=begin) for url in urls
    ]
    store.write_now(lambda conn: feeds.sync(conn, seeds, now=begin))
    ids = store.read_now(lambda conn: {row.url: row.id for row in conn.execute(schema.feeds.select())})
    for part in parts(rows, 5000):
        made = [
            {
                "id": number, "feed_id": ids[row["feed"]], "identity": row["id"], "identity_key": digest(row["id"]), "status": "new",
                "first_seen_at": datetime.fromisoformat(row["published"]), "claimed_at": begin, "due_at": begin, "epoch": 1,
            }
            for number, row in part
        ]  # fmt: skip
        store.write_now(lambda conn, made=made: conn.execute(insert(schema.entries), made) and None)
    return ids


def reading(number: int, row: dict, feed_id: int, book: Rulebook) -> verdicts.Reading:
    """What the daemon's reader makes of an item whose page is not fetched."""
    at, url = datetime.fromisoformat(row["published"]), row["link"]
    feed, text = Feed(url=row["feed"], name=source_of(row["feed"])), to_text(row["summary"])
    article = Article(title=row["title"], text=text, url=url, site=source_of(url), language=row["lang"], published_at=at)
    matches = book.match(seen.match_input(article, feed, feed.name))
    entities = tuple(dict.fromkeys(e.entity for match in matches for e in match.evidence if e.entity))
    entry = Entry(identity=row["id"], title=row["title"], url=url, published_at=at)
    return verdicts.Reading(
        claimed=ClaimedEntry(
            id=number, epoch=1, feed_id=feed_id, feed_url=feed.url, feed_title=feed.name, entry=entry, first_seen_at=at, attempts=0, looks=0,
            backfill=False,
        ),
        feed=feed,
        feed_name=feed.name,
        article=article,
        matches=matches,
        sketch=sketch(row["title"], text, year=at.year, entities=entities),
        canonical_url=canonical_url(url, None),
        source=source_of(url),
        entities=entities,
        origin=credit.origin(text, source_of(url)),
    )  # fmt: skip


def replay(store: Store, rows: list[dict]) -> Seen:
    rules, entities, _ = config.load_rules([CONFIG / "rules.d", CONFIG / "entities.d"])
    book = config.load_rulebook([CONFIG / "rules.d", CONFIG / "entities.d"])
    deciders = SimpleNamespace(
        rules={rule.name: replace(rule, channels=None) for rule in rules}, entities={entity.id: entity for entity in entities},
        policies={"desk": ChannelPolicy(name="desk", type="email")}, routes=(),
    )  # fmt: skip
    ids, mirror, found = filled(store, rows), Mirror(store), Seen()
    begin = time.perf_counter()
    for part in parts(rows, AT_ONCE):
        read = [reading(number, row, ids[row["feed"]], book) for number, row in part]

        def settle(conn: object, read: list[verdicts.Reading] = read) -> list[verdicts.Verdicts | None]:
            return [verdicts.settle(conn, each, deciders, mirror, now=each.claimed.first_seen_at) for each in read]

        for each, settled in zip(read, store.write_now(settle), strict=True):
            assert settled is not None
            found.take(each.claimed.id, each.claimed.first_seen_at, each.matches, settled)
    spent = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(rows):,} items in {spent:.0f} s ({len(rows) / spent:,.0f}/s), at most {memory:,.0f} MB\n")
    return found


def report(found: Seen) -> None:
    print("| rule | articles that match (alerts without stories) | stories | first alerts | updates |\n|---|---|---|---|---|")
    stories = Counter(rule for rule, _ in found.matching)
    for rule, matched in sorted(found.matched.items(), key=lambda pair: -pair[1]):
        print(f"| {rule} | {matched} | {stories[rule]} | {found.alerts[rule]} | {found.updates[rule]} |")
    totals = (found.matched.total(), stories.total(), found.alerts.total(), found.updates.total())
    print("| **all** | {} | {} | {} | {} |".format(*totals))
    print(f"\ndecisions: {dict(found.reasons.most_common())}")
    untold = [key for key in found.matching if key not in found.told]
    late = [(found.told[key] - times[0]).total_seconds() for key, times in found.matching.items() if key in found.told]
    print(f"stories of a rule: {len(found.matching)}, never told {len(untold)}")
    print(f"first alert after the first match: median {median(late or [0]):.0f} s, most {max(late, default=0):.0f} s")
    sizes = Counter(min(len(times), 10) for times in found.matching.values())
    print(f"articles that match, by story: {dict(sorted(sizes.items()))} (10 = ten or more)")


def shown(row: dict) -> str:
    return f"{row['published'][5:16]} {source_of(row['link'])} | {row['title']} | {to_text(row['summary'])[:260]}".replace("\n", " ")


def write_sample(path: Path, found: Seen, rows: list[dict]) -> None:
    """Alerts and decisions not to tell, each with the article that it was put to."""
    dice = random.Random(5)
    told = [case for case in found.cases if case[2].reason.tells]
    kept = [case for case in found.cases if case[2].reason.value == "already_told"]
    lines = []
    for kind, cases, most in (("TOLD", told, ALERTS), ("KEPT BACK", kept, KEPT_BACK)):
        for n, (number, match, decision, settled) in enumerate(dice.sample(cases, min(most, len(cases))), 1):
            story, what = settled.story, f"{decision.reason.value}{' UPDATE' if decision.update else ''}"
            lines.append(f"--- {kind} {n} {match.rule} {what} story {story.id} {story.basis} {story.similarity:.2f}")
            lines.append(shown(rows[number - 1]))
            if story.near:
                lines.append(f"  near {shown(rows[story.near - 1])}")
            if decision.update:
                lines.append(f"  {decision.detail}")
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay a month of feed items through the daemon's decisions.")
    parser.add_argument("--items", type=int, default=10**9, help="only the first so many")
    parser.add_argument("--keep", type=Path, help="keep the SQLite file here, to look at it with `watcher stories`, `watcher why`")
    parser.add_argument("--sample", type=Path, help="where to write a sample for reading")
    options = parser.parse_args()
    rows = items(options.items)
    for row in rows:
        row["published"] = datetime.fromisoformat(row["published"]).astimezone(UTC).isoformat()
    with (
        tempfile.TemporaryDirectory(prefix="watcher-replay-") as folder,
        Store.open(f"sqlite:///{options.keep or f'{folder}/replay.db'}") as store,
    ):
        found = replay(store, rows)
    report(found)
    if options.sample:
        write_sample(options.sample, found, rows)


if __name__ == "__main__":
    main()
