"""What a person is shown of one alert, read from its stored payload.

The payload may have been written by an older watcher or mended by hand: whatever is missing or of another type is left out, nothing raises.
All text is cleaned again, one line each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watcher.alerts import clock, links
from watcher.alerts.payload import host_of, link
from watcher.model import Alert, Reason, Severity
from watcher.text.clean import clean, one_line

UNTITLED = "(no title)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A matched sentence in pieces: (text, matched). ``field`` is where it stands: ``title``, ``body``, ``url`` …"""

    field: str
    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The sentence as it reads."""
        return "".join(text for text, _ in self.parts)

    @property
    def marked(self) -> str:
        """The sentence for plain text: ``*matched*`` words."""
        return "".join(f"*{text}*" if matched else text for text, matched in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another source of the story."""

    name: str
    url: str | None
    host: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a reader can do with one click: what it says, and its signed link."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One alert in words. ``published`` and ``first_seen`` are sentences' ends: feed's time and the channel's local time.

    ``headline_parts``: the headline with the words marked that matched in it; it is not among ``quotes`` then.
    ``rank`` orders by severity, the loudest first. ``url`` is http(s) or None; ``host`` is where it really leads. ``link``: watcher's own page
    of the alert. ``actions``: what a reader can do with a click. ``aside``: why it comes by this channel, where that needs saying.
    """

    id: str
    rule: str
    severity: str
    headline: str
    headline_parts: tuple[tuple[str, bool], ...]
    url: str | None
    host: str
    feed: str
    author: str
    language: str
    published: str
    first_seen: str
    update: bool
    edited: bool
    articles: int
    sources: int
    story: str
    quotes: tuple[Quote, ...]
    entities: tuple[str, ...]
    terms: tuple[str, ...]
    others: tuple[Other, ...]
    news: tuple[str, ...]
    note: str
    lead: str
    score: str
    truncated: bool
    notice: bool
    body: str
    link: str | None = None
    actions: tuple[Action, ...] = ()
    aside: str = ""

    @property
    def rank(self) -> int:
        """0 for urgent … 3 for low."""
        order = [severity.value for severity in reversed(Severity)]
        return order.index(self.severity) if self.severity in order else len(order)

    @property
    def source(self) -> str:
        """The feed's name with the host that the link leads to, once where they agree."""
        return self.feed if self.host in ("", self.feed) else f"{self.feed} ({self.host})" if self.feed else self.host

    @property
    def subject(self) -> str:
        """``[rule] headline``, one line."""
        return one_line(f"[{self.rule or 'watcher'}] {self.headline}", 200)


def view(alert: Alert, timezone: str, *, channel: str = "", signer: links.Signer | None = None, aside: str = "") -> View:
    """Return what is shown of ``alert``.

    :param timezone: of the channel, for local times.
    :param channel: whose readers the links are for.
    :param signer: makes the links; None where there is no web page.
    :param aside: why it comes by this channel.
    """
    data = _dict(alert.payload)
    article, story, context = _dict(data.get("article")), _dict(data.get("story")), _dict(data.get("context"))
    is_notice = alert.reason is Reason.NOTICE
    url = link(_text(article.get("url"), 4096)) if article.get("url") else None
    lead = text_of(context.get("lead"), 400)
    headline = text_of(data.get("subject") if is_notice else article.get("title"), 1000) or lead or url or UNTITLED
    quotes = _quotes(context, data)
    said = next((q for q in quotes if q.field == "title" and q.text == headline), None)
    return View(
        id=text_of(alert.id, 64),
        rule=text_of(alert.rule, 200),
        severity=alert.severity.value,
        headline=headline,
        headline_parts=said.parts if said else ((headline, False),),
        url=url,
        host=host_of(url),
        feed=text_of(article.get("feed"), 200),
        author=text_of(article.get("author"), 200),
        language=text_of(article.get("language"), 35),
        published=when(context.get("published") or article.get("published"), timezone),
        first_seen=when(article.get("first_seen"), timezone),
        update=alert.update,
        edited=alert.reason is Reason.EDITED,
        articles=_count(story.get("articles")),
        sources=_count(story.get("sources")),
        story=text_of(story.get("id"), 64),
        quotes=tuple(q for q in quotes if q is not said),
        entities=tuple(filter(None, (_entity(_dict(e)) for e in _list(context.get("entities"))))),
        terms=_texts(context.get("terms")),
        others=tuple(o for o in (_other(_dict(e)) for e in _list(context.get("others"))) if o.name or o.url),
        news=_texts(context.get("news")),
        note=text_of(context.get("note"), 300),
        lead=lead,
        score=text_of(context.get("score"), 20),
        truncated=bool(context.get("truncated")),
        notice=is_notice,
        body=clean(_text(data.get("text"), 20_000)),
        link=signer.url(links.OPEN, alert.id, channel, alert.created_at) if signer and not is_notice else None,
        actions=_actions(alert, channel, signer) if signer and not is_notice else (),
        aside=text_of(aside, 300),
    )


