"""The shapes of a parsed query. ``str(node)`` is a query that parses back to an equal node."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

FIELDS = ("title", "lead", "body", "url", "author", "tag", "feed", "lang")
TEXT_FIELDS = ("title", "lead", "body", "url", "author")

_PLAIN = re.compile(r"[^\W_][\w.*?'’+#/-]*")  # what needs no quotes, whatever else it might be taken for
_NAME = re.compile(r"[\w.\-]+")
_OPERATOR = re.compile(r"AND|OR|NOT|O?NEAR[-_]?\d*|ATLEAST|(?i:o?near|atleast)/.*|\w+/\d+")
_LOOK_ALIKE = str.maketrans("АЕЅОРТ", "AESOPT")  # Cyrillic


def as_operator(word: str) -> str:
    """Return a word as it would be read if it were an operator: wide and Cyrillic letters made plain ones."""
    return unicodedata.normalize("NFKC", word).translate(_LOOK_ALIKE)


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase as written, without its quotes."""

    text: str
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if _PLAIN.fullmatch(self.text) and not _OPERATOR.fullmatch(as_operator(self.text)):
            return self.text
        return '"' + self.text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression, without its slashes; ``\\/`` stands for a slash."""

    source: str
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"/{self.source}/"


@dataclass(frozen=True, slots=True)
class Reference:
    """``@entity``, ``$terms`` or ``%rule``: ``sigil`` is the first character."""

    sigil: str
    name: str
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.sigil + (self.name if _NAME.fullmatch(self.name) else f'"{self.name}"')


@dataclass(frozen=True, slots=True)
class Not:
    """True where ``item`` is not."""

    item: Node
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"NOT {_wrapped(self.item, And, Or, Not)}"


@dataclass(frozen=True, slots=True)
class And:
    """True where all items are."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_wrapped(item, And, Or) for item in self.items)


@dataclass(frozen=True, slots=True)
class Or:
    """True where at least one item is."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_wrapped(item, Or) for item in self.items)


@dataclass(frozen=True, slots=True)
class Near:
    """Both sides within ``distance`` steps from word to word; ``ordered``: the left one first."""

    left: Node
    right: Node
    distance: int
    ordered: bool = False
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        name = "ONEAR" if self.ordered else "NEAR"
        return f"{_wrapped(self.left, And, Or, Not)} {name}/{self.distance} {_wrapped(self.right, And, Or, Not, Near)}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """At least ``count`` occurrences in the whole article."""

    count: int
    item: Node
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"ATLEAST/{self.count} ({self.item})"


@dataclass(frozen=True, slots=True)
class Field:
    """``item`` looked for in one field only."""

    name: str
    item: Node
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.name}:{_wrapped(self.item, And, Or, Not, Near, AtLeast)}"


@dataclass(frozen=True, slots=True)
class Case:
    """``item`` with exact case."""

    item: Node
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"case:{_wrapped(self.item, And, Or, Not, Near, AtLeast)}"


Node = Term | Regex | Reference | Not | And | Or | Near | AtLeast | Field | Case


def _wrapped(node: Node, *weaker: type) -> str:
    return f"({node})" if isinstance(node, weaker) else str(node)


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below ``node``."""
    if isinstance(node, And | Or):
        return node.items
    if isinstance(node, Not | AtLeast | Field | Case):
        return (node.item,)
    if isinstance(node, Near):
        return (node.left, node.right)
    return ()
