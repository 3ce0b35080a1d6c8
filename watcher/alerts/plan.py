"""Who is told, when, and together with what.

``targets`` names the channels: the rule's own (all where it names none) and those of matching routes. ``plan`` gives each a due time
and a bundle. A bundle gathers alerts of one channel into one message; its key is "" for a message of its own::

    urgent          now, alone: breaks through all below
    digest          at the next time of the channel's cron, in bundle "digest"
    over the limit  when the limit's window frees, in bundle "limit:RULE"; at most one summary a window
    group           ``wait`` after the first alert, at least ``interval`` after the last message, in bundle "group" (Alertmanager's
                    group_wait and group_interval, kept as a due time that survives a restart)
    otherwise       now, alone
    quiet hours     what would be due within them is due at their end

A webhook is read by a program: it gets its digested and grouped alerts one by one at the due time; only a summary is a bundle.

``rank`` says what goes first, and what may be gathered when a receiver cannot keep up (see ``store.deliveries``)::

    AHEAD     urgent alerts and notices pass whatever waits
    ALONE     of a rule with a ``limit``: that is how many messages of its own were asked for
    GATHERED  of a rule without: when many wait, they become few messages
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.alerts import clock
from watcher.model import Alert, ChannelPolicy, Reason, Route, Rule, Severity

DIGEST, GROUP, LIMIT = "digest", "group", "limit:"
AHEAD, ALONE, GATHERED = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One delivery to make. It joins the channel's unclaimed bundle of that key where there is one."""

    channel: str
    due_at: datetime
    bundle: str = ""
    rank: int = GATHERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An escalation: ``targets`` are told at ``due_at`` unless somebody acknowledges the alert that ``channel`` was told of."""

    channel: str
    targets: tuple[str, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleState:
    """What the store holds of one bundle: when the unclaimed one is due, and when the last one was sent; None where there is none."""

    open_due_at: datetime | None = None
    last_sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What routes and bundles ask about. ``tags``: the feed's. ``sources``, ``articles``: of the story. ``bundles``: by (channel, bundle). ``disabled``: channels that are gone.

    ``oldest_in_window_at``: the first of the alerts that ``Told.in_window`` counts; only for alerts over the limit.
    """

    feed: str = ""
    tags: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    language: str | None = None
    sources: int = 1
    articles: int = 1
    bundles: Mapping[tuple[str, str], BundleState] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    oldest_in_window_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One look at who is told. ``route``: its number from 1, None for the rule's own channels. ``missing``: the conditions that do not hold.

    ``over``: an earlier route that matched has ended the search.
    """

    route: int | None
    channels: tuple[str, ...]
    missing: tuple[str, ...] = ()
    over: bool = False

    @property
    def followed(self) -> bool:
        """Whether its channels are told."""
        return not (self.missing or self.over)


def targets(rule: Rule, routes: Iterable[Route], policies: Mapping[str, ChannelPolicy], occasion: Occasion) -> tuple[str, ...]:
    """Return the channels that an alert of ``rule`` goes to, each once; those of the rule first, then those of routes in order.

    A channel that is disabled is replaced by its ``fallback``; without one it stays: its deliveries are kept, listed and can be resent.
    """
    named = [name for step in trace(rule, routes, policies, occasion) if step.followed for name in step.channels]
    standing = (standing_for(name, policies, occasion.disabled) for name in named if name in policies)
    return tuple(dict.fromkeys(standing))


def trace(rule: Rule, routes: Iterable[Route], policies: Mapping[str, ChannelPolicy], occasion: Occasion) -> tuple[Step, ...]:
    """Return what is looked at for an alert of ``rule``, in order: its own channels, then each route and why it did not match."""
    steps = [Step(route=None, channels=tuple(policies if rule.channels is None else rule.channels))]
    over = False
    for number, route in enumerate(routes, 1):
        missing = mismatches(route, rule, occasion)
        steps.append(Step(route=number, channels=route.channels, missing=missing, over=over))
        over = over or not (missing or route.continue_)
    return tuple(steps)


def mismatches(route: Route, rule: Rule, occasion: Occasion) -> tuple[str, ...]:
    """Return the names of the conditions of ``route`` that do not hold; none when it matches. Within one condition any value will do.

    Names of feeds and tags fold case, as the rules do.
    """
    holds = {
        "severity": not route.severity or rule.severity in route.severity,
        "rule": not route.rule or rule.name in route.rule,
        "entity": not route.entity or not set(route.entity).isdisjoint(occasion.entities),
        "tag": not route.tag or not _folded(route.tag).isdisjoint(_folded(occasion.tags)),
        "language": not route.language or occasion.language in route.language,
        "feed": not route.feed or occasion.feed.casefold() in _folded(route.feed),
        "min_sources": occasion.sources >= route.min_sources,
        "min_articles": occasion.articles >= route.min_articles,
    }
    return tuple(name for name, held in holds.items() if not held)


def _folded(names: Iterable[str]) -> set[str]:
    return {name.strip().casefold() for name in names}


def plan(
    alert: Alert,
    rule: Rule,
    routes: Iterable[Route],
    policies: Mapping[str, ChannelPolicy],
    occasion: Occasion,
    now: datetime,
) -> tuple[Planned, ...]:
    """Return the deliveries of ``alert``: one for each target, in a fixed order."""
    return tuple(schedule(alert, policies[name], rule, occasion, now) for name in targets(rule, routes, policies, occasion))


def notice(
    channels: Sequence[str], policies: Mapping[str, ChannelPolicy], now: datetime, *, disabled: frozenset[str] = frozenset()
) -> tuple[Planned, ...]:
    """Return the deliveries of an operator notice: at once and alone, whatever the channels' policies say."""
    standing = (standing_for(name, policies, disabled) for name in channels if name in policies)
    return tuple(Planned(channel=name, due_at=now, rank=AHEAD) for name in dict.fromkeys(standing) if name not in disabled)


