"""The articles of the last days, and the decision where a new one belongs.

::

    decide(article)      the same canonical URL                                       -> a copy        basis "url"
        │                most of its text stands in an earlier article, or reversed   -> a copy        basis "text"
        │                the same telling headline on another site within 72 h        -> the story     basis "title"
        │                names, phrases and figures of the same event                 -> the story     basis "event"
        └                otherwise                                                    -> a new story   basis "new"
    add(article)         with the story that it was given
    rewind(article_id)   as if it had never been added (its transaction failed)
    forget(before)       as if what came before had never been added

A stored article outside the window of the new one is not looked at, so the answer does not depend on when ``forget`` runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from watcher.model import EntryId, StoryId
from watcher.stories import headline, likeness
from watcher.stories.events import Events
from watcher.stories.rows import ENTITIES, NUMBERS, WORDS, Facts, Rows, Table, lowest, named, overlap
from watcher.stories.segment import Keys, Postings, keys_of
from watcher.stories.sketch import unpack

WINDOW = timedelta(days=14)
TITLE_WINDOW = timedelta(hours=72)
EVENT_CAPACITY = 100_000  # articles whose profiles are kept
COMMON = 500  # a hash in more articles than this is nobody's mark
COMMON_STORIES = 8  # nor is one in more stories than this: a site's boilerplate

_STORY_BITS = 40
_LIVE = re.compile(r"/(?:[\w-]*-)?(?:live|liveblog|livestory|live-?ticker|onlain|online-transl\w+)(?:-[\w-]*)?(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article as the index sees it.

    ``story_id`` None: not decided yet. ``at``: when it was first seen. ``host``: of the article's URL, lower case, without
    ``www.`` (see :func:`watcher.stories.canonical.host_of`). ``entities``: ids of entities found in it.
    """

    article_id: EntryId
    sketch: bytes
    at: datetime
    story_id: StoryId | None = None
    canonical_url: str | None = None
    title: str = ""
    host: str = ""
    entities: tuple[str, ...] = ()

    def of_story(self, story_id: StoryId) -> Candidate:
        """The same article, decided."""
        return replace(self, story_id=story_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where an article belongs. ``story_id`` None: a new story. ``copy_of``: the article whose text it repeats, if it does.

    ``near``: the article of the story that is nearest to it. ``parts``: for the basis "event", the cosines of names, phrases, figures with that one.
    """

    story_id: StoryId | None = None
    copy_of: EntryId | None = None
    similarity: float = 0.0
    basis: str = "new"
    near: EntryId | None = None
    parts: tuple[float, float, float] | None = None


class Index:
    """The window in memory. Not thread-safe; nothing in it grows with the archive.

    :param window: how far from an article another one is looked for, before or after.
    :param capacity: articles kept at most; beyond it the oldest go (about 500 bytes an article, 800 more for the newest 100,000).
    """

    def __init__(self, window: timedelta = WINDOW, *, capacity: int = 300_000) -> None:
        self._window = window.total_seconds()
        self._capacity = capacity
        self._postings = Postings()
        self._rows = Rows()
        self._events = Events(min(capacity, EVENT_CAPACITY))

    def __len__(self) -> int:
        return self._rows.living

    def add(self, candidate: Candidate) -> None:
        """Take an article whose story is decided. One that is here already is replaced.

        :raises ValueError: ``story_id`` is None.
        """
        if candidate.story_id is None:
            raise ValueError(f"article {candidate.article_id} has no story yet")
        self._rows.kill_article(candidate.article_id)
        facts = _facts(candidate)
        self._rows.append(candidate.article_id, candidate.story_id, facts)
        self._postings.add(np.concatenate([keys_of(facts.sketch.hashes), _name_keys(facts)]))
        self._events.add(candidate.article_id, candidate.story_id, facts.at, facts.host, facts.sketch.profile)
        if self._rows.living > self._capacity:
            self._rows.kill_oldest(max(1, self._capacity // 20))
            self._postings.drop(self._rows.start)

    def rewind(self, article_id: EntryId) -> None:
        """Take an article out again, as if it had never been added; one that is not here is no error."""
        self._rows.kill_article(article_id)
        self._events.kill(article_id)

    def forget(self, before: datetime) -> None:
        """Take out all articles first seen before ``before`` and give their memory back."""
        self._rows.kill_before(before.timestamp())
        self._postings.drop(self._rows.start)
        self._events.forget(before.timestamp())

    def decide(self, candidate: Candidate) -> Verdict:
        """Say where an article belongs; its own ``story_id`` and an earlier self in the index are ignored."""
        facts = _facts(candidate)
        text_keys, name_keys = keys_of(facts.sketch.hashes), _name_keys(facts)
        wanted = np.concatenate([text_keys, name_keys])
        order = wanted.argsort()
        most = np.where(order < len(text_keys), COMMON, self._capacity)
        positions, rows = self._postings.find(wanted[order], most)
        positions = order[positions]
        kept = self._rows.alive(rows)
        positions, rows = positions[kept], rows[kept]
        table = self._rows.take(rows)
        near = (np.abs(table["at"] - facts.at) <= self._window) & (table["article"] != candidate.article_id)
        positions, rows, table = positions[near], rows[near], table[near]
        of_text = positions < len(text_keys)
        return (
            _by_url(facts, candidate.canonical_url or "", table[~of_text])
            or _by_text(facts, positions[of_text], rows[of_text], table[of_text])
            or _by_title(facts, table[~of_text])
            or self._by_event(facts, candidate)
            or Verdict()
        )

    def _by_event(self, facts: Facts, candidate: Candidate) -> Verdict | None:
        """The story that reports the same event in other words; the next part of a site's series does not."""
        if headline.is_series(candidate.title):
            return None
        near = self._events.nearest(facts.sketch.profile, facts.at, facts.host, window=self._window, besides=candidate.article_id)
        if near is None:
            return None
        row = self._rows.of(near.article)
        if row is not None and facts.host == int(row["host"]) and likeness.next_in_series(_headlines(facts, row)):
            return None
        return Verdict(story_id=StoryId(near.story), similarity=near.chance, basis="event", near=EntryId(near.article), parts=near.parts)


def _facts(candidate: Candidate) -> Facts:
    sketch = unpack(candidate.sketch)
    words, figures = headline.words(candidate.title)
    return Facts(
        at=candidate.at.timestamp(),
        host=named(candidate.host),
        url=named(candidate.canonical_url or ""),
        title=headline.key(candidate.title),
        sketch=sketch,
        numbers=lowest(sketch.numbers.tolist(), NUMBERS),
        entities=lowest(map(named, candidate.entities), ENTITIES),
        words=lowest(map(named, words), WORDS),
        figures=named(figures),
    )


def _name_keys(facts: Facts) -> Keys:
    return np.array([name & 0xFFFFFFFF for name in (facts.url, facts.title) if name], dtype=np.uint32)


def _by_url(facts: Facts, url: str, table: Table) -> Verdict | None:
    """The earliest article at the same address; on a page that goes on all day, only under the same headline."""
    same = table[table["url"] == facts.url] if facts.url else table[:0]
    if _LIVE.search(url):
        same = same[same["title"] == facts.title]
    return _verdict(_earliest(same), 1.0, "url") if len(same) else None


def _by_text(facts: Facts, positions: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], table: Table) -> Verdict | None:
    """The stored text that shares most, if it shares enough; among equals the earliest."""
    telling = ~_common(positions, table["story"])
    rows, at, shared = np.unique(rows[telling], return_index=True, return_counts=True)
    enough = shared >= likeness.USUAL_SHARED
    table, shared = table[telling][at[enough]], shared[enough]
    shifts = np.maximum(table["shift"], facts.sketch.shift)
    theirs = np.take_along_axis(table["sizes"], shifts[:, None].astype(np.int64), axis=1)[:, 0]
    smaller = np.minimum(theirs, np.array(facts.sketch.sizes)[shifts])
    best: tuple[float, float, int] | None = None
    for n, row in enumerate(table):
        same = likeness.same_text(
            shared=int(shared[n]),
            smaller=int(smaller[n]),
            totals=(facts.sketch.total, int(row["total"])),
            numbers=overlap(facts.numbers, row["numbers"].tolist()),
            one_site=facts.host == int(row["host"]),
            headlines=_headlines(facts, row),
        )
        rank = (-float(shared[n] / smaller[n]), float(row["at"]), n)
        if same and (best is None or rank < best):
            best = rank
    return _verdict(table[best[2]], min(1.0, -best[0]), "text") if best else None


