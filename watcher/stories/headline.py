"""When two headlines are the same, and when a headline says too little to tell.

Outlets that print one wire text often keep its headline; so equal headlines on two sites within days are nearly always one
story. Not so for headlines of a series ("Daily briefing", "Letters to the editor"), which name a place in the paper and no
event: a headline counts only when it is long enough, and the index drops those that one site uses again and again.
"""

from __future__ import annotations

import re

from watcher.stories.sketch import digest
from watcher.text.fold import fold

MIN_WORDS = 5
MIN_LETTERS = 24
MIN_UNSPACED = 12  # characters, where a script writes no spaces

_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0eff])+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_UNSPACED_RUN = re.compile(f"{_UNSPACED.pattern}+")
_NUMBER = re.compile(r"\d+")
_KICKER = re.compile(
    r"^(?:breaking(?: news)?|just in|exclusive|update ?\d*|updated|corrected|watch|video|photos?|live|opinion|analysis|explainer)\s*[:|\u2013\u2014-]\s*"
)
_SITE = re.compile(r"\s(?:\||-|\u2013|\u2014|\u00b7|::)\s(?P<site>[^|]{2,40})$")
_SERIES = re.compile(
    r"\b(?:horoscopes?|crossword|sudoku|wordle|briefing|newsletter|podcast|episode|obituar(?:y|ies)|letters? to the editor|photos? of the (?:day|week)"
    r"|quote of the day|open thread|week in review|what to watch|things to know|weather forecast|traffic|lottery|powerball|live updates?|highlights|recap|roundup|top stories"
    r"|гороскоп|дайджест|прогноз погод[иы]|погода на|курс валют|главное за|головне за|прогноза за времето|prognoza pogody|horoskop|wetter|lotto)\b"
)


def key(title: str) -> int:
    """Return a number that equal headlines share; 0 for one that says too little to be compared.

    Letter case, punctuation, a kicker ("BREAKING:") and a site's name after a bar or dash do not count.
    """
    folded = _KICKER.sub("", fold(title).text.strip())
    site = _SITE.search(folded)
    if site and len(_WORD.findall(site["site"])) <= 4 and tells(folded[: site.start()]):
        folded = folded[: site.start()]
    return digest(" ".join(_WORD.findall(folded))) if tells(folded) else 0


def words(title: str) -> tuple[list[str], str]:
    """Return the words of a headline that may tell it from another, and its numbers in order, joined.

    Scripts without spaces are cut into pairs of characters.
    """
    folded = fold(title).text
    found = [word for word in _WORD.findall(_UNSPACED.sub(" ", folded)) if len(word) > 2 and not word.isdigit()]
    for run in _UNSPACED_RUN.findall(folded):
        found += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
    return found, " ".join(_NUMBER.findall(folded))


def is_series(title: str) -> bool:
    """Whether a headline names a place in the paper (a horoscope, a briefing) and no event."""
    return _SERIES.search(fold(title).text) is not None


def tells(folded: str) -> bool:
    """Whether a folded headline is particular enough to stand for an event."""
    if _SERIES.search(folded):
        return False
    words = _WORD.findall(folded)
    return (len(words) >= MIN_WORDS and sum(map(len, words)) >= MIN_LETTERS) or len(_UNSPACED.findall(folded)) >= MIN_UNSPACED
