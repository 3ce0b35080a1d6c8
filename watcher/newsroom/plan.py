"""Feeds and entries made from a seed, from which what must arrive can be computed.

Every piece carries a *code* that occurs nowhere else, in its headline and in its text, so that a message tells by its
words alone which story it is about. Some pieces have a planted word that the plan's rule follows: those stories must
arrive, each once, however many copies of it are printed; no other code may ever arrive. The same seed gives the same plan.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from watcher.newsroom.pieces import Outlet, Piece

WORDS = ("ammunition", "Patriot", "Kishida")
"""The planted words: what the plan's rule follows."""

CODE = re.compile(r"\bq\d{5}z\b")
"""What a code looks like."""

_SYLLABLES = (
    "ba",
    "ke",
    "lo",
    "mi",
    "nu",
    "ra",
    "se",
    "ti",
    "vo",
    "da",
    "fe",
    "go",
    "hi",
    "ju",
    "la",
    "me",
    "no",
    "pi",
    "ru",
    "so",
    "ta",
    "ve",
    "wi",
    "yo",
)
_FORMATS = ("rss", "atom", "rdf", "json")
_LAYOUTS = ("broadsheet", "portal")
_START = datetime(2024, 3, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is published together. ``told``: the codes that must arrive because of it; ``quiet``: those that must not."""

    pieces: tuple[Piece, ...]
    told: frozenset[str]
    quiet: frozenset[str]


class Plan:
    """``feeds`` outlets, what they hold at first, and an endless row of rounds.

    :param seed: decides everything.
    :param feeds: how many outlets; at least two, so that copies have another house.
    :param planted: stories of a round that must arrive.
    :param harmless: pieces of a round that must not.
    :param copies: how many of a round's planted stories are printed by a second outlet too.
    """

    def __init__(self, seed: int, *, feeds: int = 4, planted: int = 3, harmless: int = 3, copies: int = 1) -> None:
        self.outlets = {outlet.id: outlet for outlet in map(_outlet, range(feeds))}
        self._rng = random.Random(seed)  # noqa: S311  a replayable plan, not a secret
        self._vocabulary = [self._word() for _ in range(3000)]
        self._planted, self._harmless, self._copies = planted, harmless, copies
        self._number = 0
        old = [self._piece(house, WORDS[0]) for house in self.outlets] + [self._piece(house, None) for house in self.outlets]
        self.baseline = Round(pieces=tuple(old), told=frozenset(), quiet=frozenset(map(code_of, old)))

    def rounds(self) -> Iterator[Round]:
        """Round after round; the caller stops when it has enough."""
        houses = list(self.outlets)
        while True:
            told = [self._piece(self._rng.choice(houses), self._rng.choice(WORDS)) for _ in range(self._planted)]
            quiet = [self._piece(self._rng.choice(houses), None) for _ in range(self._harmless)]
            copied = [
                self._copy(piece, self._rng.choice([house for house in houses if house != piece.outlet])) for piece in told[: self._copies]
            ]
            pieces = told + quiet + copied
            self._rng.shuffle(pieces)
            yield Round(pieces=tuple(pieces), told=frozenset(map(code_of, told)), quiet=frozenset(map(code_of, quiet)))

    def _piece(self, outlet: str, word: str | None) -> Piece:
        self._number += 1
        code = f"q{self._number:05d}z"
        paragraphs = [" ".join(self._sentence() for _ in range(4)) for _ in range(5)]
        if word is not None:
            where = self._rng.randrange(len(paragraphs))
            paragraphs[where] = f"{paragraphs[where]} {self._sentence()[:-1]} {word} {self._sentence().lower()}"
        paragraphs[-1] = f"{paragraphs[-1]} {self._sentence()[:-1]} {code}."
        return Piece(
            id=f"{code}-{outlet}",
            outlet=outlet,
            headline=f"{self._sentence(6)[:-1]} {code}",
            teaser=self._sentence(),
            paragraphs=tuple(paragraphs),
            published=_START + timedelta(minutes=self._number),
            byline=self._sentence(2)[:-1].title(),
            section="News",
            credit="Photo: nobody",
        )

    def _copy(self, piece: Piece, outlet: str) -> Piece:
        """The same story in another house: another headline and first line, the same text and code."""
        code = code_of(piece)
        first = f"{self._sentence(3)} {piece.paragraphs[0]}"
        return replace(
            piece,
            id=f"{code}-{outlet}",
            outlet=outlet,
            headline=f"{self._sentence(6)[:-1]} {code}",
            paragraphs=(first, *piece.paragraphs[1:]),
        )

    def _sentence(self, words: int = 11) -> str:
        return f"{' '.join(self._rng.choices(self._vocabulary, k=words)).capitalize()}."

    def _word(self) -> str:
        return "".join(self._rng.choices(_SYLLABLES, k=self._rng.randint(2, 4)))


def code_of(piece: Piece) -> str:
    """The code of a planned piece's story."""
    return piece.id.partition("-")[0]


def codes_in(text: str) -> frozenset[str]:
    """The codes that a message names."""
    return frozenset(CODE.findall(text))


def _outlet(number: int) -> Outlet:
    return Outlet(
        id=f"house{number}",
        name=f"House {number}",
        format=_FORMATS[number % len(_FORMATS)],
        path=f"/feed{number}",
        address=f"127.0.1.{number + 1}",
        layout=_LAYOUTS[number % len(_LAYOUTS)],
    )
