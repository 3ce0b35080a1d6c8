"""Whether an extracted text is the article: ``ok``, or the reason why not. Pure; precision first.

A wrong "not ok" costs the article's text (the feed's is matched instead); a wrong "ok" costs alerts on rubbish, or the alert.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import html

from watcher.articles.metadata import Facts

SHORT = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the whole page looks like, counted before anything was removed: characters of text, of them in links, and scripts."""

    text: int
    linked: int
    scripts: int
    head: str = ""


def signs(tree: html.HtmlElement) -> Signs:
    """Count the signs of a page."""
    return Signs(text=0, linked=0, scripts=0)


def judge(text: str, facts: Facts, signs: Signs) -> str:
    """Return the quality of a text."""
    if not text.strip():
        return "empty"
    return "ok"
