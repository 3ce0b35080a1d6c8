"""Bytes in any charset -> UTF-8, and what can be told before anything is parsed: emptiness, a web page, an XML bomb.

feedparser decides the charset (HTTP header, declaration, byte order mark, statistics: it has seen everything), but it does so
on the whole document, once, here: what is parsed afterwards may then be a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from watcher.errors import ParseError

XML_HEADERS = {"content-type": "application/xml; charset=utf-8"}  # how a decoded document is handed to feedparser
_WIDE = (  # the longer marks first: that of UTF-32 begins like that of UTF-16
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(r"(?<=<\?xml version=['\"]1\.[01]['\"])\s+encoding=['\"][\w.\-]+['\"]")
_TEXT_START = re.compile(rb"[\s\x00\xef\xbb\xbf\xff\xfe]*")
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ROOT = re.compile(rb"<([A-Za-z_][^\s/>]*)")
_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s+)?([^\s\"'>]+)\s+(?:\"([^\"]*)\"|'([^']*)'|(SYSTEM|PUBLIC))", re.IGNORECASE)
_REFERENCE = re.compile(rb"&(?!#)[^;\s]{1,100};|%[^;\s]{1,100};")
MOST_EXPANSION = 1_000_000  # bytes that all references to one entity may grow to


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded document: ``data`` is UTF-8 whose declaration says so, or the original where no charset fits (``sure`` False).

    ``doctype``: it has one, so entities may be defined in it. ``root``: the root element's local name in lower case, "" where none is found.
    """

    data: bytes
    sure: bool
    doctype: bool
    root: str
    problems: tuple[str, ...] = ()


def decode(body: bytes, headers: Mapping[str, str], url: str) -> Text:
    """Return the document as UTF-8.

    :raises ParseError: ``not_a_feed``: a web page; ``xml``: entities that would grow without bound.
    """
    from feedparser import encodings  # noqa: PLC0415 - heavy, and only workers need it

    narrow = _from_wide(body)
    told = XML_HEADERS if narrow is not body else {"content-type": headers.get("content-type") or "application/xml"}
    result: dict[str, object] = {}
    data: bytes = encodings.convert_to_utf8(told, narrow, result)
    sure = bool(result.get("encoding"))
    problems = []
    fault = result.get("bozo_exception")
    if type(fault).__name__ in ("CharacterEncodingOverride", "CharacterEncodingUnknown"):
        problems.append(str(fault))
    doctype, root = look(data, url)
    return Text(data, sure, doctype, root, tuple(problems))


def _from_wide(body: bytes) -> bytes:
    """Return a document in UTF-16 or UTF-32 as UTF-8; any other as it is.

    Without a declaration feedparser believes the media type's default before the byte order mark, and finds that NULs are good UTF-8.
    What begins with a mark, or with ``<`` between NULs, can be nothing else (XML 1.0, appendix F).
    """
    for start, charset in _WIDE:
        if body.startswith(start):
            text = body.decode(charset, "replace").removeprefix("\ufeff")
            return _DECLARED.sub("", text, count=1).encode("utf-8", "replace")
    return body


def look(data: bytes, url: str) -> tuple[bool, str]:
    """Return whether the document has a DOCTYPE, and its root's name; raises as :func:`decode`."""
    at = _PROLOG.match(data.removeprefix(b"\xef\xbb\xbf"))
    rest = data.removeprefix(b"\xef\xbb\xbf")[at.end() :] if at else data
    doctype = rest[:9].upper() == b"<!DOCTYPE"
    root = _ROOT.search(rest)
    name = root[1].decode("utf-8", "replace").rpartition(":")[2].lower() if root else ""
    if doctype:
        refuse_bombs(rest, url)
    if name in ("html", "head", "body"):
        raise ParseError(url, "not_a_feed", "this is a web page, not a feed")
    return doctype, name


def refuse_bombs(text: bytes, url: str) -> None:
    """Refuse entities that refer to others, or grow the document beyond measure (RELIABILITY P01); ParseError ``xml``.

    Entities with plain values are harmless and occur in old feeds; external ones are never read, by anyone here.
    """
    for name, double, single, external in _ENTITY.findall(text):
        value = double or single
        if _REFERENCE.search(value) and not external:
            raise ParseError(url, "xml", "its DOCTYPE defines entities in terms of others, which is how XML bombs are made")
        if len(value) * text.count(b"&" + name + b";") > MOST_EXPANSION:
            raise ParseError(url, "xml", "its entities would grow the document beyond measure")


def is_json(body: bytes) -> bool:
    """Whether a document begins like JSON; the Content-Type of JSON feeds is not to be trusted."""
    start = _TEXT_START.match(body)
    return body[start.end() : start.end() + 1] == b"{" if start else False
