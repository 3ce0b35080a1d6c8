"""Sorted arrays of hashes: which articles have which hash.

New articles go to a :class:`Nursery` (a dictionary); a full nursery becomes a sorted :class:`Segment`, and eight of those one
large segment, so adding costs little, a look-up is one bisection per segment, and a slice of time is dropped whole. A hash is
kept as its low 32 bits and an owner as 16: six bytes a hash, and a chance meeting in four thousand million, which no
decision that asks for four shared hashes notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.int64]

SMALL = 1024  # articles in a nursery
FANOUT = 8  # small segments in a large one; its articles must fit the 16 bits of an owner

_NONE: Rows = np.empty(0, np.int64)


def keys_of(hashes: npt.NDArray[np.uint64]) -> Keys:
    """Return the low halves of hashes."""
    return hashes.astype(np.uint32)  # numpy truncates


@dataclass(frozen=True, slots=True)
class Found:
    """Where a part has wanted keys: positions in ``wanted``, and for each how many articles, and where they begin."""

    positions: Rows
    counts: Rows
    begins: Rows


_NOWHERE = Found(_NONE, _NONE, _NONE)


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

    def find(self, wanted: Keys) -> Found:
        """Locate keys; ``wanted`` in ascending order is fastest."""
        if not len(self.keys):  # a thousand articles without text, headline or address
            return _NOWHERE
        left = self.keys.searchsorted(wanted)
        there = self.keys.take(left, mode="clip") == wanted  # clip: one past the end compares with the last, which is smaller
        hit = there.nonzero()[0]
        if not len(hit):  # most parts, for most articles
            return _NOWHERE
        begins = left[hit]
        return Found(hit, self.keys.searchsorted(wanted[hit], side="right") - begins, begins)

    def rows(self, found: Found) -> Rows:
        """Return the row numbers behind what was found, position by position."""
        counts = found.counts
        ends = counts.cumsum()
        spread = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(found.begins - (ends - counts), counts)
        return self.owners[spread].astype(np.int64) + self.first


class Nursery:
    """Hashes of the newest articles; put into a dictionary only when somebody looks something up."""

    __slots__ = ("_by_key", "_keys", "_known", "first")

    def __init__(self, first: int) -> None:
        self.first = first
        self._keys: list[Keys] = []
        self._known = 0
        self._by_key: dict[int, list[int]] = {}

    def add(self, keys: Keys) -> None:
        """Take the next article's hashes."""
        self._keys.append(keys)

    @property
    def articles(self) -> int:
        return len(self._keys)

    def find(self, wanted: Keys) -> tuple[Rows, Rows]:
        """Return (positions in ``wanted``, row numbers), one pair for each article that has a wanted key."""
        for row in range(self._known, len(self._keys)):
            for key in self._keys[row].tolist():
                self._by_key.setdefault(key, []).append(self.first + row)
        self._known = len(self._keys)
        pairs = [(position, row) for position, key in enumerate(wanted.tolist()) if key in self._by_key for row in self._by_key[key]]
        if not pairs:
            return _NONE, _NONE
        both = np.array(pairs, dtype=np.int64)
        return both[:, 0], both[:, 1]

    def sealed(self) -> Segment:
        """Return the same as a sorted segment."""
        owners = np.repeat(np.arange(len(self._keys), dtype=np.uint16), [len(keys) for keys in self._keys])
        return Segment(np.concatenate(self._keys), owners, self.first, self.first + len(self._keys) - 1)


class Postings:
    """All hashes of the window: large segments, small segments, nursery, oldest first. ``small``: articles in a nursery."""

    def __init__(self, small: int = SMALL) -> None:
        assert small * FANOUT <= 1 << 16
        self._small = small
        self._segments: list[Segment] = []
        self._nursery = Nursery(0)

    def add(self, keys: Keys) -> int:
        """Take the next article's hashes and return its row number (0, 1, 2 …)."""
        row = self._nursery.first + self._nursery.articles
        self._nursery.add(keys)
        if self._nursery.articles == self._small:
            self._segments.append(self._nursery.sealed())
            self._nursery = Nursery(row + 1)
            small = [part for part in self._segments[-FANOUT:] if part.articles == self._small]
            if len(small) == FANOUT:
                self._segments[-FANOUT:] = [Segment.merged(small)]
        return row

    def find(self, wanted: Keys, most: Rows) -> tuple[Rows, Rows]:
        """Return (positions in ``wanted``, row numbers), one pair for each article that has a wanted key.

        :param most: for each wanted key, the number of articles above which it is passed over: it is nobody's mark, and
            gathering them would cost what they cost.
        """
        located = [part.find(wanted) for part in self._segments]
        young, rows = self._nursery.find(wanted)
        total = np.bincount(young, minlength=len(wanted))
        for found in located:
            if found is not _NOWHERE:
                total[found.positions] += found.counts
        rare = total <= most
        positions, owners = [young[rare[young]]], [rows[rare[young]]]
        for part, found in zip(self._segments, located, strict=True):
            if found is _NOWHERE:
                continue
            kept = rare[found.positions]
            if kept.any():
                few = Found(found.positions[kept], found.counts[kept], found.begins[kept])
                positions.append(np.repeat(few.positions, few.counts))
                owners.append(part.rows(few))
        return np.concatenate(positions), np.concatenate(owners)

    def drop(self, before: int) -> None:
        """Forget the segments that hold only rows below ``before``."""
        self._segments = [part for part in self._segments if part.last >= before]

    @property
    def nbytes(self) -> int:
        """Bytes of the sorted arrays (the nursery not counted)."""
        return sum(part.keys.nbytes + part.owners.nbytes for part in self._segments)
