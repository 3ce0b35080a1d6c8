"""Where each item of a well-formed document begins and ends, so that only new ones are parsed.

One pass of expat, which costs a fortieth of parsing. Three things come of it: the hash of each item's bytes (an item whose
hash is known is cut out before feedparser sees the document), the document without any items (its shell), and, for the
first poll of a giant feed, the identities of items that are never parsed at all.

An identity is given only where it is certain to equal what parsing the item would give; the tests prove it over all corpora.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

import xxhash

from watcher.feeds import items

_NAME = re.compile(rb"<([^\s/>]+)")
_ITEM, _ID, _LINK, _DATE, _PROSE, _TITLE = 1, 2, 3, 4, 5, 6
_KINDS = dict.fromkeys(("item", "entry"), _ITEM) | dict.fromkeys(("guid", "id"), _ID) | {"link": _LINK}
_KINDS |= dict.fromkeys(("pubdate", "published", "updated", "date"), _DATE)
_KINDS |= dict.fromkeys(
    [
        "subtitle",
        "tagline",
        "rights",
        "copyright",
        "description",
        "abstract",
        "info",
        "summary",
        "content",
        "body",
        "encoded",
        "fullitem",
    ],
    _PROSE,
)
_KINDS |= {"title": _TITLE}
_RDF_ABOUT = "http://www.w3.org/1999/02/22-rdf-syntax-ns# about"
_DC = "http://purl.org/dc/elements/1.1/"
_BROKEN_OFF = frozenset(  # the document ends where it should not: what a cut transfer or a full disk leaves
    (
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    )
)


@dataclass(slots=True)
class Span:
    """One item: ``data[start:end]``. ``guid``, ``link`` and ``title`` are as written, stripped; ``simple``: the guid is certain.

    A ``link`` that is more than one text without attributes holds NUL characters, which no document can.
    """

    start: int
    end: int = 0
    guid: str = ""
    link: str = ""
    date: str = ""
    title: str = ""
    simple: bool = True


@dataclass(slots=True)
class Outline:
    """All items of a document in their order; of use only if ``whole``.

    ``broken_off``: where the unfinished last item of a truncated document begins. ``tangled``: markup that was not escaped
    stands in an item's text, which makes feedparser carry state from one item into the next; to cut one would change others.
    """

    spans: list[Span] = field(default_factory=list)
    whole: bool = False
    broken_off: int | None = None
    tangled: bool = False


def scan(data: bytes, *, titles: bool = False) -> Outline:
    """Return the outline of a UTF-8 document; ``whole`` is False where expat refuses it, or where it is tangled.

    :param titles: collect the items' titles too.
    """
    scanner = _Scanner(data, titles=titles)
    try:
        scanner.parser.Parse(data, True)
    except expat.ExpatError as fault:
        scanner.outline.broken_off = scanner.unfinished() if fault.code in _BROKEN_OFF else None
        return scanner.outline
    except (ValueError, LookupError):  # a declared encoding that expat does not know
        return scanner.outline
    scanner.outline.whole = not scanner.outline.tangled
    return scanner.outline


def hashes(data: bytes, spans: Iterable[Span]) -> list[bytes]:
    """Return each span's 8-byte hash."""
    view = memoryview(data)
    return [xxhash.xxh3_64_digest(view[span.start : span.end]) for span in spans]


def without(data: bytes, spans: Iterable[Span]) -> bytes:
    """Return the document with these spans (in their order) cut out."""
    pieces, at = [], 0
    for span in spans:
        pieces.append(data[at : span.start])
        at = span.end
    pieces.append(data[at:])
    return b"".join(pieces)


def shared_guids(spans: Iterable[Span]) -> frozenset[str]:
    """Return guids that stand in several items with different links: a publisher's mistake, no identities."""
    links: defaultdict[str, set[str]] = defaultdict(set)
    for span in spans:
        if span.guid:
            links[span.guid].add(span.link)
    return frozenset(guid for guid, found in links.items() if len(found) > 1)


def certain_identity(span: Span, *, based: bool = False) -> str | None:
    """Return the identity that parsing the item would give, or None where only parsing can tell.

    :param based: an ``xml:base`` may be in force, so that only what is absolute is certain.
    """
    if not span.simple:
        return None
    if span.guid:
        return items.identity(span.guid, "") if not based or _absolute(span.guid) else None
    odd = "\0" in span.link or ("&" in span.link and ";" in span.link) or not _certain(span.link)
    return items.identity("", span.link) if span.link and not odd and (not based or _absolute(span.link)) else None


def _absolute(uri: str) -> bool:
    """Whether resolving leaves this URI as it is, whatever the base."""
    from feedparser import urls  # noqa: PLC0415 - heavy, and only workers need it

    scheme, colon, _ = uri.partition(":")
    return bool(colon) and urls._urljoin(f"{scheme}://base.invalid/", uri) == uri  # noqa: SLF001 - what it does is the question


