"""Words for several alerts in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.alerts.plan import DIGEST, LIMIT
from watcher.alerts.render.view import View
from watcher.model import Delivery
from watcher.text.clean import one_line

STORM = "storm"
"""The key under which ``store.deliveries`` gathers what waits for a receiver that cannot keep up."""

OVERVIEW_FROM = 5
"""Alerts from which on an overview says more than the list below it."""

TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Several alerts as one message says them.

    ``alerts``: the loudest first, those of one story side by side. ``overview``: sentences on the whole; none for a few. ``everything``: the
    command that lists all of them, and ``link`` the page that does.
    """

    title: str
    reason: str
    alerts: tuple[View, ...]
    overview: tuple[str, ...]
    everything: str
    link: str | None = None

    @property
    def heading(self) -> str:
        """The title as a headline: without the rule in brackets, which mail programs sort by, and with a capital."""
        said = self.title.partition("] ")[2] or self.title
        return said[:1].upper() + said[1:]


def bundle(delivery: Delivery, views: Sequence[View], link: str | None = None) -> Bundle:
    """Return the words for a delivery of several alerts. ``link``: of the page that lists them."""
    return Bundle(
        title=bundle_title(delivery, views),
        reason=" ".join(filter(None, (bundle_reason(delivery), views[0].aside))),
        alerts=tuple(in_order(views)),
        overview=overview(views) if len(views) >= OVERVIEW_FROM else (),
        everything=f"watcher alerts list --bundle {delivery.id}",
        link=link,
    )


def in_order(views: Sequence[View]) -> list[View]:
    """Return the alerts by severity, the loudest first; within each in the order of their raising, those of one story together."""
    first: dict[str, int] = {}
    for position, view in enumerate(views):
        first.setdefault(view.story or view.id, position)
    return sorted(views, key=lambda view: (view.rank, first[view.story or view.id]))


def overview(views: Sequence[View]) -> tuple[str, ...]:
    """Return what a reader wants to know of many alerts before reading any: the terms, the rules, the biggest story, the sources."""
    said = []
    terms = Counter(term for view in views for term in view.terms)
    if terms:
        said.append("Most often matched: " + _counted(terms))
    rules = Counter(view.rule for view in views if view.rule)
    if len(rules) > 1:
        said.append("Rules: " + _counted(rules))
    feeds = Counter(view.feed or view.host for view in views if view.feed or view.host)
    if len(feeds) > 1:
        said.append("Feeds: " + _counted(feeds))
    biggest = max(views, key=lambda view: (view.articles, view.sources))
    if biggest.articles > 1:
        count = f"{biggest.articles} articles from {biggest.sources} independent source{'s' if biggest.sources != 1 else ''}"
        said.append(f"Biggest story: {biggest.headline} ({count})")
    return tuple(one_line(sentence, 300) for sentence in said)


def _counted(counts: Counter[str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = len(ranked) - TOP
    return ", ".join(f"{name} ({count})" for name, count in ranked[:TOP]) + (
        f" and {rest} other{'s' if rest > 1 else ''}" if rest > 0 else ""
    )


def bundle_title(delivery: Delivery, views: Sequence[View]) -> str:
    """Return the subject of a bundle: ``[rule] 38 more alerts``, ``[watcher] digest of 12 alerts``, ``[rule] 5 alerts: headline``."""
    rules = dict.fromkeys(view.rule for view in views)
    name, count = (next(iter(rules)) or "watcher") if len(rules) == 1 else "watcher", len(views)
    if delivery.bundle.startswith(LIMIT):
        name, said = delivery.bundle.removeprefix(LIMIT), f"{count} more alerts"
    elif delivery.bundle == DIGEST:
        said = f"digest of {count} alerts"
    else:
        said = f"{count} alerts: {in_order(views)[0].headline}"
    return one_line(f"[{name}] {said}", 200)


def bundle_reason(delivery: Delivery) -> str:
    """Return one sentence that says why these alerts come together."""
    if delivery.bundle.startswith(LIMIT):
        return f"These alerts were above the limit of rule {delivery.bundle.removeprefix(LIMIT)}; nothing was dropped."
    if delivery.bundle == STORM:
        return "More came at once than this channel can carry one by one; nothing was dropped."
    return "Collected for the digest of this channel." if delivery.bundle == DIGEST else "These came close together."
