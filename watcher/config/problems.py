"""Places in the configuration, and the problems found there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from watcher.config.documents import Document
from watcher.config.locate import Path
from watcher.config.settings import ConfigErrors
from watcher.config.units import clip
from watcher.errors import ConfigError

T = TypeVar("T")

MESSAGE = 400  # characters; with file and key a problem stays below 500 or so
KEPT = 5_000  # problems; what is worse than that is not read to the end


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a document: what a problem points at. ``path`` has integers for the elements of lists."""

    document: Document
    path: Path = ()

    def at(self, *more: str | int) -> Place:
        """Return the place of a key below this one."""
        return Place(self.document, self.path + more)

    @property
    def line(self) -> int | None:
        """The line of the key, or of the nearest table that holds it."""
        return self.document.line(self.path)

    @property
    def key(self) -> str:
        """The dotted key; elements of lists are named if they have a ``name``, else counted from 1: ``rules[japan].query``."""
        text = ""
        here: object = self.document.data
        for part in self.path:
            below = _step(here, part)
            if isinstance(part, int):
                name = below.get("name") if isinstance(below, dict) else None
                text += f"[{clip(name, 40) if isinstance(name, str) and name.strip() else part + 1}]"
            else:
                text += ("." if text else "") + (clip(part, 40) or '""')
            here = below
        return clip(text, 120)

    def error(self, message: str) -> ConfigError:
        """Return ``message`` as a problem of this place."""
        return ConfigError(clip(message, MESSAGE), file=self.document.name, line=self.line, key=self.key or None)

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}" if self.line else self.document.name


def _step(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


class Problems:
    """Collects errors and warnings while a configuration is read. Errors do not stop the reading.

    A key whose value is no good is *spoilt*: the rest of its table is read on without it, and what later steps would say about the key, which
    has no value or a stand-in then, is dropped: it has its error already.
    """

    def __init__(self) -> None:
        self.errors: list[ConfigError] = []
        self.warnings: list[ConfigError] = []
        self._spoilt: set[tuple[str, Path]] = set()
        self._guessed: set[tuple[str, Path]] = set()  # tables with a key that nobody knows: it may be meant to be any other
        self._touched: set[tuple[str, Path]] = set()  # where errors are, and all that holds them

    def add(self, place: Place, message: str) -> None:
        """Record an error, unless it is about a key that is spoilt."""
        if len(self.errors) < KEPT and not self._is_spoilt(place):
            self.errors.append(place.error(message))
            self._touch(place)

    def spoil(self, place: Place) -> None:
        """Note that there is no value of this key to go on with: its error is recorded already."""
        self._spoilt.add((place.document.name, place.path))
        self._touch(place)

    def puzzle(self, table: Place) -> None:
        """Note that a table has an unknown key: its error is recorded already."""
        self._guessed.add((table.document.name, table.path))

    def sound(self, place: Place, *keys: str) -> bool:
        """Return whether there is no error about a key or what is below it; with ``keys``, about any of these below ``place``, nor an unknown
        key beside them."""
        if keys and (place.document.name, place.path) in self._guessed:
            return False
        asked = [(*place.path, key) for key in keys] or [place.path]
        return not any((place.document.name, path) in self._touched for path in asked)

    def _is_spoilt(self, place: Place) -> bool:
        return bool(self._spoilt) and any((place.document.name, place.path[:end]) in self._spoilt for end in range(1, len(place.path) + 1))

    def _touch(self, place: Place) -> None:
        self._touched.update((place.document.name, place.path[:end]) for end in range(1, len(place.path) + 1))

    def append(self, error: ConfigError) -> None:
        """Record an error that knows its place."""
        self.errors.append(error)

    def warn(self, place: Place, message: str) -> None:
        """Record something odd that is accepted."""
        if len(self.warnings) < KEPT and not self._is_spoilt(place):
            self.warnings.append(place.error(message))

    def attempt(self, place: Place, parse: Callable[[object], T], value: object) -> T | None:
        """Return ``parse(value)``, or None after recording the ``ValueError`` that it raised."""
        try:
            return parse(value)
        except ValueError as error:
            self.add(place, str(error))
            return None

    def raise_if_any(self) -> None:
        """Raise :class:`ConfigErrors` if there is an error."""
        if self.errors:
            raise ConfigErrors(in_order(self.errors))


def in_order(problems: Iterable[ConfigError]) -> tuple[ConfigError, ...]:
    """Return the problems by file and line, each once."""
    unique = {(problem.file or "", problem.line or 0, str(problem)): problem for problem in problems}
    return tuple(unique[key] for key in sorted(unique))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``: did you mean "x"?`` for the nearest of the known words, or what there is if they are few, else nothing."""
    words = sorted({name for name in known if name})
    near = get_close_matches(clip(word, 80).casefold(), {name.casefold() for name in words}, n=1, cutoff=0.6)
    if near:
        return f': did you mean "{clip(next(name for name in words if name.casefold() == near[0]))}"?'
    return f" (known: {clip(', '.join(words), 160)})" if 0 < len(words) <= 20 else ""
