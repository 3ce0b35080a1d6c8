"""Delay from publication to detection against requests, on a month of real publication times.

    WATCHER_CORPORA=... python bench/schedule.py [--svg FILE] [--json]

Replays the `stream-rss2023` corpus: every archived item of 114 news feeds in January 2023. Each policy polls from the first of
the month, learning as it goes; judged are the items of 11 to 31 January. In the same run: watcher's schedule (the code that
the daemon uses), polling at a fixed interval, and the formulas that miniflux (`internal/model/feed.go`: a week divided by the
week's entries × factor, 5 min to 24 h) and mediacloud's rss-fetcher (`fetcher/tasks.py`: ten minutes longer or an hour shorter, by
the share of known items, 10 min to 24 h) have published. Each is drawn as a curve, by its own knob. The formulas alone
are compared: miniflux in fact waits for the tick of an hourly batch, and mediacloud's feed document is taken to hold 30 items.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from watcher.feeds import schedule
from watcher.model import Feed, FeedHints, FeedId, FeedState

START = datetime(2023, 1, 1, tzinfo=UTC).timestamp()
LEARNT = START + 10 * 86_400
END = START + 31 * 86_400
MINUTE, DAY = 60.0, 86_400.0
ITEMS_A_DOCUMENT = 30


class Poller(Protocol):
    """One feed's schedule."""

    def after(self, now: float, before: float, new: Sequence[float]) -> float:
        """Return the seconds to wait after a poll at ``now`` that brought ``new``; the poll before it was at ``before``."""
        ...


class Watcher:
    """The daemon's own schedule. The knob is `[fetch] interval`, with the other bounds at their defaults, 2 min and 6 h."""

    def __init__(self, interval: float, longest: float = 360 * MINUTE) -> None:
        self.policy = schedule.Policy(timedelta(seconds=interval), timedelta(minutes=2), timedelta(seconds=longest))
        self.feed = Feed(url="https://example.org/f")
        self.random = random.Random(1)
        began = datetime.fromtimestamp(START, UTC)
        self.state = FeedState(id=FeedId(1), url="", host="", epoch=0, due_at=None, fetch_url="", baseline_at=began, last_success_at=began)

    def after(self, now: float, before: float, new: Sequence[float]) -> float:
        at = datetime.fromtimestamp(now, UTC)
        state = replace(self.state, last_success_at=datetime.fromtimestamp(before, UTC))
        if new:
            published = [datetime.fromtimestamp(moment, UTC) for moment in new]
            self.state = state = replace(state, rhythm=schedule.learn(state, published, now=at))
        due, _ = schedule.after_success(state, self.feed, self.policy, hints=FeedHints(), now=at, jitter=self.random.random())
        return (due - at).total_seconds()


@dataclass
class Fixed:
    interval: float

    def after(self, now: float, before: float, new: Sequence[float]) -> float:  # noqa: ARG002  the clock alone counts
        return self.interval


class Miniflux:
    def __init__(self, factor: float) -> None:
        self.factor, self.week = factor, list[float]()

    def after(self, now: float, before: float, new: Sequence[float]) -> float:  # noqa: ARG002
        self.week = [moment for moment in (*self.week, *new) if moment > now - 7 * DAY]
        wait = 7 * DAY / (len(self.week) * self.factor) if self.week else DAY
        return min(max(wait, 5 * MINUTE), DAY)


class Mediacloud:
    def __init__(self, scale: float) -> None:
        self.scale, self.interval, self.polls, self.news_at = scale, 360 * MINUTE * scale, 0, START

    def after(self, now: float, before: float, new: Sequence[float]) -> float:  # noqa: ARG002
        self.polls += 1
        self.news_at = now if new else self.news_at
        known = 1.1 if not new else 1 - min(1.0, len(new) / ITEMS_A_DOCUMENT)
        if self.polls >= 2 and known >= 0.67:
            self.interval += (10 if now - self.news_at < 31 * DAY else 60) * MINUTE * self.scale
        elif self.polls >= 2 and known < 0.33:
            usual = 360 * MINUTE * self.scale
            self.interval = usual if self.interval > usual else self.interval - 60 * MINUTE * self.scale
        self.interval = min(max(self.interval, 10 * MINUTE * self.scale), 24 * 60 * MINUTE * self.scale)
        return self.interval


@dataclass(frozen=True)
class Result:
    """Requests a feed and day, and minutes from publication to detection."""

    requests: float
    mean: float
    median: float
    p95: float


