"""Where words begin and end, decided by the scripts of the two neighbours.

Scripts written with spaces (Latin, Cyrillic, Greek, Arabic, Devanagari …) and digits join: ``AI`` is not in ``training`` and ``155`` not in
``155mm``. Scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese …) have no boundaries to violate: 岸田 is found in running
text, and so is ``Patriot`` beside kana. Hangul is written with spaces but hangs its particles on the noun: 한국 is found in 한국이, not in
한국어. Nothing ends before a combining mark, which belongs to the letter it stands on. The apostrophe is no letter, so ``Patriot's`` and
``l'Ukraine`` hold the names. The same scripts decide what counts as one word when words are counted.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from enum import IntEnum


class Kind(IntEnum):
    """How a character takes part in words."""

    OTHER = 0  # white space, punctuation, symbols
    SPACED = 1  # letters and digits that join
    UNSPACED = 2  # letters of scripts written without spaces
    HANGUL = 3
    MARK = 4  # combining marks


# First and last code points of scripts written without spaces between words (Unicode 16 blocks).
UNSPACED_RANGES = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # CJK and Kangxi radicals
    (0x3005, 0x312F),  # iteration marks, kana, bopomofo
    (0x31A0, 0x31FF),  # bopomofo and katakana extensions
    (0x3400, 0x4DBF),  # Han A
    (0x4E00, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar B
    (0xAA60, 0xAADF),  # Myanmar A, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # half-width katakana
    (0x1B000, 0x1B16F),  # kana extensions
    (0x20000, 0x3FFFF),  # Han B and later
)
_FIRSTS = [first for first, _ in UNSPACED_RANGES]
HANGUL_RANGES = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF))
_CACHE_LIMIT = 20_000  # a hostile text must not make the cache hold all of Unicode

# Particles and copulas that follow a Korean noun without a space; up to three in a row (에서는, 들에게도).
_PARTICLES = (
    "은 는 이 가 을 를 의 에 에서 에게 에게서 한테 께 께서 와 과 도 만 로 으로 로서 으로서 로써 으로써 까지 부터 보다 처럼 같이 하고 "
    "이나 나 이라도 라도 마다 조차 밖에 이며 며 이고 고 이란 란 이라는 라는 이라고 라고 이다 다 이었다 였다 입니다 인 들 씨 측 및 대로 만큼 뿐 치고 든지 이든 랑 이랑 야 아"
)
_PARTICLE_RUN = re.compile("(?:" + "|".join(sorted(_PARTICLES.split(), key=len, reverse=True)) + "){1,3}(?![\uac00-\ud7a3])")


def _classify(char: str) -> Kind:
    code = ord(char)
    if code < 128:
        return Kind.SPACED if char.isalnum() else Kind.OTHER
    category = unicodedata.category(char)
    if category[0] == "M":
        return Kind.MARK
    if category[0] != "L" and not char.isalnum():
        return Kind.OTHER
    if any(first <= code <= last for first, last in HANGUL_RANGES):
        return Kind.HANGUL
    place = bisect_right(_FIRSTS, code) - 1
    return Kind.UNSPACED if place >= 0 and code <= UNSPACED_RANGES[place][1] else Kind.SPACED


class _Kinds(dict[str, Kind]):
    """Character -> :class:`Kind`, filled as characters are met."""

    def __missing__(self, char: str) -> Kind:
        kind = _classify(char)
        if len(self) < _CACHE_LIMIT:
            self[char] = kind
        return kind


# Public for loops that cannot afford a call: read only.
kinds: dict[str, Kind] = _Kinds({chr(code): _classify(chr(code)) for code in range(128)})


def kind(char: str) -> Kind:
    """Return how one character takes part in words."""
    return kinds[char]


def is_boundary(s: str, i: int) -> bool:
    """Tell whether a word may begin or end between ``s[i-1]`` and ``s[i]``; true at both ends of the text."""
    if i <= 0 or i >= len(s):
        return True
    after = kinds[s[i]]
    if after is Kind.OTHER:
        return True
    if after is Kind.MARK:
        return False
    before = kinds[s[i - 1]]
    while before is Kind.MARK and i > 1:
        i -= 1
        before = kinds[s[i - 1]]
    return before is not after or before is Kind.UNSPACED


def starts_word(s: str, i: int) -> bool:
    """Tell whether a term may begin at ``i``."""
    return is_boundary(s, i)


def ends_word(s: str, i: int) -> bool:
    """Tell whether a term may end at ``i``: at a boundary, or where only Korean particles follow to the end of the word."""
    if is_boundary(s, i):
        return True
    return kinds[s[i]] is Kind.HANGUL and _PARTICLE_RUN.match(s, i) is not None


def word_starts(s: str) -> list[int]:
    """Return the offsets at which the words of the folded text ``s`` begin, for counting steps from word to word.

    An apostrophe does not divide a word; a hyphen does, as it does in phrases. Each letter of a script without spaces is a word.
    """
    starts: list[int] = []
    for match in _WORD.finditer(s):
        begin, end = match.span()
        if s[begin:end].isascii():
            starts.append(begin)
        else:
            starts.extend(_split(s, begin, end))
    return starts


_WORD = re.compile(
    r"[^\W_](?:[^\W_]|[^\w\s!-~]|'(?=[^\W_]))*"
)  # generous on purpose: _split() looks at each character of what is not ASCII


def _split(s: str, begin: int, end: int) -> list[int]:
    starts: list[int] = []
    inside = Kind.OTHER
    for i in range(begin, end):
        here = kinds[s[i]]
        if here is Kind.MARK or s[i] == "'":
            continue
        if here is not Kind.OTHER and (here is not inside or here is Kind.UNSPACED):
            starts.append(i)
        inside = here
    return starts
