"""The little statistics that suggestions need: exact, and honest about small numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence


def fisher(hits: int, of: int, others: int, of_others: int) -> float:
    """Return the one-sided p of Fisher's exact test: how likely ``hits`` of ``of`` beside ``others`` of ``of_others`` is by chance."""
    drawn, total = hits + others, of + of_others
    ways = math.comb(total, drawn)
    return sum(math.comb(of, k) * math.comb(of_others, drawn - k) for k in range(hits, min(drawn, of) + 1)) / ways


def discoveries(p_values: Sequence[float], rate: float) -> int:
    """Return how many of the p-values, in rising order, may be believed at a false discovery ``rate`` (Benjamini and Hochberg 1995)."""
    count = len(p_values)
    return max((i for i, p in enumerate(p_values, 1) if p <= rate * i / count), default=0)


def upper_bound(hits: int, of: int, confidence: float = 0.95) -> float:
    """Return the upper confidence bound of a share (Clopper and Pearson 1934), by bisection; 1 where nothing was seen."""
    if of <= 0 or hits >= of:
        return 1.0
    low, high = hits / of, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        tail = sum(math.comb(of, k) * middle**k * (1 - middle) ** (of - k) for k in range(hits + 1))
        low, high = (middle, high) if tail > 1 - confidence else (low, middle)
    return high
