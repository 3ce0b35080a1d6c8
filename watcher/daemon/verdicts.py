"""What is decided about one entry inside its transaction: its story, and for each match whether it is told, to whom and when.

Everything slow happened before (the page, the match, the sketch); here are a handful of indexed look-ups, the pure
deciders of ``stories`` and ``alerts``, and the rows that follow, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from watcher import store
from watcher.alerts import decide, ids, novelty, payload, plan
from watcher.daemon import faultpoints
from watcher.daemon.mirror import Mirror
from watcher.model import (
    Alert,
    Article,
    ChannelPolicy,
    Decision,
    Entity,
    Feed,
    FullText,
    Match,
    Reason,
    Repeat,
    Route,
    Rule,
    Story,
    StoryView,
)
from watcher.stories import Candidate, Verdict, credit

EDITS = "thread"  # the value of a rule's ``edits`` that asks for them
FIRST_REREAD = timedelta(minutes=15)
TOLD_BEFORE = 20  # alerts of a rule and story that an update is compared with


class Deciders(Protocol):
    """What is asked of the configuration in force; a backtest asks it of another one."""

    @property
    def rules(self) -> Mapping[str, Rule]: ...
    @property
    def entities(self) -> Mapping[str, Entity]: ...
    @property
    def policies(self) -> Mapping[str, ChannelPolicy]: ...
    @property
    def routes(self) -> Sequence[Route]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An entry that was read: its article, what it matched, its sketch.

    ``source``: the host that says so; ``origin``: who stands behind it, for counting sources. ``entities``: ids found in the evidence. ``again_at``: when it is
    to be read again because its page was not to be had.
    """

    claimed: store.entries.ClaimedEntry
    feed: Feed
    feed_name: str
    article: Article
    matches: tuple[Match, ...]
    sketch: bytes
    canonical_url: str | None
    source: str
    entities: tuple[str, ...]
    origin: str = ""
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What became of it."""

    story: Story
    decisions: tuple[Decision, ...]
    alerts: tuple[Alert, ...]


def settle(conn: store.Connection, reading: Reading, deciders: Deciders, mirror: Mirror, *, now: datetime) -> Verdicts | None:
    """Decide and write everything about one entry; None when the claim was lost to another process.

    An entry that was read before, without its page, keeps what was decided then: only rules that its full text matches in
    addition are judged.
    """
    claimed = reading.claimed
    if not store.entries.owned(conn, claimed.id, claimed.epoch):
        return None
    store.stories.lock(conn)
    story, view = _story(conn, reading, mirror, now)
    judged = store.entries.matched_rules(conn, claimed.id) if claimed.looks else frozenset()
    matches = tuple(match for match in reading.matches if match.rule not in judged)
    verdicts = judge(conn, replace(reading, matches=matches), deciders, story, view, now=now)
    if any(deciders.rules[alert.rule].edits == EDITS for alert in verdicts.alerts) and rereadable(reading.article, reading.feed):
        store.rereads.add(conn, claimed.id, due_at=now + FIRST_REREAD, title=reading.article.page_title)
    faultpoints.reach("entries.commit")
    store.entries.finish(
        conn,
        claimed,
        article=reading.article,
        canonical_url=reading.canonical_url,
        host=reading.source,
        origin=reading.origin or None,
        sketch=reading.sketch,
        story=story,
        entities=reading.entities,
        found=tuple(zip(matches, verdicts.decisions, strict=True)),
        now=now,
        again_at=reading.again_at,
    )
    return verdicts


def rereadable(article: Article, feed: Feed) -> bool:
    """Whether the article has a page, and its feed allows it to be asked for."""
    return bool(article.url) and feed.full_text is not FullText.NEVER


def judge(conn: store.Connection, reading: Reading, deciders: Deciders, story: Story, view: StoryView, *, now: datetime) -> Verdicts:
    """Decide about each match of an article whose story is decided, and record what is told."""
    case = _Case(conn, reading, deciders, story, view, now)
    judged = [case.judge(match) for match in reading.matches]
    return Verdicts(
        story=story,
        decisions=tuple(decision for decision, _ in judged),
        alerts=tuple(alert for _, alert in judged if alert is not None),
    )


def _story(conn: store.Connection, reading: Reading, mirror: Mirror, now: datetime) -> tuple[Story, StoryView]:
    """Put the article into a story, or open one; and the story as a receiver will see it, this article included."""
    verdict = mirror.decide(conn, candidate_of(reading, now=now))
    if reading.claimed.looks:
        placed, free = store.entries.story_of(conn, reading.claimed.id)
        if verdict.story_id in (None, placed) or not free:  # what was told of it stands in that story
            return Story(id=placed, new=False), store.stories.view(conn, placed)
    if verdict.story_id is None:
        story_id = store.stories.create(conn, title=reading.article.title, now=now)
        return Story(id=story_id, new=True), StoryView(id=story_id, first_seen_at=now)
    return join(conn, reading, verdict, now=now)


def candidate_of(reading: Reading, *, now: datetime) -> Candidate:
    """The article as the stories' index sees it."""
    return Candidate(
        article_id=reading.claimed.id,
        sketch=reading.sketch,
        at=now,
        canonical_url=reading.canonical_url,
        title=reading.article.title,
        host=reading.source,
        entities=reading.entities,
    )


