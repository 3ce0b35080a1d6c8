"""What would have been told: the deciders once more over articles of the archive, in the order in which they were read.

    an article that rules match, with its story as recorded          store.archive
    what was told of the story, the address, within the limit        store.scratch      before the stretch by the daemon, within it by this
    decisions, alerts, deliveries                                    daemon.verdicts    the daemon's own

So an unchanged configuration gives the daemon's own decisions. What is not known any more is taken as it is now: names and tags of feeds, and
which channels stand. An article that was read twice, first without its page, is judged once, as it was read last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from watcher.alerts.decide import entities_of
from watcher.daemon import seen, verdicts
from watcher.model import ChannelPolicy, Entity, Entry, Feed, Match, Route, Rule, Story, StoryView
from watcher.store import Store, archive, scratch
from watcher.store.entries import ClaimedEntry
from watcher.stories import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules that are tried, and the configuration around them: :class:`watcher.daemon.verdicts.Deciders`."""

    rules: Mapping[str, Rule]
    entities: Mapping[str, Entity]
    policies: Mapping[str, ChannelPolicy]
    routes: tuple[Route, ...]


class Replay:
    """One way through a stretch of the archive. A context manager.

    :param feeds: the configured feeds by URL. ``start_at``: when the first article of the stretch was read.
    """

    def __init__(self, source: Store, deciders: Rules, feeds: Mapping[str, Feed], *, start_at: datetime) -> None:
        self._deciders, self._feeds = deciders, feeds
        self._scratch = scratch.Scratch(source, deciders.rules.values(), start_at=start_at)

    def judge(self, row: archive.Archived, matches: tuple[Match, ...]) -> verdicts.Verdicts:
        """Decide about what an article matches. Articles come in the order of their numbers."""
        self._scratch.prepare(row)
        reading = self._reading(row, matches)
        conn = self._scratch.conn
        if row.basis == "new":
            story, view = Story(id=row.story_id, new=True), StoryView(id=row.story_id, first_seen_at=row.added_at)
        else:
            verdict = Verdict(story_id=row.story_id, copy_of=row.copy_of, similarity=row.similarity, basis=row.basis)
            story, view = verdicts.join(conn, reading, verdict, now=row.added_at)
        judged = verdicts.judge(conn, reading, self._deciders, story, view, now=row.added_at)
        self._scratch.add(row)
        return judged

    def _reading(self, row: archive.Archived, matches: tuple[Match, ...]) -> verdicts.Reading:
        feed = self._feeds.get(row.feed_url) or Feed(url=row.feed_url, name=row.feed_name)
        entry = Entry(identity=row.identity, title=row.title, url=row.url, author=row.author, tags=row.tags, published_at=row.published_at)
        return verdicts.Reading(
            claimed=ClaimedEntry(
                id=row.entry_id, epoch=0, feed_id=row.feed_id, feed_url=row.feed_url, feed_title=row.feed_title, entry=entry,
                first_seen_at=row.first_seen_at, attempts=0, looks=0, backfill=False,
            ),
            feed=feed,
            feed_name=seen.feed_name(feed, row.feed_title),
            article=seen.article(row),
            matches=matches,
            sketch=b"",
            canonical_url=row.canonical_url,
            source=row.host,
            origin=row.origin or "",
            entities=tuple(dict.fromkeys((*row.entities, *(entity for match in matches for entity in entities_of(match))))),
        )  # fmt: skip

    def by_day(self) -> list[tuple[str, str, int, int]]:
        """Return rule, channel, day since 1970 (UTC) and how many alerts went there."""
        return self._scratch.by_day()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()
