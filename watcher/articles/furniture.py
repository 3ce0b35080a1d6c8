"""What stands around an article, removed from the tree before extraction.

trafilatura knows the usual menus, footers and sharing bars. The rules here are for what it lets through or cannot see; each
names the reason why it is no article text. None removes an element that holds a large part of the page's text: some sites put
the whole article into a "modal" or a "promo".
"""

from __future__ import annotations

import re
from lxml import html

from watcher.articles import lines

LARGE = 0.35  # share of the page's text that is never furniture

_NEVER = frozenset({"html", "head", "body", "main", "article", "script", "style", "meta", "link", "title"})
_TAGS = frozenset({"dialog", "template", "noscript", "figcaption"})
_ROLES = frozenset({"dialog", "alertdialog", "navigation", "search", "contentinfo", "menu", "toolbar"})
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=[A-Z])")
# Words of class and id, compared whole.
_WORDS = frozenset(
    [
        *("mistape", "orphus", "typo", "modal", "popup", "dialog", "lightbox"),
        *("cookie", "cookies", "gdpr", "consent"),
        *("newsletter", "mailchimp", "sharedaddy", "addtoany"),
        *("readalso", "outbrain", "taboola"),
        *("photocredit", "imagecredit"),
    ]
)
_PAIRS = re.compile(
    r"\b(?:read[-_ ]?also|also[-_ ]?read|spelling[-_ ]?error|error[-_ ]?report|report[-_ ]?error|(?:photo|image|img|media)[-_ ]?(?:credits?|copyright))\b",
    re.IGNORECASE,
)
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6", "p", "div", "strong", "b", "span"})
_LISTS = frozenset({"ul", "ol", "div", "section", "aside"})


def remove(tree: html.HtmlElement) -> None:
    """Take the furniture out of the tree, in place."""
    whole = max(1, _length(tree))
    stack = [tree]
    while stack:
        element = stack.pop()
        doomed = _is_furniture(element) and _length(element) <= LARGE * whole
        if not doomed and _announces_others(element):
            following = element.getnext()
            if following is not None and following.tag in _LISTS and _is_links(following):
                following.drop_tree()
            doomed = True
        if doomed and element.getparent() is not None:
            element.drop_tree()
        else:
            stack.extend(reversed([child for child in element if isinstance(child.tag, str)]))


def _is_furniture(element: html.HtmlElement) -> bool:
    tag = element.tag
    if tag in _NEVER:
        return False
    if tag in _TAGS or element.get("role", "").lower() in _ROLES or element.get("aria-modal") == "true" or "hidden" in element.attrib:
        return True
    if _HIDDEN.search(element.get("style", "")):
        return True
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return len(names) > 1 and (not _WORDS.isdisjoint(_SPLIT.split(names.lower())) or _PAIRS.search(names) is not None)


def _announces_others(element: html.HtmlElement) -> bool:
    """Whether an element is a heading like "Read also", over links to other articles."""
    if element.tag not in _HEADINGS or len(element) > 2:
        return False
    text = element.text_content() if _length(element, 80) <= 80 else ""
    return bool(text.strip()) and lines.announces_others(text)


def _is_links(element: html.HtmlElement) -> bool:
    linked = sum(_length(link) for link in element.iter("a"))
    return linked >= 0.7 * max(1, _length(element))


def _length(element: html.HtmlElement, enough: int | None = None) -> int:
    """Characters of text below an element, blanks not counted; at most a little above ``enough``."""
    total = 0
    for part in element.itertext():
        total += len(part.strip())
        if enough is not None and total > enough:
            break
    return total
