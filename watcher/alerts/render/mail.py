"""The mail: subject, plain text and HTML, made by the Jinja2 templates beside this package or by the user's own (see ``own``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment

from watcher.alerts import ids
from watcher.alerts.render import own as own_templates
from watcher.alerts.render.bundle import Bundle
from watcher.alerts.render.view import View
from watcher.model import Delivery, EmailSettings, Mail, Severity
from watcher.text.clean import one_line

SUBJECT = 200
SHOWN, BRIEF = 500, 100
"""Alerts of one bundle that are listed; the rest is counted. ``BRIEF`` for a server that found the first too big."""

DETAILED, BRIEFLY = 30, 10
"""Of these, how many with their sentences; the others with headline, link and source."""

CLIPPED = 100_000
"""Bytes of HTML, a little under where Gmail cuts a mail off and hides the rest behind a link (102 kB)."""

_ODD = re.compile(r"[^A-Za-z0-9-]+")


def render(
    delivery: Delivery,
    views: Sequence[View],
    whole: Bundle | None,
    *,
    channel: str,
    settings: EmailSettings,
    env: Environment,
    own: Mapping[str, str],
    now: datetime,
    brief: bool = False,
) -> Mail:
    """Return the mail of a delivery.

    :param whole: the words for several alerts, None for one.
    :param channel: the channel's name, for the thread and ``List-Id``.
    :param own: the user's templates that ``env`` knows.
    :param now: becomes ``Date``: a mail that was held over night belongs on top in the morning.
    :param brief: write out less, after the server said that it was too big.
    """
    domain = ids.sender_domain(settings.sender)
    first = views[0]
    kind = "bundle" if whole else "notice" if first.notice else "mail"
    shown, detailed = (BRIEF, BRIEFLY) if brief else (SHOWN, DETAILED)
    values = own_templates.values(views, whole, channel, shown=shown, detailed=detailed)
    subject, text, html = _parts(env, own, kind, values)
    while whole and shown > 1 and (size := len(html.encode())) > CLIPPED:
        shown = max(1, min(shown * 9 // 10, len(values["alerts"]) * CLIPPED // size))
        values = own_templates.values(views, whole, channel, shown=shown, detailed=detailed)
        html = _parts(env, own, kind, values)[2]
    return Mail(
        message_id=ids.message_id(delivery.message_key, domain),
        subject=one_line(subject, SUBJECT),
        text=text,
        html=html,
        references=(ids.story_root(first.story, channel, domain),) if kind == "mail" and first.story else (),
        list_id=list_id(channel, domain),
        sent_at=now,
        urgent=any(view.severity == Severity.URGENT for view in views),
    )


def list_id(channel: str, domain: str) -> str:
    """Return the ``List-Id`` of a channel (RFC 2919): mail programs sort by it."""
    label = _ODD.sub("-", channel).strip("-").lower() or "channel"
    return f"{one_line(channel, 60)} <{label[:60]}.watcher.{domain}>"


def _parts(env: Environment, own: Mapping[str, str], kind: str, values: dict[str, Any]) -> tuple[str, str, str]:
    """Render subject, text and HTML: the user's template where there is one and it works, else ours."""
    ours = (None, f"{kind}.txt.j2", f"{kind}.html.j2")
    done = []
    for name, builtin in zip(own_templates.FILES, ours, strict=True):
        rendered = own_templates.attempt(env, own, name, values)
        if rendered is None:
            rendered = env.get_template(builtin).render(values) if builtin else values["title"]
        done.append(rendered)
    return done[0], done[1], done[2]
