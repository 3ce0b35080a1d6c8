"""Names of feeds, tags and languages: compared whole, folded."""

from __future__ import annotations

import re
from functools import lru_cache

from watcher.model import MatchInput
from watcher.text.fold import fold

FIELDS = ("feed", "tag", "lang")


def values(article: MatchInput, field: str) -> tuple[str, ...]:
    """Return what an article has for a field: its feed's name, the tags of feed and entry, or its language."""
    if field == "feed":
        return (article.feed,) if article.feed else ()
    if field == "tag":
        return (*article.feed_tags, *article.tags)
    return (article.language,) if article.language else ()


def same(value: str, wanted: str) -> bool:
    """Whether a value is the wanted name; ``*`` and ``?`` work as in terms."""
    return _expression(wanted).fullmatch(fold(value).text.strip()) is not None


@lru_cache(maxsize=4096)
def _expression(wanted: str) -> re.Pattern[str]:
    pieces = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in wanted.strip())
    return re.compile("".join(pieces), re.DOTALL)
