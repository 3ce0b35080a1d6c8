"""How much each rule still sees: "3 of 41 sources blind"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watcher.daemon import seen
from watcher.model import Feed, Rule
from watcher.rules import scope


@dataclass(frozen=True, slots=True)
class Coverage:
    """A rule's sources, and those of them from which nothing can be expected, by name."""

    rule: str
    sources: int
    blind: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {len(self.blind)} of {self.sources} sources blind"


def coverage(rules: Iterable[Rule], feeds: Iterable[Feed], blind: frozenset[str], titles: dict[str, str] | None = None) -> list[Coverage]:
    """Return the coverage of each rule, in their order.

    :param blind: URLs of blind feeds.
    :param titles: by URL, what feeds without a configured name are called.
    """
    every = list(feeds)
    called = {feed.url: seen.feed_name(feed, (titles or {}).get(feed.url, "")) for feed in every}
    found = []
    for rule in rules:
        mine = [feed for feed in every if not rule.feeds or scope.admits_feed(rule.feeds, called[feed.url], feed.tags)]
        found.append(Coverage(rule.name, len(mine), tuple(called[feed.url] for feed in mine if feed.url in blind)))
    return found
