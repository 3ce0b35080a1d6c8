"""What is kept of each article in the window, as columns: about 170 bytes an article, whatever its length.

Row numbers count up for ever; a row that was forgotten or rewound is dead, and its space is taken back from the old end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watcher.stories.sketch import MAX_SHIFT, Sketch, digest

NUMBERS = 16  # lowest hashes of an article's numbers
ENTITIES = 12  # lowest hashes of its entities

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
    ]
)
_FIRST_ROOM = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A candidate in the terms of the columns. 0 stands for none in ``host``, ``url`` and ``title``."""

    at: float
    host: int
    url: int
    title: int
    sketch: Sketch
    numbers: npt.NDArray[np.uint32]
    entities: npt.NDArray[np.uint32]


def named(text: str) -> int:
    """Return the number under which a host, URL or entity is kept; 0 for ""."""
    return digest(text) if text else 0


def lowest(hashes: npt.NDArray[np.uint64], room: int) -> npt.NDArray[np.uint32]:
    """Return the ``room`` lowest distinct hashes, shortened, filled up with zeros: a fair sample that two sets agree upon."""
    short = np.unique((hashes >> np.uint64(32)).astype(np.uint32) | np.uint32(1))[:room]
    return np.concatenate([short, np.zeros(room - len(short), np.uint32)])


def overlap(a: npt.NDArray[np.uint32], b: npt.NDArray[np.uint32]) -> tuple[int, int]:
    """Return (members in common, members of the smaller set) of two samples made by :func:`lowest`.

    Only members below the cut of both samples are counted: above it a member may be missing for lack of room.
    """
    cut = min(int(a[-1]) or 1 << 32, int(b[-1]) or 1 << 32)
    left, right = a[(a > 0) & (a <= cut)], b[(b > 0) & (b <= cut)]
    return len(np.intersect1d(left, right, assume_unique=True)), min(len(left), len(right))


class Rows:
    """The columns. Row numbers must be asked for between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._table: Table = np.zeros(_FIRST_ROOM, _COLUMNS)
        self.start = 0
        self.stop = 0
        self.living = 0

    def append(self, article: int, story: int, facts: Facts) -> int:
        """Add an article and return its row number."""
        if self.stop - self.start == len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        row = self.stop
        sketch = facts.sketch
        self._table[row - self.start] = (
            article, story, facts.at, facts.host, facts.url, facts.title, sketch.total, sketch.shift, True,
            np.minimum(sketch.sizes, 0xFFFF), facts.numbers, facts.entities,
        )  # fmt: skip
        self.stop += 1
        self.living += 1
        return row

    def take(self, rows: npt.NDArray[np.int64]) -> Table:
        """Return a copy of these rows."""
        taken: Table = self._table[rows - self.start]
        return taken

    def alive(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which of these row numbers (any) belong to articles that are still here."""
        inside = rows >= self.start
        answer: npt.NDArray[np.bool_] = inside & self._table["alive"][np.where(inside, rows - self.start, 0)]
        return answer

    def kill_article(self, article: int) -> bool:
        """Remove an article; False if it is not here."""
        held = self._held()
        return self._kill((held["article"] == article) & held["alive"]) > 0

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

    def _kill(self, doomed: npt.NDArray[np.bool_]) -> int:
        held = self._held()
        count = int(np.count_nonzero(doomed))
        held["alive"][doomed] = False
        self.living -= count
        living = np.flatnonzero(held["alive"])
        dead = int(living[0]) if len(living) else len(held)
        if 2 * dead >= len(self._table):
            room = max(_FIRST_ROOM, 2 * (len(held) - dead))
            table = np.zeros(room, _COLUMNS)
            table[: len(held) - dead] = held[dead:]
            self._table = table
            self.start += dead
        return count
