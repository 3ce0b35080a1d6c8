"""The etiquette meter: publishers whose servers keep a log, and what that log says of a client's manners.

What a client owes a server (RELIABILITY 2.5, T10): one unconditional request a feed while validators hold, validators byte for byte and
only to the URL that gave them, polls no closer than the interval, nothing while ``Retry-After`` runs, starts on one host apart, no cookie,
referrer or added parameter, a name with a contact. The judge sees nothing but the log, and what the servers themselves meant.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from tests.etiquette.simulation import START, Answer, Asked, Simulation, Site, loop, now
from watcher import __version__

HOUR, DAY = 3600.0, 86_400.0
FEEDS_PER_HOST = 20
SHORTEST, FIXED, LONGEST = 0.5 * HOUR, 1.0 * HOUR, 6.0 * HOUR
SPACING = 0.1
ACCEPT = b"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1"
EXPECTED = {b"host", b"accept", b"accept-encoding", b"user-agent", b"if-none-match", b"if-modified-since"}


@dataclass(slots=True)
class Publication:
    """One feed: when it publishes, how it marks its versions, where it has moved to. ``fixed``: with an interval of its own."""

    number: int
    host: str
    path: str
    published: list[float]
    validators: str
    fixed: bool
    moved_at: float | None = None
    ill: tuple[float, float, int] | None = None

    def version(self, at: float) -> int:
        return bisect_right(self.published, at)

    def marks(self, at: float, path: str) -> list[tuple[str, str]]:
        """The validators of the version of that moment, as odd as servers send them."""
        version = self.version(at)
        etags = (f'W/"{path}:{version}"', f"{path} {version};x,y", f'"{version}-é"')
        dates = (format_datetime(START + timedelta(seconds=version), usegmt=True), f"Mon, 2 Mar 2026 00:{version % 60:02}:00 +0000")
        etag, date = etags[self.number % 3], dates[self.number % 2]
        found = {"both": [("ETag", etag), ("Last-Modified", date)], "etag": [("ETag", etag)], "date": [("Last-Modified", date)], "none": []}
        return found[self.validators]

    def body(self, at: float) -> bytes:
        version = self.version(at)
        items = "".join(
            f"<item><guid isPermaLink='false'>{self.path}-{n}</guid><title>News {n} of {self.number}</title><description>Text {n}</description></item>"
            for n in range(version, max(0, version - 10), -1)
        )
        return f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed {self.number}</title>{items}</channel></rss>".encode()


@dataclass(slots=True)
class Told:
    """A server that asked for a pause: nobody may come to ``host`` between the two moments. ``path``: of whom it was asked."""

    host: str
    at: float
    until: float


@dataclass(slots=True)
class Press:
    """Publishers of ``feeds`` feeds over ``days`` days; ``answer`` is what their servers say."""

    feeds: int
    days: float
    seed: int = 1
    publications: dict[tuple[str, str], Publication] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    windows: list[tuple[str, float, float, int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        end = self.days * DAY
        for number in range(self.feeds):
            host, path = f"127.0.1.{1 + number // FEEDS_PER_HOST}", f"/feed/{number}.xml?x=a%2Cb"
            mean, moments, at = draw.choice([6, 12, 24]) * HOUR, [-1.0], 0.0
            while (at := at + draw.expovariate(1 / mean)) < end:
                moments.append(at)
            self.publications[host, path] = Publication(
                number, host, path, moments,
                validators=("both", "both", "etag", "date", "none")[number % 5],
                fixed=number % 2 == 0,
                moved_at=end / 3 if number % 11 == 7 else None,
                ill=(end / 4, end / 4 + 8 * HOUR, draw.choice([404, 500, 410 + 90])) if number % 13 == 5 else None,
            )  # fmt: skip
        for n, host in enumerate(sorted({host for host, _ in self.publications})):
            start = draw.uniform(0.2, 0.8) * end
            self.windows.append((host, start, start + 3 * HOUR, (429, 503, 403)[n % 3], ("seconds", "date")[n % 2]))

    def tables(self, site: Site) -> list[str]:
        return [
            f'[[feeds]]\nurl = "{site.url(each.host, each.path)}"\nfull_text = "never"\n' + ('interval = "1h"\n' if each.fixed else "")
            for each in self.publications.values()
        ]

    @property
    def hosts(self) -> list[str]:
        return sorted({host for host, _ in self.publications})

    def answer(self, host: str, path: str, request: web.BaseRequest) -> Answer:
        at, cookie = loop().time(), ("Set-Cookie", "visitor=1; Path=/")
        for where, start, end, status, form in self.windows:
            if host == where and start <= at < end:
                wait = max(2.0, end - at)
                said = str(int(wait)) if form == "seconds" else format_datetime(now() + timedelta(seconds=int(wait)), usegmt=True)
                self.told.append(Told(host, at, at + min(max(int(wait), SHORTEST), LONGEST)))
                return Answer(status, headers=[("Retry-After", said), cookie])
        feed = self.publications[host, path.removeprefix("/new")]
        if feed.ill is not None and feed.ill[0] <= at < feed.ill[1]:
            return Answer(feed.ill[2], headers=[cookie])
        if feed.moved_at is not None and at >= feed.moved_at and not path.startswith("/new"):
            return Answer(301, headers=[("Location", "/new" + path), cookie])
        marks = feed.marks(at, path)
        headers = [*marks, cookie, ("Content-Type", "application/rss+xml")]
        sent = dict(marks)
        given = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if marks and given == (sent.get("ETag"), sent.get("Last-Modified")):
            return Answer(304, headers=headers)
        return Answer(200, feed.body(at), headers)


async def live(
    press: Press, folder: Path, *, stops: Sequence[float] = (), away: float = 600.0, simulation: type[Simulation] = Simulation
) -> Site:
    """Let a daemon follow the press for all its days, stopped at each of ``stops`` (days) and started again after ``away`` seconds."""
    site = Site(press.answer)
    async with site.serve(press.hosts):
        world = simulation(folder)
        world.configure('interval = "1h"\nmin_interval = "30m"\nmax_interval = "6h"', press.tables(site))
        for until in [*(stop * DAY for stop in stops), press.days * DAY]:
            await world.run(until - loop().time())
            await asyncio.sleep(away)
    return site


Judge = Callable[[Sequence[Asked], Press], Iterable[str]]


def judge(log: Sequence[Asked], press: Press) -> list[str]:
    """Every lapse in the log, in words."""
    return [lapse for rule in RULES for lapse in rule(log, press)]


def _by_place(log: Sequence[Asked]) -> dict[tuple[str, str], list[Asked]]:
    found: defaultdict[tuple[str, str], list[Asked]] = defaultdict(list)
    for asked in log:
        found[asked.host, asked.path].append(asked)
    return found


def validators(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """Each request carries what this very URL sent last, byte for byte; only the first carries nothing."""
    for place, requests in _by_place(log).items():
        held: dict[str, bytes | None] = {"ETag": None, "Last-Modified": None}
        for asked in requests:
            for name, header in (("ETag", b"if-none-match"), ("Last-Modified", b"if-modified-since")):
                if asked.header(header) != held[name]:
                    yield f"{place} at {asked.at:.0f}: {header.decode()} was {asked.header(header)!r}, held was {held[name]!r}"
            if asked.status == 200:
                sent = dict(asked.sent)
                held = {name: sent[name].encode() if name in sent else None for name in held}
            elif asked.status == 301:  # its validators may be forgotten: those of the new place count
                held = dict.fromkeys(held)


def spacing(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """No feed is asked for again before its interval is over, less one per cent; over restarts too."""
    for (host, path), requests in _by_place(log).items():
        feed = press.publications.get((host, path.removeprefix("/new")))
        least = 0.99 * (FIXED if feed and feed.fixed else SHORTEST)
        for before, asked in itertools.pairwise(requests):
            if asked.at - before.at < least:
                yield f"{host}{path} at {asked.at:.0f}: {asked.at - before.at:.0f} s after the last request"


def hosts(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """Requests to one host start apart; what follows a redirect belongs to the request that it answers."""
    last: dict[str, float] = {}
    for asked in log:
        if not asked.path.startswith("/new") and asked.at - last.get(asked.host, -SPACING) < 0.99 * SPACING:
            yield f"{asked.host} at {asked.at:.3f}: {asked.at - last[asked.host]:.3f} s after the last start"
        last[asked.host] = asked.at


def pauses(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """Nobody comes while a pause that the server asked for is running."""
    by_host: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in log:
        by_host[asked.host].append(asked)
    for told in press.told:
        for asked in by_host[told.host]:
            if told.at < asked.at < told.until - 1:
                yield f"{asked.host}{asked.path} at {asked.at:.0f}: a pause until {told.until:.0f} was asked for at {told.at:.0f}"


def headers(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """Nothing is sent that was not asked for, and the client says who it is."""
    agent = f"watcher/{__version__} (+mailto:desk@example.org)".encode()
    for asked in log:
        sent = {name.lower(): value for name, value in asked.headers}
        if (sent[b"user-agent"], sent[b"accept"], sent[b"accept-encoding"]) != (agent, ACCEPT, b"gzip"):
            yield f"{asked.path}: {sent}"
        if sent.keys() - EXPECTED or (asked.host, asked.path.removeprefix("/new")) not in press.publications:
            yield f"{asked.path} at {asked.at:.0f}: {sorted(sent.keys() - EXPECTED)}"


def economy(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """What has not changed is answered 304 in at least 99 of 100 cases."""
    same = whole = 0
    for (host, path), requests in _by_place(log).items():
        feed = press.publications.get((host, path.removeprefix("/new")))
        if feed is None or feed.validators == "none":
            continue
        seen = None
        for asked in requests:
            if asked.status in (200, 304):
                version = feed.version(asked.at)
                if seen == version:
                    same, whole = same + 1, whole + (asked.status == 200)
                seen = version
    if not same or whole > same / 100:
        yield f"{whole} of {same} unchanged documents were sent again"


def constancy(log: Sequence[Asked], press: Press) -> Iterable[str]:
    """No feed is forgotten: failures and pauses put it off by four longest intervals at most, a stop of ours by one more."""
    last = dict.fromkeys(press.publications, 0.0)
    end = [replace(log[0], at=press.days * DAY, host=host, path=path) for host, path in press.publications]
    for asked in [*log, *end]:
        place = asked.host, asked.path.removeprefix("/new")
        if asked.at - last.get(place, asked.at) > 5 * LONGEST:
            yield f"{place} was left alone from {last[place]:.0f} to {asked.at:.0f}"
        last[place] = asked.at


RULES: tuple[Judge, ...] = (validators, spacing, hosts, pauses, headers, economy, constancy)
