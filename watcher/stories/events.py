"""Which story reports the same event, when nobody copied from anybody: likeness of profiles.

For each pair of articles a chance that they tell of one event, by three cosines and a logistic curve::

    log odds = 8.6 x names + 20.9 x phrases + 6.7 x figures - 5.4 - time between them

The factors were fitted on topics 1-20 of ECB+ and tested on the others (``bench/stories.py ecb``). A story is as near as the mean of
its nearest article and of all its articles: one article that resembles both of two stories does not join them. An article joins
the nearest story if that is about as likely as not; a teaser must be clearer.

Look-up: an inverted index over the heaviest names and phrases of each article finds some dozens of candidates; a name that is in the
news everywhere finds nobody. Only for those are the cosines taken, and only a sample of a long story is compared, so the cost of an
article grows neither with the archive nor with its story.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from watcher.stories.commonness import Keys
from watcher.stories.profile import NAMES, PARTS, ROOM, SCALE, SIZES, Profile
from watcher.stories.rows import moved
from watcher.stories.segment import Postings

FACTORS = (8.6, 20.9, 6.7)  # names, phrases, figures
BIAS = -5.4
JOINS, TEASER_JOINS = 0.4, 0.55  # a text of a few lines, which lacks phrases, must be clearer
LEAST_COMMON = 2  # names and figures in common; one name alone is in the news for many reasons
SAME_NAMES = 0.15  # cosine of names below which nothing else counts where one of the two is a teaser
FULL = 40  # phrases; a text with fewer is a teaser
FRESH_DAYS = 1.0  # so long a story goes on by itself …
STALE_PER_DAY = 0.4  # … then the odds fall
KEPT_NAMES, KEPT_PHRASES = 10, 14  # of an article, in the inverted index
EVERYONE = 20_000  # articles; a smaller window says nothing about what the news makes common
# Share of articles up to which a name, a phrase, a figure keeps its weight, and where it has lost it all
RARE_IN_NEWS, EVERYWHERE = (0.002, 0.0005, 0.02), (0.2, 0.01, 0.5)
SITE = 100  # articles; a site with fewer in the window says nothing about its boilerplate
RARE_ON_SITE, ALL_OVER_SITE = (0.03, 0.02, 0.05), (0.6, 0.15, 0.6)  # the same of one site's articles
LITTLE, TEASER_LITTLE = (5.0, 5.0, 20.0), (40.0, 20.0, 40.0)  # squared length of names, phrases, figures that is little
KNOWN = 1000  # a name or phrase in more articles than this finds nobody
CANDIDATES = 32
STORIES = 4
FIRST_MEMBERS, LAST_MEMBERS = 4, 12  # of a story, compared
_FIRST_ROOM = 1024
_BUCKETS = 1 << 21
_DAY = 86400.0

_EVERYWHERE = np.repeat(EVERYWHERE, SIZES)
_FALL = np.log(np.repeat(RARE_IN_NEWS, SIZES) / _EVERYWHERE)
_ALL_OVER = np.repeat(ALL_OVER_SITE, SIZES)
_FALL_ON_SITE = np.log(np.repeat(RARE_ON_SITE, SIZES) / _ALL_OVER)

Rows = npt.NDArray[np.int64]
Table = npt.NDArray[Any]
_COLUMNS = np.dtype(
    [
        ("article", np.int64),
        ("story", np.int64),
        ("at", np.float64),
        ("host", np.uint32),
        ("alive", np.bool_),
        ("keys", np.uint32, (ROOM,)),
        ("weights", np.uint8, (ROOM,)),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The story nearest to an article. ``chance``: that both report one event; ``parts``: the cosines of names, phrases, figures with
    the ``article`` of it that is nearest."""

    story: int
    article: int
    chance: float
    parts: tuple[float, float, float]


