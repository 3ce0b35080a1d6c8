"""What names what: channels, feeds, tags, entities and rules that other tables speak of must exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from watcher.config.models import RuleTable
from watcher.config.models.channels import ChannelTable
from watcher.config.problems import Place, Problems, did_you_mean
from watcher.config.reading import Tables
from watcher.config.units import shown
from watcher.model import Feed


class References:
    """Checks every mention against what there is. Feed names and tags fold case, as the rules do."""

    def __init__(self, tables: Tables, feeds: Sequence[Feed], problems: Problems) -> None:
        self.tables, self.problems = tables, problems
        self.channels = tables.names("channel")
        self.feeds = tables.names("feed") | {feed.name for feed in feeds if feed.name}
        self.tags = {tag for feed in feeds for tag in feed.tags}
        self.folded_feeds = {name.casefold() for name in self.feeds}
        self.folded_tags = {tag.casefold() for tag in self.tags}
        self.unnamed = any(not feed.name for feed in feeds)

    def check(self) -> None:
        """Record every name that nothing has."""
        for place, rule in self.tables.rules:
            self._channels(rule.channels or (), place.at("channels"))
            self._rule_feeds(rule, place.at("feeds"))
        for name, (place, table) in self.tables.channels.items():
            assert isinstance(table, ChannelTable)
            if table.fallback is not None:
                self._channels([table.fallback], place.at("fallback"), listed=False)
                self._circle(name, place.at("fallback"))
            if table.escalate is not None:
                self._channels(table.escalate.channels, place.at("escalate", "channels"))
        for place, route in self.tables.routes:
            self._channels(route.channels, place.at("channels"))
            here = place.at("match")
            self._known("rule", route.match.rule, self.tables.names("rule"), here.at("rule"))
            self._known("entity", route.match.entity, self.tables.names("entity"), here.at("entity"))
            for index, tag in enumerate(route.match.tag):
                self._tag(tag, here.at("tag", index))
            for index, feed in enumerate(route.match.feed):
                self._feed(feed, here.at("feed", index))
        if self.tables.operators is not None:
            place, operators = self.tables.operators
            self._channels(operators.channels, place.at("channels"))
        if self.tables.rules and not self.channels:
            self.problems.warn(self.tables.rules[0][0], "there is no channel: alerts are recorded, and sent nowhere")

    def _channels(self, names: Iterable[str], place: Place, *, listed: bool = True) -> None:
        self._known("channel", names, self.channels, place, listed=listed)

    def _known(self, kind: str, names: Iterable[str], known: set[str], place: Place, *, listed: bool = True) -> None:
        if {"entity": "entities"}.get(kind, f"{kind}s") in self.tables.unread:
            return  # it may be there
        for index, name in enumerate(names):
            if name not in known:
                self.problems.add(place.at(index) if listed else place, f"there is no {kind} {shown(name)}{did_you_mean(name, known)}")

    def _rule_feeds(self, rule: RuleTable, place: Place) -> None:
        for index, name in enumerate(rule.feeds):
            if name.startswith("tag:"):
                self._tag(name.removeprefix("tag:"), place.at(index))
            else:
                self._feed(name, place.at(index))

    def _tag(self, tag: str, place: Place) -> None:
        if tag.strip().casefold() not in self.folded_tags:
            self.problems.warn(place, f"no feed has the tag {shown(tag)}{did_you_mean(tag, self.tags)}")

    def _feed(self, name: str, place: Place) -> None:
        """A feed without a name has its own title, which nobody knows before it is polled: then it is only a warning."""
        if name.casefold() in self.folded_feeds:
            return
        message = f"there is no feed {shown(name)}{did_you_mean(name, self.feeds | {f'tag:{tag}' for tag in self.tags})}"
        if "feeds" in self.tables.unread:
            return
        if self.unnamed:
            self.problems.warn(place, f"{message}; unless it is the title of one without a name")
        else:
            self.problems.add(place, message)

    def _circle(self, name: str, place: Place) -> None:
        """Record a chain of fallbacks that comes back to where it began."""
        chain = [name]
        while (found := self.tables.channels.get(chain[-1])) is not None:
            table = found[1]
            following = table.fallback if isinstance(table, ChannelTable) else None
            if following is None or following in chain[1:]:
                return
            if following == name:
                self.problems.add(place, f"fallbacks in a circle: {' → '.join([*chain, name][:6])}")
                return
            chain.append(following)
