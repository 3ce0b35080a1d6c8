"""A title and a plain text, for the services behind Apprise: short enough to be read on a lock screen."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.alerts.render.bundle import bundle_title
from watcher.alerts.render.view import View
from watcher.model import Delivery, Severity, TextPost
from watcher.text.clean import clean

LONGEST = 3000
"""Characters; the smallest of the common services' limits above a tweet is Telegram's 4,096, with escapes."""


def render(delivery: Delivery, views: Sequence[View]) -> TextPost:
    """Return the post of a delivery."""
    urgent = any(view.severity == Severity.URGENT for view in views)
    if len(views) > 1:
        lines = [f"{v.headline} – {v.host or v.feed} {v.url or ''}".rstrip() for v in views]
        return TextPost(title=bundle_title(delivery, views), text=clean("\n".join(lines), LONGEST), urgent=urgent)
    view = views[0]
    if view.notice:
        return TextPost(title=view.subject, text=clean(view.body, LONGEST), urgent=urgent)
    head = " · ".join(filter(None, (view.source, view.published)))
    why = f"Rule {view.rule}: {', '.join(view.terms)}" if view.terms else f"Rule {view.rule}"
    sentences = "\n".join(f"“{q.text}”" for q in view.quotes[:5])
    text = clean("\n".join(filter(None, (head, sentences or view.lead, view.note, why))), LONGEST - len(view.url or "") - 1)
    return TextPost(title=view.subject, text=f"{text}\n{view.url}" if view.url else text, url=view.url, urgent=urgent)