@lru_cache(maxsize=1024)
def _kind(name: str) -> int:
    """Return what an element is to us; feedparser reads local names in lower case, in the namespaces that it takes for the feed's own."""
    space, _, local = name.rpartition(" ")
    kind = _KINDS.get(local.lower(), 0)
    if not kind or (local.lower() == "date") != (space.lower() == _DC):
        return 0
    return kind if kind in (_DATE, _PROSE, _TITLE) or space.lower() in _own_namespaces() else 0


@lru_cache(maxsize=1)
def _own_namespaces() -> frozenset[str]:
    from feedparser.mixin import _FeedParserMixin  # noqa: PLC0415 - heavy, and only workers need it

    return frozenset(uri.lower() for uri, prefix in _FeedParserMixin.namespaces.items() if prefix == "") | {""}


class _Scanner:
    """expat's handlers. Items are elements two or three levels deep: ``feed/entry``, ``rss/channel/item``, ``rdf:RDF/item``."""

    def __init__(self, data: bytes, *, titles: bool) -> None:
        self._titles = titles
        self.outline = Outline()
        self._data = data
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.ordered_attributes = True
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._depth = 0
        self._item_depth = 0  # of the open item, 0 outside
        self._in_prose = False
        self._span = Span(0)
        self._text: list[str] = []
        self._store: Callable[[Span, str], None] | None = None

    def unfinished(self) -> int | None:
        """Return where the open item begins, if one is open."""
        return self._span.start if self._item_depth else None

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._item_depth:
            if self._store is not None and self._store is not _set_title:  # markup inside a guid or a link: nothing is certain any more
                self._span.simple = False
            elif self._depth == self._item_depth + 1:
                kind = _kind(name)
                self._in_prose = kind in (_PROSE, _TITLE)
                if kind:
                    self._open_field(kind, attributes)
            elif kind := _kind(name):
                self._nested(kind)
        elif 2 <= self._depth <= 3 and _kind(name) == _ITEM:
            self._item_depth = self._depth
            self._span = Span(self.parser.CurrentByteIndex)
            for at in range(0, len(attributes), 2):
                if attributes[at] == _RDF_ABOUT:
                    self._span.guid = attributes[at + 1].strip()
                elif attributes[at].rpartition(" ")[2].lower() in ("about", "href", "lastmod"):
                    self._span.simple = False

    def _nested(self, kind: int) -> None:
        """Judge an element deeper in an item: the id of something else, or prose within prose."""
        if kind == _ID:
            self._span.simple = self._span.simple and bool(self._span.guid)
        elif kind in (_PROSE, _TITLE) and self._in_prose:
            self.outline.tangled = True

    def _open_field(self, kind: int, attributes: list[str]) -> None:
        span = self._span
        if kind == _ITEM:
            span.simple = False
        elif kind == _ID:
            self._collect(_set_guid)
        elif kind == _LINK:
            if attributes:
                span.link += "\0" + "\0".join(attributes)
            else:
                self._collect(_set_link)
        elif kind == _DATE and not span.date:
            self._collect(_set_date)
        elif kind == _TITLE and self._titles and not span.title:
            self._collect(_set_title)

    def _collect(self, store: Callable[[Span, str], None]) -> None:
        self._text.clear()
        self._store = store
        self.parser.CharacterDataHandler = self._text.append

    def _end(self, _name: str) -> None:
        if self._store is not None and self._depth == self._item_depth + 1:
            self._store(self._span, "".join(self._text).strip())
            self._store = None
            self.parser.CharacterDataHandler = None
        if self._depth == self._item_depth:
            self._span.end = self._close(self.parser.CurrentByteIndex)
            self.outline.spans.append(self._span)
            self._item_depth = 0
        self._depth -= 1

    def _close(self, at: int) -> int:
        """Return where the item ends: expat's index stands at the end tag's ``<``, or just behind an empty element."""
        name = _NAME.match(self._data, self._span.start)
        if name and self._data.startswith(b"</" + name[1], at):
            return self._data.index(b">", at) + 1
        return at


def _set_guid(span: Span, text: str) -> None:
    if span.guid:
        span.simple = False  # two of them, or one beside rdf:about: feedparser's rules decide
    span.guid = text
    span.simple = span.simple and _certain(text)


def _set_link(span: Span, text: str) -> None:
    span.link += f"\0{text}" if span.link else text


def _set_date(span: Span, text: str) -> None:
    span.date = text


def _set_title(span: Span, text: str) -> None:
    span.title = text


def _certain(text: str) -> bool:
    """Whether feedparser leaves such a text alone: it repairs doubly encoded UTF-8 and Windows-1252, all below U+0100."""
    return text.isascii() or not any("\x80" <= mark <= "\xff" for mark in text)
