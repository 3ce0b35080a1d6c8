"""A title and a plain text, for the services behind Apprise: short enough to be read on a lock screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from watcher.alerts.render.bundle import Bundle
from watcher.alerts.render.view import View
from watcher.model import Severity, TextPost
from watcher.text.clean import clean, one_line

LONGEST = 3000
"""Characters; the smallest of the common services' limits above a tweet is Telegram's 4,096, with escapes."""


def render(views: Sequence[View], whole: Bundle | None, own: Mapping[str, str | None] | None = None) -> TextPost:
    """Return the post of a delivery: one alert, one notice or a bundle.

    :param own: what the user's templates say, by file; None where there is none or it failed (``trouble`` says why).
    """
    ours, said = _ours(views, whole), own or {}
    trouble = said.get("trouble")
    text = said.get("text.j2") or (f"{ours.text}\n{trouble}" if trouble else ours.text)
    return replace(ours, title=one_line(said.get("subject.j2") or ours.title, 200), text=clean(text, LONGEST))


def _ours(views: Sequence[View], whole: Bundle | None) -> TextPost:
    urgent = any(view.severity == Severity.URGENT for view in views)
    if whole:
        return TextPost(title=whole.title, text=_several(whole), url=whole.link, urgent=urgent)
    view = views[0]
    if view.notice:
        return TextPost(title=view.subject, text=clean(view.body, LONGEST), urgent=urgent)
    head = "\n".join(filter(None, (view.aside, " · ".join(filter(None, (view.source, view.published))))))
    why = f"Rule {view.rule}: {', '.join(view.terms)}" if view.terms else f"Rule {view.rule}"
    sentences = "\n".join(f"“{q.text}”" for q in view.quotes[:5])
    text = clean("\n".join(filter(None, (head, sentences or view.lead, view.note, why))), LONGEST - len(view.url or "") - 1)
    return TextPost(title=view.subject, text=f"{text}\n{view.url}" if view.url else text, url=view.url, urgent=urgent)


def _several(whole: Bundle) -> str:
    """As many as there is room for, then how many more and where they are: a cut list must not look complete."""
    lines = list(whole.overview)
    room = LONGEST - sum(len(line) + 1 for line in lines) - 160
    shown = 0
    for view in whole.alerts:
        line = f"{one_line(view.headline, 140)} – {view.host or view.feed} {view.url or ''}".rstrip()
        room -= len(line) + 1
        if room < 0 and shown:
            break
        lines.append(line)
        shown += 1
    if missing := len(whole.alerts) - shown:
        lines.append(f"… and {missing} more: {whole.link or whole.everything}")
    return clean("\n".join(lines), LONGEST)
