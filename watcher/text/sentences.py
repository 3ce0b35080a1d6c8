"""The sentence around a match, in any script.

A rule of thumb, not a parser: a sentence ends at a line break, at a full stop of its script, or at ``. ! ?`` followed by white space, unless the stop
belongs to an abbreviation or an initial, or the next word goes on in lower case.
"""

from __future__ import annotations

import re

NEAR = 150  # characters before a span that are looked at first
LIMIT = 600  # characters of a sentence that a mail can show

_ENGLISH = (
    "mr mrs ms dr prof sr jr st mt ft gen lt col maj capt cmdr sgt adm gov sen rep rev hon pres min dept univ assn bros inc ltd co corp llc plc "
    "vs etc approx no nos vol fig ed est jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun e.g i.e u.s u.k u.n u.s.a "
    "d.c a.m p.m ph.d cf ca"
)
_WEST = (  # German, French, Spanish, Polish, Czech
    "nr bzw z.b d.h u.a usw evtl ggf inkl mio mrd str hr fr mme mlle av bd sra srta ud uds np tzn tzw ul al płk mjr ppłk kpt im m.in tys mln mld "
    "godz r tj např tzv mil tis ing mudr"
)
_CYRILLIC = (  # Ukrainian, Russian, Bulgarian
    "ім вул просп буд кв обл р рр ст тис млн млрд грн коп т.д т.п т.зв ін див напр проф доц акад ген полк ул пр д г гг им руб тыс долл т.е т.к "
    "т.н др см стр гр м"
)
_ABBREVIATIONS = frozenset(f"{_ENGLISH} {_WEST} {_CYRILLIC}".split())
_BREAK = re.compile(
    r"\n+"  # a line break ends a paragraph
    r"|[。！？｡．][」』）】”’\"')\]]*"
    r"|[।॥۔؟؛։។៕။።፧]+\s*"
    r"|(?P<stop>[.!?…]+)[\"'”’»“)\]]*\s+"
)
_STOPS = re.compile("[\n。！？｡．।॥۔؟؛։។៕။።፧.!?…]+")  # one class is searched far faster than the alternatives above
_BEFORE_LAST_WORD = re.compile(r".*[\s(«„“\"'‘]", re.DOTALL)


def around(s: str, start: int, end: int) -> tuple[int, int]:
    """Return the offsets of the sentence that holds ``s[start:end]``, without white space at its edges, at most 600 characters.

    A longer sentence is cut between words around the span; a span longer than that is returned as it is.
    """
    reach = LIMIT + 100
    low, high = max(0, start - reach), min(len(s), end + reach)
    first, last = low, high
    for begin, end_of in ((max(low, start - NEAR), start), (low, start - NEAR)):  # most sentences begin close by
        stops = [match.start() for match in _STOPS.finditer(s, begin, end_of)]
        after = next(
            (end_at for stop in reversed(stops) if (end_at := _sentence_end(s, stop, low, high)) is not None and end_at <= start), None
        )
        if after is not None:
            first = after
            break
    for match in _STOPS.finditer(s, max(start, end - 1), high):
        after = _sentence_end(s, match.start(), low, high)
        if after is not None and after >= end:
            last = match.start() if s[match.start()] == "\n" and match.start() >= end else after
            break
    first, last = min(first, start), max(last, end)
    while first < start and s[first].isspace():
        first += 1
    while last > end and s[last - 1].isspace():
        last -= 1
    return (first, last) if last - first <= LIMIT else _shorten(s, start, end, first, last)


def split(s: str) -> list[str]:
    """Return the sentences of a text in order, without white space at their edges, none empty."""
    found, begin = [], 0
    for match in _STOPS.finditer(s):
        after = _sentence_end(s, match.start(), begin, len(s)) if match.start() >= begin else None
        if after is not None:
            found.append(s[begin:after].strip())
            begin = after
    found.append(s[begin:].strip())
    return [sentence for sentence in found if sentence]


def _sentence_end(s: str, stop: int, low: int, high: int) -> int | None:
    """Return where the next sentence begins if one ends with the stops at ``stop``, else None."""
    match = _BREAK.match(s, stop, high)
    if match is None:
        return None
    if match["stop"] is None:
        return match.end()
    if s[match.end() : match.end() + 1].islower():
        return None
    if match["stop"] != ".":
        return match.end()
    word = s[max(low, stop - 24) : stop]
    before = _BEFORE_LAST_WORD.match(word)
    word = word[before.end() :] if before else word
    if len(word) == 1 and word.isalpha() and word.upper() == word:
        return None  # an initial: J. Smith
    return None if word.casefold() in _ABBREVIATIONS else match.end()


def _shorten(s: str, start: int, end: int, first: int, last: int) -> tuple[int, int]:
    """Cut a long sentence to the limit around the span, between words where there are any."""
    room = max(0, LIMIT - (end - start))
    left = max(first, start - room // 2)
    right = min(last, end + room - (start - left))
    left = max(first, min(left, start - (room - (right - end))))
    if left > first:
        space = s.find(" ", left, min(left + 40, start))
        left = space + 1 if space >= 0 else left
    if right < last:
        space = s.rfind(" ", max(right - 40, end), right)
        right = space if space >= 0 else right
    return left, right