def join(conn: store.Connection, reading: Reading, verdict: Verdict, *, now: datetime) -> tuple[Story, StoryView]:
    """Put the article into the story that ``verdict`` names; and the story as a receiver will see it, this article included."""
    assert verdict.story_id is not None
    store.stories.touch(conn, verdict.story_id, now=now)
    before = store.stories.view(conn, verdict.story_id)
    copy_of = str(verdict.copy_of) if verdict.copy_of is not None else None
    story = Story(
        id=verdict.story_id,
        new=False,
        copy_of=copy_of,
        similarity=verdict.similarity,
        basis=verdict.basis,
        near=verdict.near,
        parts=verdict.parts,
    )
    known = copy_of is not None or (reading.origin or reading.source) in store.stories.origins(conn, verdict.story_id)
    return story, replace(before, articles=before.articles + 1, sources=max(1, before.sources + (not known)))


@dataclass(frozen=True, slots=True)
class _Case:
    """One entry before the deciders: judges each of its matches."""

    conn: store.Connection
    reading: Reading
    deciders: Deciders
    story: Story
    view: StoryView
    now: datetime

    def judge(self, match: Match) -> tuple[Decision, Alert | None]:
        """Decide about one match and record its alert, if it is told."""
        reading, rule = self.reading, self.deciders.rules[match.rule]
        window = timedelta(seconds=rule.limit[1]) if rule.limit else None
        history = store.alerts.history(
            self.conn,
            rule.name,
            entry=reading.claimed.id,
            story=self.story.id,
            canonical_url=reading.canonical_url,
            window=window,
            now=self.now,
        )
        occasion = self._occasion(rule, history.oldest_in_window_at)
        facts = decide.Facts(
            feed=reading.feed_name,
            feed_url=reading.feed.url,
            source=reading.origin or reading.source,
            official=credit.is_official(reading.source),
            story=self.story,
            sources=self.view.sources,
            news=self._news(rule, match) if history.story is not None else (),
            reached=bool(plan.targets(rule, self.deciders.routes, self.deciders.policies, occasion)),
            title=reading.article.title,
            text=reading.article.text,
        )
        told = decide.Told(
            entry=history.entry, article=history.article, story=history.story, sources=history.sources, in_window=history.in_window
        )
        silences = store.silences.in_force(self.conn, now=self.now)
        decision = decide.decide(match, rule, facts=facts, told=told, silences=silences, now=self.now)
        if not decision.reason.tells:
            return decision, None
        alert = payload.alert(
            decision,
            rule,
            match,
            reading.article,
            feed=reading.feed,
            feed_name=reading.feed_name,
            identity=reading.claimed.entry.identity,
            first_seen_at=reading.claimed.first_seen_at,
            story=self.view,
            news=decide.what_is_new(facts, told) if decision.update else (),
            entities=self.deciders.entities,
            entry_id=reading.claimed.id,
            now=self.now,
        )
        return self._record(rule, decision, alert, occasion)

    def _news(self, rule: Rule, match: Match) -> tuple[str, ...]:
        """What the match adds to what the rule told of the story before."""
        known = novelty.known(store.alerts.payloads(self.conn, rule.name, self.story.id, limit=TOLD_BEFORE))
        return novelty.news(match, known, self.deciders.entities, title=self.reading.article.title)

    def _record(self, rule: Rule, decision: Decision, alert: Alert, occasion: plan.Occasion) -> tuple[Decision, Alert | None]:
        """Write alert and deliveries, unless another process told the story first."""
        if (
            rule.repeat is Repeat.STORY
            and not decision.update
            and not store.alerts.claim_first(self.conn, rule.name, self.story.id, alert.id)
        ):
            return replace(decision, reason=Reason.ALREADY_TOLD, detail="the story was told at the same moment"), None
        planned = plan.plan(alert, rule, self.deciders.routes, self.deciders.policies, occasion, self.now)
        outgoing = [
            store.alerts.Outgoing(
                channel=p.channel, due_at=p.due_at, bundle=p.bundle, rank=p.rank, message_key=ids.message_key([alert.id], p.channel)
            )
            for p in planned
        ]
        new = store.alerts.insert(self.conn, alert, outgoing, canonical_url=self.reading.canonical_url)
        for waiting in plan.escalations(alert, planned, self.deciders.policies, self.now) if new else ():
            store.escalations.add(self.conn, alert.id, waiting.channel, waiting.targets, due_at=waiting.due_at)
        return decision, alert if new else None

    def _occasion(self, rule: Rule, oldest: datetime | None) -> plan.Occasion:
        """What routes and bundles ask about."""
        return plan.Occasion(
            feed=self.reading.feed_name,
            tags=self.reading.feed.tags,
            entities=self.reading.entities,
            language=self.reading.article.language,
            sources=self.view.sources,
            articles=self.view.articles,
            bundles=bundles_of(self.conn, rule, self.deciders),
            disabled=store.deliveries.disabled_channels(self.conn),
            oldest_in_window_at=oldest,
        )


def bundles_of(conn: store.Connection, rule: Rule, deciders: Deciders) -> dict[tuple[str, str], plan.BundleState]:
    """How the bundles stand that an alert of ``rule`` may join, by channel and bundle."""
    bundles = {}
    for name, policy in deciders.policies.items():
        keys = ([plan.GROUP] if policy.group else []) + ([plan.LIMIT + rule.name] if rule.limit else [])
        for key in keys:
            due, sent = store.deliveries.bundle_state(conn, name, key)
            bundles[name, key] = plan.BundleState(open_due_at=due, last_sent_at=sent)
    return bundles
