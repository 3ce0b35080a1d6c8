"""Words for several alerts in one message."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.alerts.plan import DIGEST, LIMIT
from watcher.alerts.render.view import View
from watcher.model import Delivery
from watcher.text.clean import one_line


def loudest_first(views: Sequence[View]) -> list[View]:
    """Return the alerts by severity, in the order of their raising within each."""
    return sorted(views, key=lambda view: view.rank)


def bundle_title(delivery: Delivery, views: Sequence[View]) -> str:
    """Return the subject of a bundle: ``[rule] 38 more alerts``, ``[watcher] digest of 12 alerts``, ``[rule] 5 alerts: headline``."""
    rules = dict.fromkeys(view.rule for view in views)
    name, count = (next(iter(rules)) or "watcher") if len(rules) == 1 else "watcher", len(views)
    if delivery.bundle.startswith(LIMIT):
        name, said = delivery.bundle.removeprefix(LIMIT), f"{count} more alerts"
    elif delivery.bundle == DIGEST:
        said = f"digest of {count} alerts"
    else:
        said = f"{count} alerts: {loudest_first(views)[0].headline}"
    return one_line(f"[{name}] {said}", 200)


def bundle_reason(delivery: Delivery) -> str:
    """Return one sentence that says why these alerts come together."""
    if delivery.bundle.startswith(LIMIT):
        return f"These alerts were above the limit of rule {delivery.bundle.removeprefix(LIMIT)}; nothing was dropped."
    return "Collected for the digest of this channel." if delivery.bundle == DIGEST else "These came close together."
