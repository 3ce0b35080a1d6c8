"""What an index of the archive has to hold so that it can name the articles that a rule may hold for.

::

    words(article)    the words of an article, for the index
    clues(…)          what of them an article must have for a rule to hold: sets of hints, of each of which one must be true

The engine only evaluates a rule when literals of its terms stand in the delimited text. Here the same text, folded further (without case and
accents), is cut at its spaces into words, and so are the literals; so an article that a rule holds for always has the words, and the engine
decides about the others. Scripts without spaces, and Hangul, are cut into pairs of letters: 東京都 is 東京, 京都 and, for its end, 都.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from watcher.model import MatchInput
from watcher.rules.conditions import Needs
from watcher.rules.delimit import DENSE, delimit
from watcher.rules.document import Document, Flavour
from watcher.text.fold import fold

FOLDED = Flavour(case=True, accents=False)
LONGEST = 40  # characters of a word that are kept
MOST_HINTS = 2_000  # of one clue; a longer one would cost more than it saves
VERSION = 1  # of the words; an index of another version is made anew


class Word(NamedTuple):
    """A word that must be there; ``prefix``: or one that begins with it."""

    text: str
    prefix: bool = False


Hint = frozenset[Word]  # all of them
Clue = frozenset[Hint]  # one of them


def words(article: MatchInput) -> set[str]:
    """Return the words of an article's title, text, URL and author."""
    text = delimit(Document(article).view(FOLDED).scan).text
    chunks = set(text.replace("\x00", " ").replace("\x01", " ").split(" "))
    chunks.discard("")
    if DENSE.search(text) is None:
        return {chunk[:LONGEST] for chunk in chunks}
    found: set[str] = set()
    for chunk in chunks:
        if chunk.isascii() or DENSE.search(chunk) is None:
            found.add(chunk[:LONGEST])
        else:
            found.update(_pairs(chunk))
            found.add(chunk[-1])
    return found


def clues(needs: Needs, literals: Mapping[int, Iterable[str]]) -> tuple[Clue, ...]:
    """Return a condition's clues; none where it may hold for any article.

    :param needs: what the condition needs: sets of numbers of terms.
    :param literals: by term, the literals of which one stands in every text that the term is found in.
    """
    found: list[Clue] = []
    for numbers in needs:
        hints = {_hint(literal) for number in numbers for literal in literals[number]}
        if hints and frozenset() not in hints and len(hints) <= MOST_HINTS:
            found.append(frozenset(hints))
    return tuple(found)


def _hint(literal: str) -> Hint:
    """Return the words that a text must have in which ``literal`` stands; none where nothing can be said."""
    folded = delimit(fold(literal, case=True, accents=False).text).text
    pieces = folded.split(" ")  # the first is empty where a word begins with the literal, the last where one ends
    found: set[Word] = set()
    for i, piece in enumerate(pieces):
        if not piece:
            continue
        begins, ends = i > 0, i < len(pieces) - 1
        if DENSE.search(piece) is not None:
            found.update(Word(pair) for pair in _pairs(piece))
            if len(piece) == 1:
                found.add(Word(piece, prefix=True))
        elif begins and ends:
            found.add(Word(piece[:LONGEST]))
        elif begins:
            found.add(Word(piece[:LONGEST], prefix=len(piece) < LONGEST))
    return frozenset(found)


def _pairs(chunk: str) -> Iterator[str]:
    return map("".join, pairwise(chunk))
