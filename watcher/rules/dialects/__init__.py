"""Queries of other tools -> ours, or precisely what in them has no equivalent.

    common      what all share: the result, the refusal, terms, regular expressions
    boolean     the grammar that Meltwater, Brandwatch and Talkwalker have in common, and the three as tables of differences
    freshrss    FreshRSS's searches and filters

What is converted means the same as far as the other tool documents it; where it nearly does, a note says what differs. Distances, for one:
these tools count the words *between* two terms, we count the steps from one to the other, so their NEAR/4 is our NEAR/5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from watcher.rules.dialects import boolean, freshrss
from watcher.rules.dialects.converted import Converted, NoEquivalent, checked

__all__ = ["DIALECTS", "Converted", "NoEquivalent", "convert"]

DIALECTS: Mapping[str, Callable[[str], Converted]] = {
    "meltwater": boolean.Reader(boolean.MELTWATER),
    "brandwatch": boolean.Reader(boolean.BRANDWATCH),
    "talkwalker": boolean.Reader(boolean.TALKWALKER),
    "freshrss": freshrss.convert,
}


def convert(dialect: str, text: str) -> Converted:
    """Convert one query.

    :param dialect: one of :data:`DIALECTS`.
    :raises NoEquivalent: at what our language cannot say.
    :raises QueryError: at what is wrong with the query in its own dialect.
    """
    return checked(DIALECTS[dialect](text), text)
