"""Many literals found in one pass: the Aho-Corasick automaton, in Rust, or in C where there is no wheel of the Rust one (musl)."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

try:
    from ahocorasick_rs import AhoCorasick
except ImportError:  # pragma: no cover: depends on the platform
    AhoCorasick = None  # type: ignore[assignment,misc]


class Automaton:
    """Finds all occurrences, overlapping ones too, of non-empty literals in a text."""

    __slots__ = ("_find", "size")

    def __init__(self, literals: Sequence[str]) -> None:
        self.size = len(literals)
        self._find: Any = None
        if not literals:
            return
        if AhoCorasick is not None:
            # The default implementation is chosen by size; a forced DFA takes 1.3 GB for 10⁵ phrases.
            self._find = AhoCorasick(literals, store_patterns=False).find_matches_as_indexes
        else:  # pragma: no cover: depends on the platform
            self._find = _in_c(literals)

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Return (index of the literal, start, end) of each occurrence."""
        return self._find(text, overlapping=True) if self._find is not None else []


def _in_c(literals: Sequence[str]) -> Any:  # pragma: no cover: depends on the platform
    import ahocorasick  # type: ignore[import-not-found]  # noqa: PLC0415

    automaton = ahocorasick.Automaton()
    for i, literal in enumerate(literals):
        automaton.add_word(literal, i)
    automaton.make_automaton()

    def find(text: str, *, overlapping: bool) -> list[tuple[int, int, int]]:
        assert overlapping
        return [(i, end + 1 - len(literals[i]), end + 1) for end, i in automaton.iter(text)]

    return find


def picked(values: array[int], places: Collection[int]) -> set[int]:
    """Return what stands at some places of an array, -1 left out. The hits of an article are spread over all literals there are: a flat array of their
    numbers misses the processor's cache once a hit, a list of Python's integers twice."""
    found = set(itemgetter(*places)(values)) if len(places) > 1 else {values[place] for place in places}
    found.discard(-1)
    return found
