"""Which rules are worth a look at an article: from the terms that were found to the rules whose needs they may meet.

The few hundred terms of an article are spread over all the terms there are, so what is looked up by term is kept in flat arrays: each look-up misses the
processor's cache at most once.
"""

from __future__ import annotations

from array import array

from watcher.rules.automaton import picked
from watcher.rules.conditions import Needs


class Triggers:
    """Which rules a term may make true. One flat array, for the few hundred terms of an article are spread over all of it and each would miss the cache."""

    __slots__ = ("_lists", "_rules")

    def __init__(self, triggers: dict[int, list[int]], size: int) -> None:
        self._rules = (
            array("i", [-1]) * size if triggers else None
        )  # by a term's number: -1, its one rule, or below that the place of its list
        self._lists: list[list[int]] = []
        if self._rules is None:
            return
        for number, reached in triggers.items():
            if len(reached) == 1:
                self._rules[number] = reached[0]
            else:
                self._lists.append(reached)
                self._rules[number] = -1 - len(self._lists)

    def reached(self, present: set[int]) -> set[int]:
        """Return the rules of the terms that are present."""
        if self._rules is None:
            return set()
        found = picked(self._rules, present)
        if self._lists:
            several = [code for code in found if code < 0]
            found.difference_update(several)
            found.update(*[self._lists[-2 - code] for code in several])
        return found


def by_term(needs: list[Needs], size: int) -> tuple[Triggers, Triggers, Triggers]:
    """Return, by term, the rules whose only need it fulfils, whose first, and whose second.

    :param needs: by rule; the sets that are least likely to be met come first.
    :param size: how many terms there are.
    """
    only: dict[int, list[int]] = {}
    first: dict[int, list[int]] = {}
    second: dict[int, list[int]] = {}
    for i, sets in enumerate(needs):
        for terms, triggers in zip(sets, (only,) if len(sets) == 1 else (first, second), strict=False):
            for number in terms:
                triggers.setdefault(number, []).append(i)
    return Triggers(only, size), Triggers(first, size), Triggers(second, size)
