"""A feed's own publishing rhythm: what is learnt from its news, in 103 bytes a feed. Pure.

Learnt are the times of news, not how polls went: a poll that brought nothing teaches nothing and writes nothing. News is counted
in *slots* of ten minutes, so that a batch of forty is one piece of news; by hour of the day and by day of the week, both UTC and
each forgotten with a time constant of two weeks, so that a summer time or a new desk is learnt within days.

The rate at a moment is the feed's mean rate × what its hour has more than others × what its day has more than others, both drawn
towards 1 while little is known, and a part of what came in the last hour, since news comes in bursts.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

HOUR, DAY = 3600.0, 86_400.0
SLOT = 600.0  # seconds; what appears within it is one piece of news
MEMORY = 14 * DAY  # time constant of forgetting
REFERENCE = 1 / HOUR  # the rate at which a feed is polled at the configured interval; what is assumed of one that is not known yet
ASSUMED = 6 * HOUR  # weight of that assumption, in observed time
SLOWEST = 1 / (30 * DAY)  # no feed is thought to publish more rarely
BURST = HOUR  # time constant of what came lately
BURST_SHARE = 0.25
HOUR_PRIOR, DAY_PRIOR = 1.0, 6.0  # pieces of news that speak for "all hours alike", "all days alike"
LATEST_DELAY = 2 * DAY  # an older entry that appears was not late, it was put in later
_VERSION = 1
_MOST = 60_000.0  # what a half float holds
_FORMAT = struct.Struct("<B3I6f31e")  # half floats hold the counts: at most six slots an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """What is known of one feed's publishing. Times are seconds since 1970.

    ``since``: when observation began. ``learnt_at``: what the counts are decayed to. ``news_at``: the last piece of news.
    ``items``: entries; ``hours``, ``days`` (Monday first): pieces of news; ``recent``: entries of the last hour; all decayed.
    ``gaps``, ``spread``, ``longest``: number of silences between news, their mean square, and the longest, in pieces of news that
    were to be expected meanwhile (see ``feeds.health``). ``delay``: mean seconds from publication to detection, -1 when unknown.
    """

    since: float
    learnt_at: float
    news_at: float
    items: float = 0.0
    recent: float = 0.0
    gaps: float = 0.0
    spread: float = 0.0
    longest: float = 0.0
    delay: float = -1.0
    hours: tuple[float, ...] = (0.0,) * 24
    days: tuple[float, ...] = (0.0,) * 7

    @property
    def news(self) -> float:
        """Pieces of news, decayed."""
        return sum(self.days)

    def observed(self, now: float) -> float:
        """Return the seconds of observation that the counts stand for."""
        return MEMORY * (1 - math.exp(-max(0.0, now - self.since) / MEMORY))

    def news_rate(self, now: float) -> float:
        """Return the mean pieces of news a second."""
        return self.news * _faded(now - self.learnt_at, MEMORY) / max(self.observed(now), DAY)

    def expected(self, start: float, end: float) -> float:
        """Return how many pieces of news were to be expected between two moments. The cost does not grow with their distance."""
        mean = self.news_rate(start)
        total, at = 0.0, start
        if end - start > 2 * DAY:  # the hours of a day make 24, the days of a week 7: whole ones need no hours
            first, last = (start // DAY + 1) * DAY, end // DAY * DAY
            weeks, days = divmod(int((last - first) // DAY), 7)
            total = DAY * (7 * weeks + sum(self._day(first + day * DAY) for day in range(days)))
            total += self._hourly(last, end)
            end = first
        return mean * (total + self._hourly(at, end))

    def _hourly(self, at: float, end: float) -> float:
        total = 0.0
        while at < end:
            until = min(end, (at // HOUR + 1) * HOUR)
            total += self._shape(at) * (until - at)
            at = until
        return total

    def wait(self, now: float, interval: float, longest: float) -> float:
        """Return the seconds from ``now`` to the next poll that spend requests best.

        A poll costs the same whenever it is made, and what it saves grows with the rate of entries λ: of all ways to spend a number of
        requests, the least delay follows from polling with a density ∝ √λ. So the next poll comes when ∫ √λ has grown by as much as it grows
        in ``interval`` at the reference rate: for all feeds and hours alike.
        """
        price = interval * math.sqrt(REFERENCE)
        seen = self.items * _faded(now - self.learnt_at, MEMORY)
        mean = (seen + REFERENCE * ASSUMED) / (self.observed(now) + ASSUMED)
        burst = self.recent * _faded(now - self.learnt_at, BURST) / BURST
        at, end = now, now + longest
        while at < end:
            until = (at // HOUR + 1) * HOUR
            rate = (1 - BURST_SHARE) * mean * self._shape(at) + BURST_SHARE * burst * _faded(at - now, BURST)
            pace = math.sqrt(max(rate, SLOWEST))
            if pace * (until - at) >= price:
                return min(at + price / pace, end) - now
            price -= pace * (until - at)
            at = until
        return longest

    def _shape(self, at: float) -> float:
        """Return how the rate at a moment compares with the feed's mean."""
        news, hours, hour = self.news, self.hours, int(at // HOUR) % 24
        around = 0.5 * hours[hour] + 0.25 * (hours[hour - 1] + hours[(hour + 1) % 24])
        by_hour = (around + HOUR_PRIOR) / (news / 24 + HOUR_PRIOR)
        return by_hour * self._day(at)

    def _day(self, at: float) -> float:
        return (self.days[_weekday(at)] + DAY_PRIOR) / (self.news / 7 + DAY_PRIOR)

    def learn(self, published: Iterable[float | None], *, after: float, now: float) -> Rhythm:
        """Return the rhythm with a poll's new entries taken in.

        :param published: when each says it was published. What is not between the last poll and this one is not believed (a wrong
            time zone, a date without a time) and counts as published now.
        :param after: when the feed was last polled.
        """
        said = list(published)
        if not said:
            return self
        moments = [moment if moment is not None and after < moment <= now else now for moment in said]
        late = [now - moment for moment in said if moment is not None and 0 <= now - moment <= LATEST_DELAY]
        kept, passed = _faded(now - self.learnt_at, MEMORY), _faded(now - self.learnt_at, BURST)
        hours, days = [count * kept for count in self.hours], [count * kept for count in self.days]
        slots = sorted({math.floor(moment / SLOT) for moment in moments} - {math.floor(self.news_at / SLOT)})
        for slot in slots:
            hours[int(slot * SLOT // HOUR) % 24] += 1
            days[_weekday(slot * SLOT)] += 1
        delay = self.delay
        if late:
            mean = sum(late) / len(late)
            delay = mean if delay < 0 else delay + (mean - delay) * min(0.5, 0.1 * len(late))
        return replace(
            self._with_gaps(moments, now),
            learnt_at=max(now, self.learnt_at),
            news_at=max(self.news_at, *moments),
            items=self.items * kept + len(moments),
            recent=self.recent * passed + sum(_faded(now - moment, BURST) for moment in moments),
            delay=delay,
            hours=tuple(hours),
            days=tuple(days),
        )

    def _with_gaps(self, moments: Sequence[float], now: float) -> Rhythm:
        """Note the silences before and between these pieces of news."""
        kept = _faded(now - self.learnt_at, 4 * MEMORY)
        gaps, spread, longest, before = self.gaps * kept, self.spread, self.longest * kept, self.news_at
        for moment in sorted(moments):
            if moment - before >= SLOT and self.news > 0:
                gap = self.expected(before, moment)
                gaps += 1
                spread += (gap * gap - spread) / gaps
                longest = max(longest, gap)
            before = max(before, moment)
        return replace(self, gaps=gaps, spread=spread, longest=longest)

    def pack(self) -> bytes:
        """Return the rhythm as it is stored."""
        times = (min(max(0, int(moment)), 2**32 - 1) for moment in (self.since, self.learnt_at, self.news_at))
        counts = (min(count, _MOST) for count in (*self.hours, *self.days))
        return _FORMAT.pack(_VERSION, *times, self.items, self.recent, self.gaps, self.spread, self.longest, self.delay, *counts)


def begin(now: float) -> Rhythm:
    """Return the rhythm of a feed of which nothing is known yet."""
    return Rhythm(since=now, learnt_at=now, news_at=now, recent=REFERENCE * BURST)


def unpack(stored: bytes | None, now: float) -> Rhythm:
    """Return what :meth:`Rhythm.pack` gave; a new rhythm, begun ``now``, for anything else."""
    if stored is None or len(stored) != _FORMAT.size or stored[0] != _VERSION:
        return begin(now)
    _, since, learnt_at, news_at, items, recent, gaps, spread, longest, delay, *counts = _FORMAT.unpack(stored)
    return Rhythm(
        since=since, learnt_at=learnt_at, news_at=news_at, items=items, recent=recent, gaps=gaps, spread=spread,
        longest=longest, delay=delay, hours=tuple(counts[:24]), days=tuple(counts[24:]),
    )  # fmt: skip


def _faded(age: float, constant: float) -> float:
    return math.exp(-max(0.0, age) / constant)


def _weekday(at: float) -> int:
    return (int(at // DAY) + 3) % 7  # 1 January 1970 was a Thursday