def escalations(alert: Alert, planned: Iterable[Planned], policies: Mapping[str, ChannelPolicy], now: datetime) -> tuple[Waiting, ...]:
    """Return what happens to an urgent alert that nobody acknowledges: for each of its channels with ``escalate``, whom to tell and when."""
    if alert.severity is not Severity.URGENT:
        return ()
    asked = ((each.channel, policies[each.channel].escalate) for each in planned)
    return tuple(Waiting(channel=name, targets=want[1], due_at=now + want[0]) for name, want in asked if want is not None)


def schedule(alert: Alert, policy: ChannelPolicy, rule: Rule, occasion: Occasion, now: datetime) -> Planned:
    """Return when ``alert`` is due on one channel, and in which bundle."""
    if alert.severity is Severity.URGENT or alert.reason is Reason.NOTICE:
        return Planned(channel=policy.name, due_at=now, rank=AHEAD)
    bundle, due = _bundle(alert, policy, rule, occasion, now)
    if policy.quiet is not None:
        due = clock.after_quiet(due, policy.quiet, policy.timezone)
    alone = policy.type == "webhook" and not bundle.startswith(LIMIT)
    rank = ALONE if rule.limit is not None else GATHERED
    return Planned(channel=policy.name, due_at=due, bundle="" if alone else bundle, rank=rank)


def _bundle(alert: Alert, policy: ChannelPolicy, rule: Rule, occasion: Occasion, now: datetime) -> tuple[str, datetime]:
    if policy.digest is not None:
        return DIGEST, clock.next_cron(policy.digest, now, policy.timezone)
    if alert.reason is Reason.OVER_LIMIT:
        key = LIMIT + rule.name
        state = occasion.bundles.get((policy.name, key), BundleState())
        window = timedelta(seconds=rule.limit[1]) if rule.limit else timedelta(0)
        frees = (occasion.oldest_in_window_at or now) + window
        return key, state.open_due_at or max(frees, now, (state.last_sent_at or now - window) + window)
    if policy.group is not None:
        wait, interval = policy.group
        state = occasion.bundles.get((policy.name, GROUP), BundleState())
        return GROUP, state.open_due_at or max(now + wait, (state.last_sent_at or now - interval) + interval)
    return "", now


def standing_for(name: str, policies: Mapping[str, ChannelPolicy], disabled: frozenset[str]) -> str:
    """Follow fallbacks from a disabled channel to one that stands; ``name`` itself where there is none (also in a ring)."""
    seen, at = {name}, name
    while at in disabled:
        following = policies[at].fallback
        if following is None or following not in policies or following in seen:
            return name
        seen.add(following)
        at = following
    return at