def _actions(alert: Alert, channel: str, signer: links.Signer) -> tuple[Action, ...]:
    offered = [(links.ACK, "I have seen this")] if alert.severity is Severity.URGENT else []
    offered += [(links.USEFUL, "Useful"), (links.NOISE, "Noise"), (links.SILENCE, "Silence this rule for a day")]
    return tuple(Action(label, signer.url(action, alert.id, channel, alert.created_at)) for action, label in offered)


def text_of(value: object, limit: int) -> str:
    """Return a scalar as one clean line of at most ``limit`` characters; "" for anything else."""
    return one_line(_text(value, 4 * limit), limit)


def when(value: object, timezone: str) -> str:
    """Return an ISO 8601 time as the feed gave it and, where it reads differently, on the channel's clock.

    For example ``Sun 10 Mar 2024, 19:43 +0200 (17:43 UTC)``; "" for what is no time.
    """
    if not isinstance(value, str):
        return ""
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=at.tzinfo or UTC)
        local = at.astimezone(clock.zone(timezone))
    except (ValueError, OverflowError):
        return ""
    told = f"{at:%a} {at.day} {at:%b %Y, %H:%M}"
    if local.utcoffset() == at.utcoffset():
        return f"{told} {_zone_name(local, timezone)}"
    there = f"{local:%H:%M}" if local.date() == at.date() else f"{local:%a} {local.day} {local:%b, %H:%M}"
    return f"{told} {_zone_name(at, '')} ({there} {_zone_name(local, timezone)})"


def _zone_name(at: datetime, timezone: str) -> str:
    offset = at.strftime("%z")
    return timezone if timezone and timezone != "UTC" else "UTC" if offset == "+0000" else offset


def _quotes(context: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Quote, ...]:
    """The sentences in pieces; from the contract's ``matches`` alone where ``context`` is missing."""
    found = []
    for item in map(_dict, _list(context.get("quotes"))):
        pieces = [
            (p[0], p[1] is True) for p in _list(item.get("parts")) if isinstance(p, Sequence) and len(p) == 2 and isinstance(p[0], str)
        ]
        found.append(Quote(field=text_of(item.get("field"), 40), parts=_line(pieces)))
    if not found:
        items = map(_dict, _list(data.get("matches")))
        found = [Quote(field=text_of(item.get("field"), 40), parts=_line([(text_of(item.get("sentence"), 700), False)])) for item in items]
    return tuple(dict.fromkeys(q for q in found if q.text.strip()))


def _line(pieces: Sequence[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """Clean pieces of a line, keeping one blank at an edge where there was one."""
    out = []
    for text, matched in pieces:
        core = one_line(text[:4000], 1000)
        before, after = (" " if core and text[0].isspace() else ""), (" " if text[-1:].isspace() else "")
        if core or after:
            out.append((before + core + after, matched and bool(core)))
    return tuple(out)


def _entity(entity: Mapping[str, Any]) -> str:
    name, kind = text_of(entity.get("name"), 200) or text_of(entity.get("id"), 200), text_of(entity.get("kind"), 60)
    return f"{name} ({kind})" if name and kind else name


def _other(other: Mapping[str, Any]) -> Other:
    url = link(_text(other.get("url"), 4096)) if other.get("url") else None
    host = host_of(url) or text_of(other.get("host"), 200)
    return Other(name=text_of(other.get("name"), 200) or host, url=url, host=host)


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value[:1000] if isinstance(value, list | tuple) else ()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, (text_of(item, 300) for item in _list(value))))


def _text(value: object, limit: int) -> str:
    if isinstance(value, str):
        return value[:limit]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15 else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 1