def replay(feeds: Mapping[str, Sequence[float]], make: Callable[[], Poller]) -> Result:
    """Poll every feed through the month and judge the part after the learning."""
    requests, delays = 0, list[float]()
    for number, published in enumerate(feeds.values()):
        poller, at, before, seen = make(), START + number * 5.0, START, 0
        while at < END:
            until = bisect_right(published, at, seen)
            new = published[seen:until]
            if at >= LEARNT:
                requests += 1
                delays += [at - moment for moment in new if moment >= LEARNT]
            wait = poller.after(at, before, new)
            seen, before, at = until, at, at + wait
    delays.sort()
    share = [delays[int(len(delays) * part)] / MINUTE for part in (0.5, 0.95)]
    return Result(requests / len(feeds) / ((END - LEARNT) / DAY), sum(delays) / len(delays) / MINUTE, *share)


POLICIES: dict[str, tuple[str, dict[str, Callable[[], Poller]]]] = {
    "watcher": (
        "#0b6e4f",
        {f"interval {m:g} min": lambda m=m: Watcher(m * MINUTE) for m in (5, 10, 20, 40, 80)}  # type: ignore[misc]
        | {f"{m:g} min, max 24 h": lambda m=m: Watcher(m * MINUTE, DAY) for m in (160, 320)},  # type: ignore[misc]
    ),
    "fixed": ("#888888", {f"every {m:g} min": lambda m=m: Fixed(m * MINUTE) for m in (5, 10, 20, 30, 60)}),  # type: ignore[misc]
    "miniflux": ("#b5493a", {f"factor {f:g}": lambda f=f: Miniflux(f) for f in (0.5, 1, 2, 4, 8, 16)}),  # type: ignore[misc]
    "mediacloud": ("#3a6ab5", {f"× {s:g}": lambda s=s: Mediacloud(s) for s in (0.01, 0.03, 0.1, 0.3, 1)}),  # type: ignore[misc]
}


def corpus() -> dict[str, list[float]]:
    """Publication times of each feed, in order."""
    root = os.environ.get("WATCHER_CORPORA")
    path = Path(root or ".") / "stream-rss2023" / "2023-01.jsonl.gz"
    if not root or not path.is_file():
        sys.exit("the corpus was not found: set WATCHER_CORPORA to the folder that holds stream-rss2023")
    feeds: dict[str, list[float]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            feeds[item["feed"]].append(datetime.fromisoformat(item["published"]).timestamp())
    return {feed: sorted(moments) for feed, moments in sorted(feeds.items())}


def draw(found: Mapping[str, Mapping[str, Result]]) -> str:
    """Return the curves as SVG: requests across, mean delay upwards, both logarithmic."""
    from math import log10

    def place(result: Result) -> tuple[float, float]:
        return 60 + (log10(result.requests) - log10(2)) * 210, 330 - (log10(result.mean) - log10(1)) * 125

    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 390" font-family="sans-serif" font-size="12">',
        '<rect width="560" height="390" fill="#ffffff"/>',
        '<path d="M60 30V330H530" fill="none" stroke="#444444"/>',
    ]
    for requests in (3, 10, 30, 100, 300):
        x, _ = place(Result(requests, 1, 1, 1))
        lines.append(f'<text x="{x:.0f}" y="348" text-anchor="middle">{requests}</text><path d="M{x:.0f} 30V330" stroke="#eeeeee"/>')
    for minutes in (1, 3, 10, 30, 100):
        _, y = place(Result(2, minutes, 1, 1))
        lines.append(f'<text x="52" y="{y + 4:.0f}" text-anchor="end">{minutes}</text><path d="M60 {y:.0f}H530" stroke="#eeeeee"/>')
    lines.append('<text x="295" y="372" text-anchor="middle">requests a feed and day</text>')
    lines.append('<text x="60" y="20">mean minutes from publication to detection (lower and further left is better)</text>')
    for name, (colour, _) in POLICIES.items():
        places = [place(result) for result in found[name].values()]
        lines.append(f'<polyline fill="none" stroke="{colour}" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in places)}"/>')
        lines += [f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        lines.append(f'<text x="{x + 6:.0f}" y="{y - 6:.0f}" fill="{colour}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def main() -> None:
    """Replay every policy and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--svg", type=Path, help="draw the curves into this file")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    feeds = corpus()
    found = {name: {knob: replay(feeds, make) for knob, make in knobs.items()} for name, (_, knobs) in POLICIES.items()}
    if given.svg:
        given.svg.write_text(draw(found), encoding="utf-8")
    for name, results in found.items():
        for knob, result in results.items():
            if given.json:
                print(json.dumps({"policy": name, "knob": knob, **vars(result)}))
            else:
                values = f"{result.requests:7.1f} {result.mean:8.2f} {result.median:8.2f} {result.p95:8.2f}"
                print(f"{name:<11} {knob:<16} requests/day, delay mean, p50, p95 (min): {values}")


if __name__ == "__main__":
    main()
