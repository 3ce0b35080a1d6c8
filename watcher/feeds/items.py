"""What all formats share: identity, clean text, sane dates, absolute links."""

from __future__ import annotations

import calendar
import hashlib
import re
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

import xxhash

from watcher.model import Entry
from watcher.text import clean, html

# Limit L9, in characters.
TITLE = 1_000
GUID = 2_048
LINK = 2_048
TEXT = 256 * 1024
NAME = 300
TAGS = 100
MOST_MARKUP = 4 * TEXT  # of one field, before it becomes text

_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]+);")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]|\Z)")
_BLANK = re.compile(r"\s+")


def identity(guid: str, link: str, *rest: str) -> str:
    """Return what an entry is recognised by: its guid, else its link, else a hash of ``rest`` (title, date, content).

    Taken as written, relative or not: a feed that moves keeps its identities. Never a date alone; longer than 2,048
    characters: its hash.
    """
    name = guid.strip() or link.strip()
    if not name:
        return "sha256:" + _digest("\0".join(rest))
    if not (name.isascii() and name.isprintable()):
        name = clean.clean(name)
    return name if 0 < len(name) <= GUID else "sha256:" + _digest(guid or link)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def line(value: object, limit: int = TITLE) -> str:
    """Return a value as one clean line; "" for what is no text."""
    return clean.one_line(value[: 16 * limit], limit) if isinstance(value, str) else ""


def marked_line(value: object, limit: int = TITLE) -> str:
    """Return one clean line of text that may be markup: a title that holds tags or entities is HTML, whatever it says."""
    if not isinstance(value, str):
        return ""
    value = value[: 16 * limit]
    return clean.one_line(html.to_text(value) if _TAG.search(value) or _ENTITY.search(value) else value, limit)


def text(value: object) -> str:
    """Return plain text of many lines, cleaned."""
    return clean.clean(value[:MOST_MARKUP], TEXT).strip() if isinstance(value, str) else ""


def marked_text(value: object) -> str:
    """Return the text of markup, paragraphs on lines of their own."""
    if not isinstance(value, str):
        return ""
    value = value[:MOST_MARKUP]
    return clean.clean(html.to_text(value) if "<" in value or "&" in value else value, TEXT).strip()


def absolute(link: object, base: str) -> str | None:
    """Return an http(s) URL, resolved against ``base``, or None where it is none, or too long to be one."""
    if not isinstance(link, str):
        return None
    link = _BLANK.sub("", link) if "\n" in link else link.strip()
    if not link:
        return None
    try:
        whole = urljoin(base, link)
        parts = urlsplit(whole)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return None
    except ValueError:
        return None
    if len(whole) > LINK or clean.one_line(whole, LINK) != whole:
        return None
    return whole.replace(" ", "%20")


def moment(parsed: object) -> datetime | None:
    """Return feedparser's UTC ``struct_time`` as an aware moment; None outside 1990 to 9000, where dates are mistakes."""
    if not isinstance(parsed, time.struct_time) or not 1990 <= parsed.tm_year <= 9000:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def language(*stated: object) -> str | None:
    """Return the first usable language tag's primary part: ``en-GB`` is ``en``."""
    for each in stated:
        if isinstance(each, str) and (found := _LANGUAGE.match(each.strip())):
            return found[1].lower()
    return None


def tags(names: Iterable[object]) -> tuple[str, ...]:
    """Return at most 100 clean, distinct tags in their order."""
    seen: dict[str, None] = {}
    for name in names:
        if len(seen) >= TAGS:
            break
        if tag := marked_line(name, NAME):
            seen.setdefault(tag)
    return tuple(seen)


def token(entry: Entry) -> bytes:
    """Return 8 bytes that change when the entry does: what a span's hash is where there are no spans."""
    parts = (entry.identity, entry.title, entry.url or "", entry.summary, entry.content)
    return xxhash.xxh3_64_digest("\0".join(parts).encode("utf-8", "surrogatepass"))


def unpack(known: bytes) -> frozenset[bytes]:
    """Return the set of packed 8-byte hashes."""
    return frozenset(known[at : at + 8] for at in range(0, len(known) - 7, 8))


def distinct(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], int]:
    """Return the entries without those that repeat an identity, the first one staying, and how many that were."""
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.identity, entry)
    return tuple(first.values()), len(entries) - len(first)
