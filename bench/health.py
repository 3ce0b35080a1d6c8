"""How soon a source that dies in silence is noticed, and how often a living one is accused, on a month of real publication times.

    WATCHER_CORPORA=... python bench/health.py [--json]

Replays the `stream-rss2023` corpus (114 feeds, January 2023) with watcher's own schedule, rhythm and rule for silences. False
alarms: a silence of 11 to 31 January that was called improbable and ended. On 25 January between 06:00 and 14:00 UTC half of the feeds
have a hole at once, so the collection itself stood still: alarms of that morning are counted apart (the daemon tells such a number in one
notice). Deaths: every feed with ten items or more is cut off at two random moments between 12 and 18 January.
"""

from __future__ import annotations

import argparse
import json
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from schedule import DAY, END, LEARNT, MINUTE, START, Watcher, corpus

from watcher.feeds import health, rhythm

HOUR = 3600.0
HOLE = (START + 24.2 * DAY, START + 24.6 * DAY)
CLASSES = (("20 a day and more", 620), ("3 to 20 a day", 93), ("fewer than 3 a day", 10))


def life(published: Sequence[float]) -> Iterator[tuple[float, rhythm.Rhythm]]:
    """Poll one feed to the end of the month; at every hour, what was known then."""
    poller, at, before, seen, look = Watcher(10 * MINUTE), START, START, 0, START
    known = rhythm.begin(START)
    while at < END:
        until = bisect_right(published, at, seen)
        wait = poller.after(at, before, published[seen:until])
        known = rhythm.unpack(poller.state.rhythm, START)
        while look < at + wait:
            if look >= at:
                yield look, known
            look += HOUR
        seen, before, at = until, at, at + wait


def improbable(known: rhythm.Rhythm, now: float) -> bool:
    return health.silence(known, until=datetime.fromtimestamp(now, UTC)).improbable


def false_alarms(feeds: dict[str, list[float]]) -> tuple[int, int, int]:
    """Return the alarms of the hole, all others that ended, and those that had not ended with the month."""
    hole = others = lasting = 0
    for published in feeds.values():
        told: float | None = None
        for now, known in life(published):
            if told is not None and known.news_at != told:
                in_hole = told < HOLE[1] and known.news_at > HOLE[0]
                hole, others, told = hole + in_hole, others + (not in_hole), None
            if now >= LEARNT and told is None and improbable(known, now):
                told = known.news_at
        lasting += told is not None
    return hole, others, lasting


def deaths(feeds: dict[str, list[float]]) -> dict[str, list[float | None]]:
    """Return by class the hours from a death to its alarm, None where the month ended first."""
    chance, found = random.Random(1), defaultdict(list)
    for published in feeds.values():
        kind = next((name for name, least in CLASSES if len(published) >= least), None)
        for _ in range(2):
            died = START + DAY * (11 + 6 * chance.random())
            before = [moment for moment in published if moment < died]
            if kind is not None and len(before) >= 5:
                alarm = next((now for now, known in life(before) if now > died and improbable(known, now)), None)
                found[kind].append((alarm - died) / HOUR if alarm is not None else None)
    return found


def main() -> None:
    """Print both."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", action="store_true")
    as_json = arguments.parse_args().json
    feeds = corpus()
    years = sum(len(published) >= 10 for published in feeds.values()) * (END - LEARNT) / (365 * DAY)
    hole, others, lasting = false_alarms(feeds)
    told = {
        "feed_years": round(years, 2),
        "in_the_hole": hole,
        "others": others,
        "others_a_feed_year": round(others / years, 2),
        "lasting": lasting,
    }
    print(json.dumps(told) if as_json else f"false alarms: {told}")
    for kind, hours in deaths(feeds).items():
        noticed = sorted(each for each in hours if each is not None)
        row = {"class": kind, "deaths": len(hours), "noticed": len(noticed)}
        row |= {f"p{part}_hours": round(noticed[len(noticed) * part // 100], 1) for part in (50, 90)}
        print(json.dumps(row) if as_json else row)


if __name__ == "__main__":
    main()
