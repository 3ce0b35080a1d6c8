"""Is a source well? What its rhythm, its failures and its entries say. Pure.

``quiet``      it answers, and the silence is improbable
``failing``    it does not answer, or not with a feed
``repeating``  what it brings as new is one and the same item
``barren``     its articles' pages, which gave text until yesterday, give none
``lying``      its server said "not modified" while it was
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.feeds import rhythm
from watcher.model import FeedState

LEAST_GAPS = 8  # silences that must have been seen before one is called improbable
LEAST_OBSERVED = 7 * rhythm.DAY  # a weekend among them
IMPROBABLE = -math.log(0.001)
YEAR = 365 * rhythm.DAY
LONGER_THAN_EVER = 1.2

TELL_AFTER_FAILURES = 5
TELL_AFTER_TIME = timedelta(hours=6)  # or max_interval, where that is shorter

CHECK_EVERY = timedelta(days=1)  # a doubtful server's 304s are tested at most so often
DISTRUST = timedelta(days=30)  # then its 304s are believed again

LEAST_REPEATS = 6  # in 24 hours
LEAST_PAGES = 6  # pages in a row without text, after at least as many that had some

NETWORK_LEAST, NETWORK_SHARE, NETWORK_OVER = 5, 0.5, 0.25


@dataclass(frozen=True, slots=True)
class Silence:
    """How improbable a feed's silence is. ``since``: its last news. ``expected``: pieces of news that its rhythm promised meanwhile."""

    since: datetime
    expected: float
    improbable: bool


def silence(known: rhythm.Rhythm, *, until: datetime) -> Silence:
    """Judge the time since a feed's last news.

    If news came independently of each other, a silence in which z pieces were to be expected would have the probability e^-z. News comes
    in bursts, so z is divided by what the feed's own silences show (the root of half their mean square, which is 1 for independent
    news), and must exceed the longest seen by a fifth. A busy feed has thousands of silences a year: that one of them is so long by
    chance is kept below e^-1 a year as well.

    :param until: the last poll that succeeded; while nobody looked, nobody was silent.
    """
    at = until.timestamp()
    expected = known.expected(known.news_at, at)
    known_well = known.gaps >= LEAST_GAPS and at - known.since >= LEAST_OBSERVED
    chances = max(1.0, known.news_rate(at) * YEAR)
    least = max(IMPROBABLE, 1 + math.log(chances))
    strange = expected / max(1.0, math.sqrt(known.spread / 2)) > least and expected > LONGER_THAN_EVER * known.longest
    return Silence(datetime.fromtimestamp(known.news_at, until.tzinfo), expected, known_well and strange)


def failing(failures: int, first_failed_at: datetime | None, last_polled_at: datetime | None, max_interval: timedelta) -> bool:
    """Return whether a feed has failed long enough to be told: five times in a row that span at least six hours, or
    ``max_interval`` where that is shorter, so that one bad night is not news."""
    if failures < TELL_AFTER_FAILURES or first_failed_at is None or last_polled_at is None:
        return False
    return last_polled_at - first_failed_at >= min(TELL_AFTER_TIME, max_interval)


def network_down(failing: int, feeds: int, *, told: bool) -> bool:
    """Return whether so many feeds fail at once that the trouble is rather on this side.

    :param failing: feeds whose last two polls or more failed on their way through the network.
    :param told: whether it has been said already: then it is over only when few are left.
    """
    return failing >= NETWORK_LEAST and failing >= feeds * (NETWORK_OVER if told else NETWORK_SHARE)


def doubtful(state: FeedState, now: datetime) -> bool:
    """Return whether this poll is to go without validators, to test the server's 304s: for a feed that has gone quiet, once a day."""
    if state.quiet_at is None or state.lied_at is not None or (state.etag is None and state.last_modified is None):
        return False
    return state.checked_at is None or now - state.checked_at >= CHECK_EVERY


def distrusted(state: FeedState, now: datetime) -> bool:
    """Return whether the server's 304s have proved wrong lately, so that validators are not sent."""
    return state.lied_at is not None and now - state.lied_at < DISTRUST


def repeating(entries: int, titles: int, urls: int) -> bool:
    """Return whether the new entries of a day, with so many distinct titles and addresses, are one item again and again."""
    return entries >= LEAST_REPEATS and titles <= 1 and urls <= 1


def barren(lately: Yield, before: Yield, *, told: bool) -> bool:
    """Return whether a feed's pages have stopped giving text.

    :param lately: the last 24 hours. :param before: the two days before them.
    :param told: whether it has been said: then it is over as soon as a page gives text.
    """
    if lately.had:
        return False
    return told or (lately.lost >= LEAST_PAGES and before.had >= max(LEAST_PAGES, before.lost))


@dataclass(frozen=True, slots=True)
class Yield:
    """Articles whose page gave text, and those where it was wanted and did not."""

    had: int = 0
    lost: int = 0

    @property
    def share(self) -> float | None:
        """Return had ÷ wanted, None where no page was wanted."""
        return self.had / (self.had + self.lost) if self.had + self.lost else None