def _headlines(facts: Facts, row: np.void) -> likeness.Headlines:
    common, fewer = overlap(facts.words, row["words"].tolist())
    theirs = int(row["figures"])
    same = facts.figures == theirs
    return likeness.Headlines(common=common, fewer=fewer, same_figures=same, other_figures=not same and 0 not in (facts.figures, theirs))


def _common(positions: npt.NDArray[np.int64], stories: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Mark the hits of hashes that stand in several unrelated stories: a site's boilerplate."""
    pairs = np.unique(positions << _STORY_BITS | stories & ((1 << _STORY_BITS) - 1))
    told = np.bincount(pairs >> _STORY_BITS, minlength=1)
    common: npt.NDArray[np.bool_] = (told > COMMON_STORIES)[positions]
    return common


def _by_title(facts: Facts, table: Table) -> Verdict | None:
    """The story of the earliest article elsewhere with the same headline, unless that headline is one of a series.

    A copy, too, where one of the texts is only a teaser: two texts in full that share nothing were written apart.
    """
    if not facts.title:
        return None
    same = table[(table["title"] == facts.title) & (np.abs(table["at"] - facts.at) <= TITLE_WINDOW.total_seconds())]
    if not len(same) or len(np.unique(same["story"])) > 1 or (facts.host and facts.host in same["host"]):
        return None
    first = _earliest(same)
    return _verdict(first, 0.0, "title", copy=min(facts.sketch.total, int(first["total"])) < likeness.SHORT)


def _earliest(table: Table) -> np.void:
    earliest: np.void = table[np.lexsort((table["article"], table["at"]))[0]]
    return earliest


def _verdict(row: np.void, similarity: float, basis: str, *, copy: bool = True) -> Verdict:
    article = EntryId(int(row["article"])) if copy else None
    return Verdict(
        story_id=StoryId(int(row["story"])), copy_of=article, similarity=similarity, basis=basis, near=EntryId(int(row["article"]))
    )
