"""What stands around an article, removed from the tree before extraction.

trafilatura knows the usual menus, footers and sharing bars. The rules here are for what it lets through or cannot see; each
names the reason why it is no article text. None removes an element that holds a large part of the page's text: some sites put
the whole article into a "modal", hide it until a script has run, or mark the page's outermost box as having a "lightbox".
"""

from __future__ import annotations

import re

from lxml import html

from watcher.articles import lines

LARGE = 0.35  # share of the page's text that is never furniture
NAMED = 1500  # characters; what is furniture only by its class or id is smaller

_INVISIBLE = ("script", "style")
_NEVER = frozenset({"html", "head", "body", "main", "article"})
_TAGS = frozenset({"dialog", "template", "noscript", "figcaption"})
_ROLES = frozenset({"dialog", "alertdialog", "navigation", "search", "contentinfo", "menu", "toolbar"})
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_BLOCKS = frozenset(
    {"div", "section", "aside", "p", "ul", "ol", "form", "table", "footer", "header", "figure", "h2", "h3", "h4", "h5", "h6"}
)
_SPLIT = re.compile(r"[^a-z0-9]+")
# Words of class and id, compared whole.
_WORDS = frozenset(
    [
        *("mistape", "orphus", "modal", "popup", "dialog", "lightbox"),
        *("cookie", "cookies", "gdpr", "consent"),
        *("newsletter", "mailchimp", "sharedaddy", "addtoany"),
        *("readalso", "outbrain", "taboola"),
        *("photocredit", "imagecredit"),
    ]
)
_PHRASES = re.compile(
    r"\b(?:read[-_ ]?also|also[-_ ]?read|spelling[-_ ]?error|error[-_ ]?report|report[-_ ]?error|(?:photo|image|img|media)[-_ ]?(?:credits?|copyright))\b",
    re.IGNORECASE,
)
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6", "p", "div", "strong", "b", "span"})
_LISTS = frozenset({"ul", "ol", "div", "section", "aside"})
_HEADING = 80  # characters
_LINE, _LABEL = 400, 60  # characters of such a line, and of what is no link in it


def remove(tree: html.HtmlElement) -> None:
    """Take the furniture out of the tree, in place."""
    for element in list(tree.iter(*_INVISIBLE)):
        element.drop_tree()
    whole = max(1, _length(tree))
    stack = [tree]
    while stack:
        element = stack.pop()
        room = _room(element, whole)
        if (room and _length(element, room) <= room and element.getparent() is not None) or _points_elsewhere(element):
            element.drop_tree()
        elif _announces_others(element):
            following = element.getnext()
            if following is not None and following.tag in _LISTS and _is_links(following):
                following.drop_tree()
            element.drop_tree()
        else:
            stack.extend(reversed([child for child in element if isinstance(child.tag, str)]))


def _room(element: html.HtmlElement, whole: int) -> int:
    """How many characters an element may hold and still be furniture; 0 if nothing speaks for that."""
    if element.tag in _NEVER:
        return 0
    seen = "hidden" not in element.attrib and element.get("aria-modal") != "true" and not _HIDDEN.search(element.get("style", ""))
    if not seen or element.tag in _TAGS or element.get("role", "").lower() in _ROLES:
        return max(1, int(LARGE * whole))
    names = f"{element.get('class', '')} {element.get('id', '')}"
    if element.tag in _BLOCKS and (not _WORDS.isdisjoint(_SPLIT.split(names.lower())) or _PHRASES.search(names)):
        return max(1, min(NAMED, int(LARGE * whole)))
    return 0


def _points_elsewhere(element: html.HtmlElement) -> bool:
    """Whether an element is one line like "Read also: Another headline", all links but for its label.

    Judged before its parts are: with the label alone gone, the other headline would pass for a line of the article.
    """
    if element.tag not in _HEADINGS | {"li"} or element.getparent() is None or _length(element, _LINE) > _LINE:
        return False
    linked = sum(_length(link) for link in element.iter("a"))
    return linked > 0 and _length(element) - linked <= _LABEL and lines.points_elsewhere(element.text_content())


def _announces_others(element: html.HtmlElement) -> bool:
    """Whether an element is a heading like "Read also", over links to other articles."""
    if element.tag not in _HEADINGS or len(element) > 2 or _length(element, _HEADING) > _HEADING or element.getparent() is None:
        return False
    return lines.announces_others(element.text_content())


def _is_links(element: html.HtmlElement) -> bool:
    """Whether an element's text is nearly all links, outermost ones counted."""
    linked = sum(_length(link) for link in element.iter("a"))
    return linked >= 0.7 * max(1, _length(element))


def _length(element: html.HtmlElement, enough: int | None = None) -> int:
    """Characters of text below an element, blanks around its pieces not counted; only a little more once above ``enough``."""
    total = 0
    for part in element.itertext():
        total += len(part.strip())
        if enough is not None and total > enough:
            break
    return total
