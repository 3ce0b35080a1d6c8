"""Which aliases of a list are worth looking for, and how.

Lists of names hold much that would match every other article: initials, words of every day, names of two letters. What is hopeless is left out; what
is short or common minds its capitals (``case = true``); both are reported.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

from watcher.model import Alias

LONGEST = 200  # characters of an alias; what is longer is a description
SHORT = 4  # letters and digits of an alias that minds its capitals
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts in which two characters are a name


@cache
def common_words() -> frozenset[str]:
    """English words that are names as well: animals, metals, colours, months …"""
    text = resources.files("watcher.gazetteers").joinpath("common.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def clean(name: str) -> str:
    """Return a name as one line of printable text; ``*`` and ``?``, which are wildcards in a term, are taken out."""
    printable = "".join(" " if char in "*?" or unicodedata.category(char)[0] in "CZ" else char for char in name)
    return " ".join(printable.split()).strip(" ,;:")


def judge(name: str) -> tuple[Alias | None, str]:
    """Return the alias for a name as :func:`clean` returned it, or None; and what is to be said about it, or ""."""
    letters = [char for char in name if char.isalnum()]
    if len(name) > LONGEST:
        return None, f"longer than {LONGEST} characters: left out"
    if len(letters) < 2 or (len(letters) == 2 and not _DENSE.search(name) and not any(char.isdigit() for char in letters)):
        return None, "too short: left out"
    if all(char.isdigit() for char in letters):
        return None, "only digits: left out"
    if _DENSE.search(name):
        return Alias(text=name), ""
    capitals = any(char.isupper() for char in letters)
    words = name.casefold().split()
    common = len(words) < 3 and all(word.isdigit() or word.strip(".'") in common_words() for word in words)
    if not common and len(letters) > SHORT:
        return Alias(text=name), ""
    if not capitals and name.isalpha() and len(name) < SHORT:
        return None, "too short: left out"
    written = name if capitals or not name[0].isalpha() else name.title()  # a list in small letters says nothing of capitals
    if common:
        return Alias(text=written, case=True), "a common word: it minds its capitals, and should have a context (requires)"
    return Alias(text=written, case=True), "short: it minds its capitals"
