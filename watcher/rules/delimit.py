"""The text that the automaton reads: scan text in which every word boundary beside a spaced script is a space.

Whatever is no letter, digit or mark becomes a space, one for one; where a letter of a script written with spaces meets one of a script without (日本のPatriotを) a
space is put in. A term of spaced script is then looked for with a space on either side, so that what the automaton finds *is* a whole word and needs no
second look: half of all hits inside longer words never reach Python. Terms are delimited by the same function as texts.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from watcher.text import boundary
from watcher.text.boundary import Kind

BARRIER = "\x01\x00\x01"  # between fields: delimits words, but no term reaches across, for none holds such a character

_ASCII = {code: " " for code in range(1, 128) if not chr(code).isalnum()}
_ODD = re.compile(r"[^\w \x00]")
DENSE_RANGES = "".join(f"{chr(first)}-{chr(last)}" for first, last in (*boundary.UNSPACED_RANGES, *boundary.HANGUL_RANGES))
DENSE = re.compile(f"[{DENSE_RANGES}]")
_SPACED_RUN = re.compile(rf"[^\W_{DENSE_RANGES}]+")


class Delimited:
    """A delimited text. ``text``: what the automaton reads; :meth:`scan` leads back to the scan text."""

    __slots__ = ("_inserted", "text")

    def __init__(self, text: str, inserted: list[int]) -> None:
        self.text, self._inserted = text, inserted  # offsets of inserted spaces in ``text``, ascending

    @property
    def identical(self) -> bool:
        """Whether offsets are those of the scan text."""
        return not self._inserted

    def scan(self, offset: int) -> int:
        """Return the scan text's offset for one of this text."""
        return offset - bisect_left(self._inserted, offset)


def delimit(scan: str) -> Delimited:
    """Delimit a scan text or a term."""
    if scan.isascii():
        return Delimited(scan.translate(_ASCII), [])
    text = scan.replace("_", " ")
    marks = ""
    for char in set(_ODD.findall(text)):
        if boundary.kind(char) is Kind.MARK:
            marks += char
        else:
            text = text.replace(char, " ")
    if marks:  # a mark that stands on no letter is no part of a word
        text = re.sub(rf"(?<= )[{re.escape(marks)}]+", lambda match: " " * len(match[0]), text)
    return _insert(text, scan) if DENSE.search(text) else Delimited(text, [])


def _insert(text: str, scan: str) -> Delimited:
    """Put a space at each boundary between a letter of a spaced script and one of another."""
    parts: list[str] = []
    inserted: list[int] = []
    done = 0
    for run in _SPACED_RUN.finditer(text):
        for edge, neighbour in ((run.start(), run.start() - 1), (run.end(), run.end())):
            if 0 <= neighbour < len(text) and text[neighbour] not in " \x00" and boundary.is_boundary(scan, edge):
                parts.append(text[done:edge])
                inserted.append(edge + len(inserted))
                done = edge
    parts.append(text[done:])
    return Delimited(" ".join(parts), inserted)
