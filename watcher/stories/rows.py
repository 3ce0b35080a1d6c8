"""What is kept of each article in the window, as columns: about 300 bytes an article, whatever its length.

Row numbers count up for ever; a row that was forgotten or rewound is dead, and its space is taken back from the old end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watcher.stories.sketch import MAX_SHIFT, Sketch, digest

NUMBERS = 16  # lowest hashes of an article's numbers
ENTITIES = 12  # lowest hashes of its entities
WORDS = 16  # lowest hashes of the words of its headline

Sample = tuple[int, ...]

Table = npt.NDArray[np.void]
_COLUMNS = np.dtype(
    [
        ("article", np.int64),
        ("story", np.int64),
        ("at", np.float64),
        ("host", np.uint64),
        ("url", np.uint64),
        ("title", np.uint64),
        ("total", np.uint32),
        ("shift", np.uint8),
        ("alive", np.bool_),
        ("sizes", np.uint16, (MAX_SHIFT + 1,)),
        ("numbers", np.uint32, (NUMBERS,)),
        ("entities", np.uint32, (ENTITIES,)),
        ("words", np.uint32, (WORDS,)),
        ("figures", np.uint64),
    ]
)
_FIRST_ROOM = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A candidate in the terms of the columns. 0 stands for none in ``host``, ``url`` and ``title``.

    ``numbers``, ``entities``, ``words`` are samples (:func:`lowest`) of the text's numbers, the entities, the headline's words;
    ``figures`` is one number for all the numbers of the headline.
    """

    at: float
    host: int
    url: int
    title: int
    sketch: Sketch
    numbers: Sample
    entities: Sample
    words: Sample
    figures: int


def named(text: str) -> int:
    """Return the number under which a host, URL or entity is kept; 0 for ""."""
    return digest(text) if text else 0


def lowest(hashes: Iterable[int], room: int) -> Sample:
    """Return the ``room`` lowest distinct hashes, shortened, filled up with zeros: a sample that two sets agree upon."""
    short = sorted({hash_ >> 32 | 1 for hash_ in hashes})[:room]
    return tuple(short) + (0,) * (room - len(short))


def overlap(a: Iterable[int], b: Iterable[int]) -> tuple[int, int]:
    """Return (members in common, members of the smaller set) of two samples made by :func:`lowest` with the same room.

    Only members below the cut of both samples are counted: above it a member may be missing for lack of room.
    """
    left, right = list(a), list(b)
    cut = min(left[-1] or 1 << 32, right[-1] or 1 << 32)
    ours, theirs = ({member for member in sample if 0 < member <= cut} for sample in (left, right))
    return len(ours & theirs), min(len(ours), len(theirs))


def moved(rows: Table, room: int) -> Table:
    """Return these rows at the start of a new table with room for more. The daemon's one writer waits for it, so the room is not written to."""
    table: Table = np.zeros(room, rows.dtype)
    table[: len(rows)] = rows
    return table


class Rows:
    """The columns. Row numbers must be asked for between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._table: Table = np.zeros(_FIRST_ROOM, _COLUMNS)
        self.start = 0
        self.stop = 0
        self.living = 0
        self._by_article: dict[int, int] = {}

    def append(self, article: int, story: int, facts: Facts) -> int:
        """Add an article and return its row number."""
        if self.stop - self.start == len(self._table):
            self._table = moved(self._table, 2 * len(self._table))
        row = self.stop
        sketch = facts.sketch
        self._table[row - self.start] = (
            article, story, facts.at, facts.host, facts.url, facts.title, sketch.total, sketch.shift, True,
            sketch.sizes, facts.numbers, facts.entities, facts.words, facts.figures,
        )  # fmt: skip
        self._by_article[article] = row
        self.stop += 1
        self.living += 1
        return row

    def take(self, rows: npt.NDArray[np.int64]) -> Table:
        """Return a copy of these rows."""
        taken: Table = self._table[rows - self.start]
        return taken

    def of(self, article: int) -> np.void | None:
        """Return an article's row, or None where it is not here."""
        row = self._by_article.get(article)
        if row is None:
            return None
        held: np.void = self._table[row - self.start]
        return held

    def alive(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which of these row numbers (any) belong to articles that are still here."""
        inside = rows >= self.start
        answer: npt.NDArray[np.bool_] = inside & self._table["alive"][np.where(inside, rows - self.start, 0)]
        return answer

    def kill_article(self, article: int) -> bool:
        """Remove an article; False if it is not here."""
        row = self._by_article.pop(article, None)
        if row is None:
            return False
        self._table["alive"][row - self.start] = False
        self.living -= 1
        return True

    def kill_before(self, at: float) -> None:
        """Remove the articles first seen before ``at``."""
        held = self._held()
        self._kill((held["at"] < at) & held["alive"])

    def kill_oldest(self, count: int) -> None:
        """Remove the ``count`` oldest rows by number."""
        held = self._held()
        self._kill(held["alive"] & (np.cumsum(held["alive"]) <= count))

    def _held(self) -> Table:
        return self._table[: self.stop - self.start]

    def _kill(self, doomed: npt.NDArray[np.bool_]) -> None:
        held = self._held()
        for article in held["article"][doomed].tolist():
            del self._by_article[article]
        held["alive"][doomed] = False
        self.living -= int(np.count_nonzero(doomed))
        living = np.flatnonzero(held["alive"])
        dead = int(living[0]) if len(living) else len(held)
        if 2 * dead >= len(self._table):
            self._table = moved(held[dead:], max(_FIRST_ROOM, 2 * (len(held) - dead)))
            self.start += dead
