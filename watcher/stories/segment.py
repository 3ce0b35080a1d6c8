"""Sorted arrays of sketch hashes: which articles have which hash.

New articles go to a :class:`Nursery` (a dictionary); a full nursery becomes a sorted :class:`Segment`, and eight of those one
large segment, so adding costs little, a look-up is one bisection per segment, and a slice of time is dropped whole. A hash is
kept as its low 32 bits and an owner as 16: six bytes a hash, and a chance meeting in four thousand million, which no
decision that asks for four shared hashes notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.int64]

SMALL = 1024  # articles in a nursery
LARGE = 8 * SMALL  # articles in a large segment; owners must fit 16 bits

_NO_ROWS: Rows = np.empty(0, np.int64)


def keys_of(hashes: npt.NDArray[np.uint64]) -> Keys:
    """Return the low halves of sketch hashes, sorted, each once."""
    return np.unique((hashes & np.uint64(0xFFFFFFFF)).astype(np.uint32))


class Segment:
    """Hashes of the articles ``first`` … ``last`` (row numbers), sorted, immutable."""

    __slots__ = ("first", "keys", "last", "owners")

    def __init__(self, keys: Keys, owners: npt.NDArray[np.uint16], first: int, last: int) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.owners = keys[order], owners[order]
        self.first, self.last = first, last

    @classmethod
    def merged(cls, parts: Sequence[Segment]) -> Segment:
        """One segment out of neighbours, oldest first."""
        first = parts[0].first
        owners = np.concatenate([part.owners + np.uint16(part.first - first) for part in parts])
        return cls(np.concatenate([part.keys for part in parts]), owners, first, parts[-1].last)

    @property
    def articles(self) -> int:
        return self.last - self.first + 1

    @property
    def nbytes(self) -> int:
        return int(self.keys.nbytes + self.owners.nbytes)

    def find(self, wanted: Keys) -> tuple[Rows, Rows]:
        """Return (positions in ``wanted``, row numbers): one pair for each article that has a wanted hash."""
        left = np.searchsorted(self.keys, wanted, side="left")
        inside = left < len(self.keys)
        hit = np.flatnonzero(inside)[self.keys[left[inside]] == wanted[inside]]
        if not len(hit):
            return _NO_ROWS, _NO_ROWS
        begin = left[hit]
        counts = np.searchsorted(self.keys, wanted[hit], side="right") - begin
        ends = np.cumsum(counts)
        spread = np.arange(ends[-1]) - np.repeat(ends - counts, counts) + np.repeat(begin, counts)
        return np.repeat(hit, counts), self.owners[spread].astype(np.int64) + self.first


class Nursery:
    """Hashes of the newest articles, unsorted."""

    __slots__ = ("_rows", "_size", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self._size = 0
        self._rows: dict[int, list[int]] = {}

    def add(self, keys: Keys) -> None:
        """Take the next article's hashes."""
        row = self.first + self._size
        for key in keys.tolist():
            self._rows.setdefault(key, []).append(row)
        self._size += 1

    @property
    def articles(self) -> int:
        return self._size

    def find(self, wanted: Keys) -> tuple[Rows, Rows]:
        """As :meth:`Segment.find`."""
        pairs = [(position, row) for position, key in enumerate(wanted.tolist()) for row in self._rows.get(key, ())]
        if not pairs:
            return _NO_ROWS, _NO_ROWS
        both = np.array(pairs, dtype=np.int64)
        return both[:, 0], both[:, 1]

    def sealed(self) -> Segment:
        """Return the same as a sorted segment."""
        keys = np.fromiter((key for key, rows in self._rows.items() for _ in rows), dtype=np.uint32)
        owners = np.fromiter((row - self.first for rows in self._rows.values() for row in rows), dtype=np.uint16)
        return Segment(keys, owners, self.first, self.first + self._size - 1)


class Postings:
    """All hashes of the window: large segments, small segments, nursery, oldest first."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._nursery = Nursery(0)

    def add(self, keys: Keys) -> int:
        """Take the next article's hashes and return its row number (0, 1, 2 …)."""
        row = self._nursery.first + self._nursery.articles
        self._nursery.add(keys)
        if self._nursery.articles == SMALL:
            self._segments.append(self._nursery.sealed())
            self._nursery = Nursery(row + 1)
            small = [part for part in self._segments[-8:] if part.articles == SMALL]
            if len(small) == LARGE // SMALL:
                self._segments[-len(small) :] = [Segment.merged(small)]
        return row

    def find(self, wanted: Keys) -> tuple[Rows, Rows]:
        """As :meth:`Segment.find`, over everything."""
        found = [part.find(wanted) for part in self._parts()]
        return np.concatenate([positions for positions, _ in found]), np.concatenate([rows for _, rows in found])

    def drop(self, before: int) -> None:
        """Forget the segments that hold only rows below ``before``."""
        self._segments = [part for part in self._segments if part.last >= before]

    @property
    def nbytes(self) -> int:
        """Bytes of the sorted arrays (the nursery not counted)."""
        return sum(part.nbytes for part in self._segments)

    def _parts(self) -> Iterable[Segment | Nursery]:
        yield from self._segments
        yield self._nursery
