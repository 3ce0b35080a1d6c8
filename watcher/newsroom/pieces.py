"""What the newsroom prints: outlets and pieces, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import tomli


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A house with one feed and a website.

    ``format``: ``rss``, ``rdf``, ``atom`` or ``json``. ``address``: the loopback address that is its host.
    ``layout``: the page template's name.
    """

    id: str
    name: str
    language: str = "en"
    format: str = "rss"
    path: str
    address: str
    layout: str = "broadsheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One article as its author wrote it. ``outlet`` is the id of the house that prints it; ``teaser`` is all that the feed tells."""

    id: str
    outlet: str
    headline: str
    teaser: str
    paragraphs: tuple[str, ...]
    published: datetime
    byline: str = ""
    section: str = ""
    credit: str = ""

    @property
    def path(self) -> str:
        """Where its page stands on its outlet's site."""
        return f"/articles/{self.id}.html"

    @property
    def text(self) -> str:
        """All paragraphs, as a reader sees them."""
        return "\n".join(self.paragraphs)


def _read(name: str) -> dict[str, Any]:
    return tomli.loads((resources.files("watcher.newsroom") / name).read_text(encoding="utf-8"))


def _piece(id_: str, fields: dict[str, Any]) -> Piece:
    return Piece(id=id_, **{**fields, "paragraphs": tuple(fields["paragraphs"])})


@cache
def load(name: str) -> Piece:
    """The piece of ``stories/NAME.toml``."""
    return _piece(name, _read(f"stories/{name}.toml"))


@cache
def quiet() -> tuple[Piece, ...]:
    """Harmless news, at least one piece for every outlet."""
    return tuple(_piece(f"quiet-{number}", fields) for number, fields in enumerate(_read("stories/quiet.toml")["pieces"], 1))


@cache
def surroundings(language: str) -> dict[str, Any]:
    """Menus, notices and related links of a page in ``language``."""
    words: dict[str, Any] = _read("boilerplate.toml")[language]
    return words


OUTLETS = MappingProxyType({id_: Outlet(id=id_, **fields) for id_, fields in _read("outlets.toml").items()})
"""The houses of the demo, by id."""
