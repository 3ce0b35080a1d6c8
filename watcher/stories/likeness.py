"""When two texts are one: the thresholds, and what they rest on.

Measured with ``bench/stories.py``; a threshold that is moved must be moved there first.
"""

from __future__ import annotations

from dataclasses import dataclass

USUAL = 0.45  # share of the smaller text; a copy cut to half keeps far more, a text that quotes 20 % far less
USUAL_SHARED = 4
UNSURE = 16  # with fewer hashes than this on the smaller side an estimate is rough …
UNSURE_SHARE, UNSURE_SHARED = 0.6, 6  # … and must be clearer
SHORT = 80  # shingles: a teaser of several sentences
SHORT_SHARE, SHORT_SHARED = 0.6, 8
TINY = 24  # shingles: one or two sentences, which must be nearly equal as a whole
TINY_SHARE = 0.85
TINY_ALONE = 10  # shingles: with fewer, the headlines must be alike as well
SERIES_SHARE = 0.9
NOTHING = 6  # shingles: a line that any article may carry ("Read the full story")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headlines:
    """Two headlines side by side: words in common, words of the shorter, and whether their numbers are the same, or both have other ones."""

    common: int
    fewer: int
    same_figures: bool
    other_figures: bool

    @property
    def alike(self) -> bool:
        """Whether they may announce one thing: two thirds of the shorter one's words in common."""
        return self.fewer > 0 and 3 * self.common >= 2 * self.fewer


def same_text(
    *, shared: int, smaller: int, totals: tuple[int, int], numbers: tuple[int, int], one_site: bool, headlines: Headlines
) -> bool:
    """Whether two texts are copies of each other, whole or in part.

    :param shared: hashes in common. ``smaller``: hashes of the smaller sketch, at the limit of both.
    :param totals: distinct shingles of each text.
    :param numbers: of the numbers in the texts, how many are in common, and how many the text with fewer has.
    :param one_site: the articles come from one host, where a series repeats itself; see :func:`series`.
    """
    short = min(totals)
    if short < NOTHING or not smaller or not numbers_agree(*numbers):
        return False
    share = shared / smaller
    if one_site and series(short, share, headlines):
        return False
    if short < TINY:
        return shared >= TINY_SHARE * max(totals) and (short >= TINY_ALONE or headlines.alike)
    if short < SHORT:
        return share >= SHORT_SHARE and shared >= SHORT_SHARED
    if smaller < UNSURE:
        return share >= UNSURE_SHARE and shared >= UNSURE_SHARED
    return share >= USUAL and shared >= USUAL_SHARED


def series(short: int, share: float, headlines: Headlines) -> bool:
    """Whether two like texts of one site are rather two parts of a series.

    A series prints the same teaser under every headline ("Some hints for today's puzzle"), and the same frame of a longer text
    under headlines that differ in a number ("Answer #584 – January 24").
    """
    if short < SHORT:
        return not (headlines.alike and headlines.same_figures)
    return next_in_series(headlines) and share < SERIES_SHARE


def next_in_series(headlines: Headlines) -> bool:
    """Whether two headlines of one site differ in a number alone ("day 314", "day 315")."""
    return headlines.alike and headlines.other_figures


def numbers_agree(common: int, fewer: int) -> bool:
    """Whether the text with fewer numbers has a third of them or more in common with the other; True where there are too few to tell.

    A form letter (an earthquake, a stock report, a match) shares its sentences with all its siblings, not its numbers.
    """
    return fewer < 4 or 3 * common >= fewer
