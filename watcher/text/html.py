"""Mark-up to plain text, for the summaries and contents that feeds carry. Article pages go to trafilatura, not here."""

from __future__ import annotations

import html as entities
import re

from lxml import etree
from lxml import html as lxml_html

from watcher.text import clean

MAX_INPUT = 1_000_000  # characters of mark-up that are looked at
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[a-zA-Z#]")
_TAG = re.compile(r"<[^>]{0,2000}>")
_DROPPED = frozenset(
    ("script", "style", "noscript", "template", "head", "iframe", "object", "svg", "math", "canvas", "select", "textarea", "button")
)
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "body",
        "html",
        "br",
        "option",
    ]
)
_WHITE = re.compile(r"[^\S\u00a0]+")


def to_text(html: str) -> str:
    """Return the text of a piece of HTML: paragraphs on lines of their own, entities decoded, scripts and styles gone.

    Never raises: what lxml cannot read is stripped of its tags instead. Input beyond 1,000,000 characters is not looked at.
    """
    html = html[:MAX_INPUT]
    if not _MARKUP.search(html):
        return clean.clean(html)
    # lxml refuses NUL and lone surrogates in a str.
    source = html.replace("\x00", "").encode("utf-8", "replace")
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False, no_network=True)
    try:
        root = lxml_html.document_fromstring(source, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return _without_tags(html)
    return clean.clean(_gather(root)) or _without_tags(html)


def _without_tags(html: str) -> str:
    """The last resort for mark-up that lxml refuses or empties (nested deeper than it follows)."""
    return clean.clean(entities.unescape(_TAG.sub("\n", _SCRIPT.sub("", html))))


def _gather(root: etree._Element) -> str:
    """Walk the tree without recursion and join the text, a line break at the edges of each block."""
    out: list[str] = []
    skipping = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if skipping or tag in _DROPPED:
                skipping += 1
                continue
            if tag in _BLOCKS:
                out.append("\n")
            if element.text and tag:
                out.append(_WHITE.sub(" ", element.text))
            continue
        if skipping:
            skipping -= 1
        elif tag in _BLOCKS:
            out.append("\n")
        if not skipping and element.tail:
            out.append(_WHITE.sub(" ", element.tail))
    return re.sub(r"\s*\n\s*", "\n", "".join(out))
