"""Folding: what is the same to a reader becomes the same to the machine, and every offset finds its way back.

Folded away: case (full case folding), compatibility forms (NFKC: width, ligatures, circled digits), composition (й typed as и + breve), kinds
of dashes, quotes and white space, and invisible characters (soft hyphen, zero-width and bidi controls, variation selectors). Kept: … № ™
℠, whose NFKC expansions are letters or stops that would glue to their neighbours; and marks: é is not e, й is not и, が is not か, unless
``accents=False``, which takes marks off Latin and Greek letters, and makes ё е, as most Russian texts do. A stress mark on a Cyrillic letter (Ки́єва) is
no part of the word's spelling and always goes.

Most texts fold one to one: a scan, a few replacements, ``casefold``. Only where something composes, expands or vanishes is the text taken
apart around those places, cluster by cluster, and a map kept. Runs of combining marks are cut at 30 (UAX #15, stream-safe) *before* they
are normalised: 100,000 of them would hold the interpreter for 14 s. ``fold(fold(s).text).text == fold(s).text``.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

MAX_MARKS = 30  # UAX #15 D3, stream-safe text format

_KEPT = frozenset("…№™℠")
_ONE_TO_ONE: dict[str, str] = {
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2028\u2029\x85", " "),
    **dict.fromkeys("‐‑‒–—―−⸺⸻־﹘﹣", "-"),
    **dict.fromkeys("‘’‚‛ʼʹ′´ˈ", "'"),
    **dict.fromkeys("“”„‟«»″〝〞〟", '"'),
    **{chr(0xFF01 + i): chr(0x21 + i) for i in range(94)},  # full-width ASCII
    "`": "'",  # п`ять
}
# Characters that fold to exactly one character each, alone and beside any other of this set. A test walks through all of them.
_SAFE = (
    "\x00-_a-\x7f¡-§©¬®°-±¶-·¿-Þà-ÿĀ-įı\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0180-\u01c3\u01cd-\u01ef\u01f4-\u024f\u0386\u0388-\u038f\u0391-\u03af"
    "\u03b1-\u03ce\u0400-\u0481\u048a-\u052f\u0531-\u0556\u0561-\u0586\u05d0-\u05ea\u060c\u061b\u061f-\u063f\u0641-\u064a\u0660-\u066f\u0671-\u0674\u0679-\u06d3"
    "\u0905-\u0939\u10d0-\u10fa\u1e00-\u1e95\u1ea0-\u1eff\u2016\u2020-\u2022\u2026\u2030\u2039-\u203a\u20a0-\u20a7\u20a9-\u20bf№™℠"
    "\u2190-\u21ff\u2500-\u27bf\u3001-\u301c\u3020-\u3029\u3041-\u3096\u309d-\u309e\u30a0-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U0001f300-\U0001f5ff\U0001f600-\U0001f6ff\U0001f900-\U0001f9ff"
)
_UNSAFE = re.compile(f"[^{_SAFE}]")
_RISKY = re.compile(f"[^{_SAFE}{re.escape(''.join(_ONE_TO_ONE))}]+")

# Default-ignorable code points (DerivedCoreProperties.txt), and the Arabic tatweel, which only stretches a word.
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u3164\ufeff\uffa0"
) | frozenset(
    chr(code)
    for code in (
        *range(0xFE00, 0xFE10),
        *range(0xFFF0, 0xFFF9),
        *range(0xE0000, 0xE1000),
        *range(0x1BCA0, 0x1BCA4),
        *range(0x1D173, 0x1D17B),
    )
)

_STROKES = str.maketrans("łøđħŧıŁØĐĦŦёЁ", "lodhtiLODHTеЕ")  # letters with a stroke have no decomposition
_ACCENTED = re.compile("[\u00c0-\u024f\u0370-\u03ff\u0401\u0451\u1e00-\u1fff]")
_STRESS = str.maketrans("", "", "\u0300\u0301")  # what is left of them on a Cyrillic letter after composition: ѓ, ќ, ѐ, ѝ are letters


class Folded:
    """A folded text and the way back to the original.

    ``text`` is the folded text. Offsets are code points. :meth:`span` gives the slice of the original that a slice of ``text`` came from.
    """

    __slots__ = ("_ends", "_linear", "_origins", "_starts", "length", "text")

    def __init__(self, text: str, length: int, pieces: list[tuple[int, int, int, bool]] | None = None) -> None:
        self.text, self.length = text, length
        self._starts = [piece[0] for piece in pieces] if pieces is not None else []
        self._origins = [piece[1] for piece in pieces] if pieces is not None else []
        self._ends = [piece[2] for piece in pieces] if pieces is not None else []
        self._linear = [piece[3] for piece in pieces] if pieces is not None else []

    @property
    def identical(self) -> bool:
        """Whether offsets are the same in both texts."""
        return not self._starts and len(self.text) == self.length

    def original(self, i: int) -> int:
        """Return the offset in the original at which folded offset ``i`` begins; the original's length at the end."""
        if not self._starts:
            return i
        if i >= len(self.text):
            return self.length
        piece = bisect_right(self._starts, i) - 1
        origin = self._origins[piece]
        return origin + i - self._starts[piece] if self._linear[piece] else origin

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the offsets in the original of the folded slice ``start:end``: whole clusters, no invisible characters at its edges."""
        if not self._starts or start >= end:
            return (self.original(start), self.original(end)) if start < end else (self.original(start),) * 2
        piece = bisect_right(self._starts, end - 1) - 1
        last = self._origins[piece] + end - self._starts[piece] if self._linear[piece] else self._ends[piece]
        return self.original(start), last


def fold(s: str, *, case: bool = True, accents: bool = True) -> Folded:
    """Fold a text.

    :param s: any str; lone surrogates become U+FFFD.
    :param case: fold case too; False keeps it, for terms that ask for exact case.
    :param accents: keep accents; False takes them off Latin and Greek letters.
    """
    if s.isascii():
        text = s.replace("`", "'")
        return Folded(text.lower() if case else text, len(s))
    special = set(_UNSAFE.findall(s))
    if special and not special <= _ONE_TO_ONE.keys():
        return _fold_pieces(s, case=case, accents=accents)
    return Folded(_fold_plain(s, special, case=case, accents=accents), len(s))


def _fold_plain(s: str, special: set[str], *, case: bool, accents: bool) -> str:
    """Fold a text of characters that fold one to one."""
    for char in special:
        s = s.replace(char, _ONE_TO_ONE[char])
    if case:
        s = s.casefold()
    return s if accents else _ACCENTED.sub(lambda match: _strip(match[0]), s)


@lru_cache(maxsize=4096)
def _strip(text: str) -> str:
    """Take the marks off Latin and Greek letters."""
    out: list[str] = []
    stripping = False
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char) or unicodedata.category(char) == "Mn":
            if stripping:
                continue
        else:
            name = unicodedata.name(char, "")
            stripping = name.startswith(("LATIN", "GREEK"))
        out.append(char)
    return unicodedata.normalize("NFC", "".join(out)).translate(_STROKES)


def _fold_pieces(s: str, *, case: bool, accents: bool) -> Folded:
    """Fold a text in which something composes, expands or vanishes, and keep the map."""
    parts: list[str] = []
    pieces: list[tuple[int, int, int, bool]] = []
    at = done = 0  # folded length so far; original offset up to which all is folded

    def add(text: str, origin: int, end: int, *, linear: bool) -> None:
        nonlocal at
        if text:
            parts.append(text)
            pieces.append((at, origin, end, linear))
            at += len(text)

    for region in _RISKY.finditer(s):
        begin, end = region.span()
        if begin > done:
            begin -= 1  # what follows may combine with the character before
        if begin > done:
            plain = s[done:begin]
            add(_fold_plain(plain, set(_UNSAFE.findall(plain)), case=case, accents=accents), done, begin, linear=True)
        for first, last in _clusters(s, begin, end):
            add(_fold_cluster(_cap(s[first:last]), case=case, accents=accents), first, last, linear=False)
        done = end
    plain = s[done:]
    add(_fold_plain(plain, set(_UNSAFE.findall(plain)), case=case, accents=accents), done, len(s), linear=True)
    return Folded("".join(parts), len(s), pieces)


def _extends(char: str) -> bool:
    """Whether a character may combine with the one before it."""
    return (
        unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or char in "\uff9e\uff9f" or unicodedata.combining(char) != 0
    )


def _clusters(s: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Cut ``s[begin:end]`` before each character that begins anew; invisible characters at the edges belong to none."""
    found: list[tuple[int, int]] = []
    first, last = -1, -1
    for i in range(begin, end):
        char = s[i]
        if char in _INVISIBLE:
            continue
        if first >= 0 and _extends(char):
            last = i + 1
            continue
        if first >= 0:
            found.append((first, last))
        first, last = i, i + 1
    if first >= 0:
        found.append((first, last))
    return found


def _cap(cluster: str) -> str:
    """Drop invisible characters and the marks after the thirtieth of a cluster."""
    if len(cluster) == 1:
        return cluster
    return "".join([char for char in cluster[: 64 * MAX_MARKS] if char not in _INVISIBLE])[: MAX_MARKS + 1]


@lru_cache(maxsize=8192)
def _fold_cluster(cluster: str, *, case: bool, accents: bool) -> str:
    """Fold one cluster until nothing changes any more: casefold and NFKC feed each other a few times at most."""
    if cluster in _KEPT:
        return cluster
    if "\ud800" <= cluster[0] <= "\udfff":  # no encoder takes it
        cluster = "\ufffd" + cluster[1:]
    for _ in range(5):
        before = cluster
        cluster = "".join([_ONE_TO_ONE.get(char, char) for char in cluster])
        cluster = "".join([char for char in unicodedata.normalize("NFKC", cluster) if char not in _INVISIBLE])
        if "\u0400" <= cluster[:1] <= "\u052f":
            cluster = cluster.translate(_STRESS)
        if case:
            cluster = unicodedata.normalize("NFKC", cluster.casefold())
        if not accents:
            cluster = _strip(cluster)
        if cluster == before:
            break
    return cluster
