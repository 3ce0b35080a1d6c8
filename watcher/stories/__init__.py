"""Stories: which articles tell of one event, so that it is told once. Pure.

::

    canonical   one URL for one article: tracking, AMP, mobile hosts, what the page itself declares
    sketch      a few dozen hashes that say how much of one text stands in another (FracMinHash)
    headline    when two headlines are the same, and when a headline says too little to tell
    segment     sorted arrays of sketch hashes: one bounded slice of the window
    profile     what an article is about: its names, phrases and figures, weighed by a table of common words (commonness)
    events      which story reports the same event in other words
    credit      who stands behind a report: an agency that is credited, else the site
    index       the articles of the last 14 days; ``decide`` puts a new one into a story, or opens one
    cluster     the same over a finite stream of articles, for ``watcher cluster``

Precision comes first: a false merge hides news, a missed one only repeats it. Nothing here reads a clock: an article brings
its own time, and the window hangs on that.
"""

from watcher.stories.index import WINDOW, Candidate, Index, Verdict

__all__ = ["WINDOW", "Candidate", "Index", "Verdict"]
