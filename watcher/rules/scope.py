"""Where a rule applies: its ``feeds`` and ``languages``."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.text.fold import fold


def admits_feed(names: Iterable[str], feed: str, tags: Iterable[str]) -> bool:
    """Whether a feed of that name and with those tags is among ``names``: feed names, or ``tag:NAME``."""
    wanted = {fold(tag).text for tag in tags}
    called = fold(feed).text
    return any(fold(name[4:]).text in wanted if name.startswith("tag:") else fold(name).text == called for name in names)


def admits_language(names: Iterable[str], language: str | None) -> bool:
    """Whether a language is among ``names``. An article of unknown language passes: it must not be lost."""
    spoken = (language or "").lower().replace("_", "-")
    return not spoken or any(spoken == name.lower() or spoken.startswith(name.lower() + "-") for name in names)