class Events:
    """The profiles of the window, the newest ``capacity`` of them. Row numbers count up; a dead row's space is taken back from the old end."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._table = np.zeros(_FIRST_ROOM, _COLUMNS)
        self._postings = Postings()
        self._start = self._stop = self._oldest = 0
        self._by_article: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        # articles that have a key, in all and on one site; near enough: keys share buckets
        self._spread = np.zeros(_BUCKETS, np.uint32)
        self._on_site = np.zeros(_BUCKETS, np.uint16)
        self._of_site: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._by_article)

    def add(self, article: int, story: int, at: float, host: int, profile: Profile) -> None:
        """Take an article; one that says nothing is not kept. ``host``: a number for its site."""
        host &= 0xFFFFFFFF
        self.kill(article)
        if not profile:
            return
        while len(self._by_article) >= self._capacity:
            self._kill_oldest()
        if self._stop - self._start == len(self._table):
            self._make_room()
        row = self._postings.add(_telling(profile))
        self._table[row - self._start] = (article, story, at, host, True, profile.keys, profile.weights)
        self._stop = row + 1
        self._by_article[article] = row
        self._members.setdefault(story, []).append(row)
        self._count(profile.keys[profile.keys > 0], host, 1)

    def kill(self, article: int) -> None:
        """Take an article out; one that is not here is no error."""
        row = self._by_article.pop(article, None)
        if row is None:
            return
        held = self._table[row - self._start]
        held["alive"] = False
        self._count(held["keys"][held["keys"] > 0], int(held["host"]), -1)
        members = self._members[int(held["story"])]
        members.remove(row)
        if not members:
            del self._members[int(held["story"])]

    def _count(self, keys: Keys, host: int, by: int) -> None:
        self._spread[_buckets(keys)] += np.uint32(by & 0xFFFFFFFF)
        self._on_site[_buckets(keys ^ np.uint32(host))] += np.uint16(by & 0xFFFF)
        self._of_site[host] = self._of_site.get(host, 0) + by
        if not self._of_site[host]:
            del self._of_site[host]

    def forget(self, before: float) -> None:
        """Take out what was first seen before ``before``, up to the first article that was not."""
        while self._oldest < self._stop:
            held = self._table[self._oldest - self._start]
            if held["alive"]:
                if held["at"] >= before:
                    return
                self.kill(int(held["article"]))
            self._oldest += 1

    def nearest(self, profile: Profile, at: float, host: int, *, window: float, besides: int) -> Near | None:
        """Return the story that most likely reports the same event, if that is likely enough.

        :param window: seconds before and after ``at`` in which articles count. ``besides``: an article that does not.
        """
        self.forget(at - window)  # so that the spread of a name does not depend on when a process was started
        candidates = self._candidates(profile, at, window, besides)
        if not len(candidates):
            return None
        ours = self._adjusted(profile.keys[None], profile.weights[None], np.array([host & 0xFFFFFFFF], np.uint32))[0]
        parts = self._parts(profile, ours, candidates)
        chances = self._chances(parts, candidates, at)
        best: tuple[float, int] | None = None
        stories = self._column("story", candidates)
        likely = stories[np.argsort(-chances, kind="stable")[: int((chances > JOINS / 2).sum())]]
        for story in list(dict.fromkeys(likely.tolist()))[:STORIES]:
            members = self._sample(story, at, window, besides)
            theirs = self._chances(self._parts(profile, ours, members), members, at)
            chance = float(max(theirs.max(), chances[stories == story].max()) + theirs.mean()) / 2
            if best is None or (-chance, story) < (-best[0], best[1]):
                best = chance, story
        if best is None or best[0] < (JOINS if _is_full(profile) else TEASER_JOINS):
            return None
        of_story = np.flatnonzero(stories == best[1])
        articles = self._column("article", candidates)
        nearest = of_story[np.lexsort((articles[of_story], -chances[of_story]))[0]]
        names, phrases, figures = parts[nearest].tolist()
        article = int(articles[nearest])
        return Near(story=best[1], article=article, chance=best[0], parts=(names, phrases, figures))

    def _candidates(self, profile: Profile, at: float, window: float, besides: int) -> Rows:
        """The rows that share most of the telling names and phrases."""
        asked = np.flatnonzero(profile.keys[: PARTS[1].stop])
        spread = self._spread[_buckets(profile.keys[asked])]
        asked = asked[(spread > 0) & (spread <= KNOWN)]  # most phrases are in no other article
        asked = asked[profile.keys[asked].argsort()]
        positions, rows = self._postings.find(profile.keys[asked], np.full(len(asked), 1 << 30))
        if not len(rows):
            return rows
        weight = (profile.weights[asked] * np.where(asked < NAMES, *FACTORS[:2]))[positions]
        distinct, which = np.unique(rows, return_inverse=True)
        inside = distinct >= self._start
        shared = np.bincount(which, weight, len(distinct))[inside]
        distinct = distinct[inside]
        held = distinct - self._start
        near = self._table["alive"][held] & (np.abs(self._table["at"][held] - at) <= window) & (self._table["article"][held] != besides)
        distinct, shared = distinct[near], shared[near]
        best: Rows = distinct[np.lexsort((-self._table["article"][held[near]], -shared))[:CANDIDATES]]
        return best

    def _sample(self, story: int, at: float, window: float, besides: int) -> Rows:
        """Rows of a story: its first and its last, within the window."""
        rows = self._members[story]
        if len(rows) > FIRST_MEMBERS + LAST_MEMBERS:
            rows = rows[:FIRST_MEMBERS] + rows[-LAST_MEMBERS:]
        found = np.array(sorted(rows, key=lambda row: int(self._table["article"][row - self._start])))  # sums depend on their order
        held = found - self._start
        near: Rows = found[(np.abs(self._table["at"][held] - at) <= window) & (self._table["article"][held] != besides)]
        return near

    def _adjusted(self, keys: Table, weights: Table, hosts: Keys) -> npt.NDArray[np.float64]:
        """Weights, one row an article, without what is common: a name that is in the news everywhere, a phrase that its site prints under everything."""
        everyone = max(len(self._by_article), EVERYONE)
        spread = np.maximum(self._spread[_buckets(keys)], 1) / everyone
        site = np.array([max(SITE, self._of_site.get(host, 0)) if host else len(self._by_article) + SITE for host in hosts.tolist()])[
            :, None
        ]
        on_site = np.maximum(self._on_site[_buckets(keys ^ hosts[:, None])], 1) / site
        kept = np.minimum(np.log(spread / _EVERYWHERE) / _FALL, np.log(on_site / _ALL_OVER) / _FALL_ON_SITE)
        adjusted: npt.NDArray[np.float64] = weights / SCALE * np.clip(kept, 0.0, 1.0)
        return adjusted

    def _parts(self, profile: Profile, ours: npt.NDArray[np.float64], rows: Rows) -> npt.NDArray[np.float64]:
        """The three cosines with each of these rows; of a text that has little of a kind they are taken down."""
        keys = self._table["keys"][rows - self._start]
        theirs = self._adjusted(keys, self._table["weights"][rows - self._start], self._table["host"][rows - self._start])
        out = np.zeros((len(rows), len(PARTS)))
        common = np.zeros(len(rows), np.int64)  # names and figures that both have
        full, ours_full = keys[:, PARTS[1].start + FULL] > 0, _is_full(profile)
        for n, part in enumerate(PARTS):
            count = int(np.count_nonzero(profile.keys[part]))
            if not count:
                continue
            known = profile.keys[part][:count]
            places = np.minimum(known.searchsorted(keys[:, part]), count - 1)
            same = known[places] == keys[:, part]
            shared = np.where(same, ours[part][:count][places] * theirs[:, part], 0.0).sum(axis=1)
            if n != 1:
                common += same.sum(axis=1)
            length = (ours[part] ** 2).sum() + (LITTLE if ours_full else TEASER_LITTLE)[n]
            lengths = (theirs[:, part] ** 2).sum(axis=1) + np.where(full, LITTLE[n], TEASER_LITTLE[n])
            out[:, n] = shared / np.sqrt(length * lengths)
        teaser = ~full if ours_full else np.ones(len(rows), bool)
        out[(common < LEAST_COMMON) | (teaser & (out[:, 0] < SAME_NAMES))] = 0.0
        return out

    def _chances(self, parts: npt.NDArray[np.float64], rows: Rows, at: float) -> npt.NDArray[np.float64]:
        days = np.abs(self._column("at", rows) - at) / _DAY
        odds = parts @ np.array(FACTORS) + BIAS - STALE_PER_DAY * np.maximum(0.0, days - FRESH_DAYS)
        chances: npt.NDArray[np.float64] = 1 / (1 + np.exp(-odds))
        return chances

    def _column(self, name: str, rows: Rows) -> npt.NDArray[np.float64]:
        column: npt.NDArray[np.float64] = self._table[name][rows - self._start]
        return column

    def _kill_oldest(self) -> None:
        while not self._table["alive"][self._oldest - self._start]:
            self._oldest += 1
        self.kill(int(self._table["article"][self._oldest - self._start]))

    def _make_room(self) -> None:
        """Take back what is dead at the old end, and get more where that is little."""
        living = np.flatnonzero(self._table["alive"][: self._stop - self._start])
        dead = int(living[0]) if len(living) else self._stop - self._start
        room = len(self._table) if 4 * dead >= len(self._table) else 2 * len(self._table)
        self._table, self._start = moved(self._table[dead:], room), self._start + dead
        self._oldest = max(self._oldest, self._start)
        self._postings.drop(self._start)


def _buckets(keys: Keys) -> Keys:
    return keys & np.uint32(_BUCKETS - 1)


def _is_full(profile: Profile) -> bool:
    """Whether the text is longer than a teaser."""
    return bool(profile.keys[PARTS[1].start + FULL])


def _telling(profile: Profile) -> npt.NDArray[np.uint32]:
    """The heaviest names and phrases of an article: what it can be found by."""
    found = []
    for part, most in zip(PARTS, (KEPT_NAMES, KEPT_PHRASES), strict=False):
        keys, weights = profile.keys[part], profile.weights[part]
        order = np.lexsort((keys, -weights.astype(np.int16)))[:most]
        found.append(keys[order[weights[order] > 0]])
    return np.concatenate(found)
