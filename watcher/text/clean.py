"""Making text from outside harmless: what no mail, database, terminal or JSON reader may ever see is removed here, once.

Removed: NUL and other controls, lone surrogates, noncharacters, bidi controls and other invisible formatting except the joiners that hold emoji and
some scripts together. Vertical tab, form feed, NEL, U+2028 and U+2029 become line breaks. Runs of combining marks end at 30.
A cut is made between graphemes and shows itself as ``…``. (RELIABILITY C03, C08, P04, L10.)
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 30
_BAD = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\ufdd0-\ufdef\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    + "".join(f"{chr((plane << 16) | 0xFFFE)}{chr((plane << 16) | 0xFFFF)}" for plane in range(1, 17))
    + "]+"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
# The blocks that hold marks which stack (zalgo); others are caught by category once a text has any of them in a long run.
_MARK_RUN = re.compile(r"(?:(?![\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3])[^\x00-\u02ff\w\s]){31,}")
_JOINER = "\u200d"


def clean(s: str, limit: int | None = None) -> str:
    """Return ``s`` without anything harmful; lines are kept, white space inside them is collapsed.

    :param limit: the most characters to return, including the ``…`` that shows a cut.
    """
    s = _BREAKS.sub("\n", _BAD.sub("", s))
    s = _BLANK_LINES.sub("\n\n", _LINES.sub("\n", _SPACES.sub(" ", s))).strip()
    if not s.isascii():
        s = _MARK_RUN.sub(lambda match: _cap_marks(match[0]), s)
    return s if limit is None else cut(s, limit)


def one_line(s: str, limit: int) -> str:
    """Return ``s`` cleaned, on one line, of at most ``limit`` characters."""
    return cut(" ".join(clean(s).split()), limit)


def cut(s: str, limit: int) -> str:
    """Shorten ``s`` to at most ``limit`` characters, between graphemes, with ``…`` in place of what is missing."""
    if len(s) <= limit:
        return s
    if limit <= 1:
        return "…"[:limit]
    end = limit - 1
    floor = max(0, end - 64)  # no honest grapheme is longer
    while end > floor and _inside_grapheme(s, end):
        end -= 1
    if end == floor and floor > 0:
        end = limit - 1
    return s[:end].rstrip() + "…"


def _inside_grapheme(s: str, i: int) -> bool:
    """Whether a cut between ``s[i-1]`` and ``s[i]`` would tear a grapheme (the cases of UAX #29 that occur in text)."""
    before, after = s[i - 1], s[i]
    if (
        _JOINER in (before, after)
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
    ):
        return True
    if unicodedata.category(after)[0] == "M" or "\u1160" <= after <= "\u11ff":
        return True
    if _is_flag(before) and _is_flag(after):
        run = 0
        while run < i and _is_flag(s[i - 1 - run]):
            run += 1
        return run % 2 == 1
    return False


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _cap_marks(run: str) -> str:
    """Keep the first thirty of each run of combining marks."""
    out: list[str] = []
    marks = 0
    for char in run:
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks <= MAX_MARKS:
            out.append(char)
    return "".join(out)
