"""Bytes to a tree of HTML: character set, size, shape. The worker's limits are the last wall; these are the ones before it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from lxml import etree, html
from trafilatura.utils import detect_encoding

from watcher.errors import ExtractError

MAX_BYTES = 3_000_000  # of HTML that are looked at; an article stands within them, or is none

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PROLOG = re.compile(r"^\s*<\?xml[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(?:!doctype|html|head|body|article|div|p|h1|table|section|main|title|meta)\b", re.IGNORECASE)
# What WHATWG reads these labels as; Python's codecs know nothing of it.
_ALIASES = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932",
            "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "iso-8859-9": "cp1254", "tis-620": "cp874", "windows-31j": "cp932"}  # fmt: skip


def parse(body: bytes, *, url: str, headers: Mapping[str, str] | None = None) -> html.HtmlElement:
    """Return the tree of a page.

    :raises ExtractError: ``empty`` or ``not_html``.
    """
    text = decode(body[:MAX_BYTES], headers)
    if not text.strip():
        raise ExtractError(url, "empty", "the page is empty")
    kind = (headers or {}).get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/plain" and not _TAG.search(text[:2000]):
        return _plain(text)
    if body[:5] == b"%PDF-" or not _TAG.search(text[:100_000]):
        raise ExtractError(url, "not_html", "the page is not HTML")
    try:
        tree = html.document_fromstring(
            _PROLOG.sub("", text, count=1), parser=html.HTMLParser(collect_ids=False, remove_comments=True, remove_pis=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ExtractError(url, "not_html", "the page is not HTML") from error
    return tree


def decode(body: bytes, headers: Mapping[str, str] | None = None) -> str:
    """Decode a page. Never raises: what cannot be decoded becomes U+FFFD.

    In order: byte order mark; valid UTF-8 that is not plain ASCII (nothing else looks like it); the header's charset; the
    ``meta`` element's; a guess.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) if name == "utf-8" else 0 :].decode(name, "replace").replace("\x00", "")
    if not body.isascii() and (text := _strict(body, "utf-8")) is not None:
        return text.replace("\x00", "")
    declared = _HEADER.search((headers or {}).get("content-type", ""))
    meta = _META.search(body[:4096])
    for name in (declared[1] if declared else "", meta[1].decode("ascii", "replace") if meta else ""):
        if name and (text := _strict(body, name)) is not None:
            return text.replace("\x00", "")
    for name in [] if body.isascii() else detect_encoding(body):
        if (text := _strict(body, name)) is not None:
            return text.replace("\x00", "")
    return body.decode("utf-8", "replace").replace("\x00", "")


def _strict(body: bytes, name: str) -> str | None:
    """Decode, or None; a character that the size limit cut in half at the end does not count as an error."""
    name = name.strip().lower()
    try:
        decoder = codecs.getincrementaldecoder(_ALIASES.get(name, name))("strict")
        text = decoder.decode(body, final=False)
    except (LookupError, UnicodeError, AttributeError, TypeError, ValueError):
        return None
    return text if isinstance(text, str) else None


def _plain(text: str) -> html.HtmlElement:
    """A page of plain text: its blocks become paragraphs."""
    body = html.Element("body")
    article = etree.SubElement(body, "article")
    for block in re.split(r"\n\s*\n", text):
        if block.strip():
            etree.SubElement(article, "p").text = "".join(char for char in block if char >= " " or char in "\n\t")
    root = html.Element("html")
    root.append(body)
    return root
