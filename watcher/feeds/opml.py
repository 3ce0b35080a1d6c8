"""OPML 1.0 and 2.0: lists of feeds, in and out. Folders become tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from watcher.errors import ParseError
from watcher.feeds import encoding, items
from watcher.model import Feed

NAME = "OPML"
# An attribute whose value may hold what should have been escaped: it ends where another attribute or the end of the tag follows.
_ATTRIBUTE = re.compile(rb"(\s[\w:.-]+=\")(.*?)\"(?=\s+[\w:.-]+=\"|\s*/?>\s*(?:<|\Z))", re.DOTALL)
_BARE_AMPERSAND = re.compile(rb"&(?!#\d+;|#x[0-9a-fA-F]+;|(?:amp|lt|gt|quot|apos);)")
DEEPEST = 50  # folders in folders


def parse(body: bytes) -> list[Feed]:
    """Return the feeds of an OPML document in their order, each URL once, with the tags of every place where it stands.

    :raises ParseError: ``empty``, ``not_a_feed`` (no OPML) or ``xml`` (not well-formed: with line and column).
    """
    if not body.strip():
        raise ParseError(NAME, "empty", "the file is empty")
    encoding.refuse_bombs(body, NAME)
    root = _root(body)
    if root.tag.rpartition("}")[2].lower() != "opml":
        raise ParseError(NAME, "not_a_feed", f"this is no OPML: its root element is <{items.line(root.tag, 40)}>")
    feeds: dict[str, Feed] = {}
    todo: list[tuple[ET.Element, tuple[str, ...]]] = [(root, ())]
    while todo:
        element, folders = todo.pop()
        said = {name.lower(): value for name, value in element.attrib.items()}
        url = said.get("xmlurl", "").strip()
        label = items.line(said.get("title") or said.get("text"), items.NAME)
        if url:
            _add(feeds, url, label, folders + _categories(said.get("category", "")))
        elif element.tag.lower() == "outline" and label and len(folders) < DEEPEST:
            folders = (*folders, label)
        todo.extend((child, folders) for child in reversed(element))
    return list(feeds.values())


def dump(feeds: Iterable[Feed]) -> bytes:
    """Return an OPML 2.0 document: each feed in the folder of its first tag, all its tags in ``category``."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "watcher"
    body = ET.SubElement(root, "body")
    folders: dict[str, ET.Element] = {}
    for feed in feeds:
        parent = body
        if feed.tags:
            first = _safe(feed.tags[0])
            if first not in folders:
                folders[first] = ET.SubElement(body, "outline", text=first, title=first)
            parent = folders[first]
        label = _safe(feed.name or feed.url)
        said = {"type": "rss", "text": label, "title": label, "xmlUrl": _safe(feed.url)}
        if len(feed.tags) > 1:
            said["category"] = ",".join(_safe(tag).replace(",", " ") for tag in feed.tags[1:])
        ET.SubElement(parent, "outline", said)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _root(body: bytes) -> ET.Element:
    """Return the root element. Lists are often written by hand or by string concatenation: what should have been escaped is."""
    try:
        return _read(body)
    except ET.ParseError as fault:
        try:
            return _read(_ATTRIBUTE.sub(_escape, body))
        except ET.ParseError:
            line, column = fault.position
            raise ParseError(NAME, "xml", f"not well-formed at line {line}, column {column + 1}") from fault
    except (ValueError, LookupError) as fault:
        raise ParseError(NAME, "xml", "its encoding cannot be read") from fault


def _escape(attribute: re.Match[bytes]) -> bytes:
    value = _BARE_AMPERSAND.sub(b"&amp;", attribute[2]).replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b'"', b"&quot;")
    return attribute[1] + value + b'"'


def _read(body: bytes) -> ET.Element:
    return ET.fromstring(body)  # noqa: S314 - entities were judged before; external ones expat never reads


def _add(feeds: dict[str, Feed], url: str, label: str, tags: tuple[str, ...]) -> None:
    before = feeds.get(url)
    merged = tuple(dict.fromkeys((*(before.tags if before else ()), *tags)))
    name = (before.name if before else "") or (label if label != url else "")
    feeds[url] = Feed(url=url, name=name, tags=merged)


def _categories(text: str) -> tuple[str, ...]:
    """Return OPML 2.0's categories: comma-separated, each a path with slashes of which the parts are tags."""
    parts = (part for category in text.split(",") for part in category.split("/"))
    return tuple(tag for part in parts if (tag := items.line(part, items.NAME)))


def _safe(text: str) -> str:
    """Return text that XML can carry."""
    return items.line(text, items.LINK)
