"""OPML 1.0 and 2.0: lists of feeds, in and out. Folders become tags. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from watcher.errors import ParseError
from watcher.feeds import encoding, items
from watcher.model import Feed

NAME = "OPML"
DEEPEST = 50  # folders in folders


def parse(body: bytes) -> list[Feed]:
    """Return the feeds of an OPML document in their order, each URL once, with the tags of every place where it stands.

    :raises ParseError: ``empty``, ``not_a_feed`` (no OPML) or ``xml`` (not well-formed: with line and column).
    """
    if not body.strip():
        raise ParseError(NAME, "empty", "the file is empty")
    encoding.refuse_bombs(body, NAME)
    try:
        root = ET.fromstring(body)  # noqa: S314 - entities were judged before; external ones expat never reads
    except ET.ParseError as fault:
        line, column = fault.position
        raise ParseError(NAME, "xml", f"not well-formed at line {line}, column {column + 1}") from fault
    except (ValueError, LookupError) as fault:
        raise ParseError(NAME, "xml", "its encoding cannot be read") from fault
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
