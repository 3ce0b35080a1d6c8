"""A converted query: what became of it, what has no equivalent, and how the pieces are put together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from watcher.errors import QueryError
from watcher.model import Rule
from watcher.rules import query as language
from watcher.rules.rulebook import RulebookErrors, compile_rules
from watcher.rules.syntax import And, Case, Field, Node, Or, Regex, Term

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_HTML = re.compile(r"<\\?/?[A-Za-z]")
_SCHEME = re.compile(r"^(?:https?:)?//", re.IGNORECASE)


class NoEquivalent(QueryError):
    """Something that our language cannot say. ``construct``: what, as it stands in the query; ``position``: where."""

    def __init__(self, construct: str, why: str, *, position: int, query: str = "") -> None:
        self.construct = construct
        super().__init__(f"{construct} has no equivalent: {why}", query=query, position=position)


@dataclass(frozen=True, slots=True)
class Converted:
    """A query in our language. ``notes``: where it means nearly, but not exactly, the same."""

    node: Node
    notes: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """The query as text."""
        return str(self.node)


@dataclass(slots=True)
class Notes:
    """Notes in the order in which they came up, each once."""

    said: dict[str, None] = field(default_factory=dict)

    def add(self, note: str) -> None:
        """Say something, unless it was said."""
        self.said[note] = None


def all_of(items: list[Node]) -> Node:
    """Return the AND of the items, without nesting."""
    flat = [part for item in items for part in (item.items if isinstance(item, And) else (item,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(items: list[Node]) -> Node:
    """Return the OR of the items, without nesting."""
    flat = [part for item in items for part in (item.items if isinstance(item, Or) else (item,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def site(address: str) -> Node:
    """Return the clause for pages of a site: its host, and those below it."""
    host, slash, path = _SCHEME.sub("", address.strip()).removeprefix("www.").partition("/")
    if slash and path.strip("/"):
        return Field("url", Term(f"{host}/{path.rstrip('/')}"))
    return Field("url", Regex(rf"^https?:\/\/([^\/]*\.)?{re.escape(host).replace('/', chr(92) + '/')}([\/:?#]|$)"))


def regex(source: str, flags: str, *, scope: str | None, position: int, query: str, notes: Notes) -> Node:
    """Return the clause for a regular expression of a tool that uses PCRE's ``/…/flags``.

    :param scope: our field, or None for title and text.
    :param query: the whole query, for errors.
    :raises NoEquivalent: where lines or mark-up matter, which our texts do not have, or a flag is unknown.
    """
    construct = f"/{source}/{flags}"
    unknown = set(flags) - set("imu")
    if unknown:
        raise NoEquivalent(construct, f"the flag {min(unknown)} is unknown here", position=position, query=query)
    if scope in (None, "body", "lead") and _HTML.search(source):
        raise NoEquivalent(
            construct, "it looks for HTML, and texts here have no mark-up: look for the words", position=position, query=query
        )
    if "m" in flags and re.search(r"(?<![\\\[])[\^$]", source):
        if scope in (None, "body", "lead"):
            raise NoEquivalent(
                construct, "it looks at lines, and white space is one space here: leave ^ and $ out", position=position, query=query
            )
        notes.add(f"{construct}: ^ and $ stand for the whole {scope}, which is one line here")
    node: Node = Regex(source, position)
    return node if "i" in flags else Case(node, position)


def checked(converted: Converted, original: str) -> Converted:
    """Return what was converted, once it is sure that it compiles and reads back as itself.

    :raises NoEquivalent: where our engine refuses it, with the engine's own words.
    """
    written = converted.query
    try:
        assert language.parse(written) == converted.node, written
        compile_rules([Rule(name="imported", query=written)])
    except RulebookErrors as errors:
        raise NoEquivalent("the query", errors.errors[0][1].message, position=0, query=original) from None
    except QueryError as error:
        raise NoEquivalent("the query", error.message, position=0, query=original) from None
    return converted
