"""When two texts are one: the thresholds, and what they rest on.

Measured with ``bench/stories.py``; a threshold that is moved must be moved there first.
"""

from __future__ import annotations

USUAL = 0.45  # share of the smaller text; a copy cut to half keeps far more, a text that quotes 20 % far less
USUAL_SHARED = 4
UNSURE = 16  # with fewer hashes than this on the smaller side an estimate is rough …
UNSURE_SHARE, UNSURE_SHARED = 0.6, 6  # … and must be clearer
SHORT = 80  # shingles: a teaser of several sentences
SHORT_SHARE, SHORT_SHARED = 0.6, 8
TINY = 24  # shingles: one or two sentences, which must be nearly equal as a whole
TINY_SHARE = 0.85
NOTHING = 6  # shingles: a line that any article may carry ("Read the full story")


def same_text(*, shared: int, smaller: int, totals: tuple[int, int], numbers: tuple[int, int]) -> bool:
    """Whether two texts are copies of each other, whole or in part.

    :param shared: hashes in common. ``smaller``: hashes of the smaller sketch, at the limit of both.
    :param totals: distinct shingles of each text.
    :param numbers: of the numbers in the texts, how many are in common, and how many the text with fewer has.
    """
    short = min(totals)
    if short < NOTHING or not smaller or not numbers_agree(*numbers):
        return False
    if short < TINY:
        return shared >= TINY_SHARE * max(totals)
    share = shared / smaller
    if short < SHORT:
        return share >= SHORT_SHARE and shared >= SHORT_SHARED
    if smaller < UNSURE:
        return share >= UNSURE_SHARE and shared >= UNSURE_SHARED
    return share >= USUAL and shared >= USUAL_SHARED


def numbers_agree(common: int, fewer: int) -> bool:
    """Whether the text with fewer numbers has at least half of them in common with the other; True where there are too few to tell.

    A form letter (an earthquake, a stock report, a match) shares its sentences with all its siblings, not its numbers.
    """
    return fewer < 4 or 2 * common >= fewer
