"""The body of a webhook (DESIGN.md section 5): strict JSON in UTF-8, at most 20,000 bytes, ``"truncated": true`` where it was cut.

Types: ``watcher.alert``; ``watcher.summary`` for the alerts above a rule's limit (or any other bundle); ``watcher.notice``. Webhooks are
read by programs: digests and groups are not bundled for them (see ``alerts.plan``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from watcher.alerts.payload import iso
from watcher.alerts.render.view import View
from watcher.model import Alert, Delivery, WebhookPost
from watcher.text.clean import clean

CLOUDEVENT = "application/cloudevents+json; charset=utf-8"
BUDGET = 20_000
"""Bytes; Standard Webhooks advises to stay below 20 kB."""

_CONTRACT = ("alert", "rule", "severity", "story", "article", "matches")
_WHOLE = frozenset({"alert", "id", "url", "key"})  # half of it would be another one
_SAFE_INTEGER = 2**53 - 1  # RFC 8259, section 6: what every reader holds exactly


SOURCE = "urn:watcher"
"""``source`` of a CloudEvent: with ``id`` it names an event for good."""


def render(delivery: Delivery, views: Sequence[View], *, cloudevents: bool = False) -> WebhookPost:
    """Return the post of a delivery: one alert, one notice, or a summary.

    :param cloudevents: the same ``data`` in the envelope of CloudEvents 1.0 (structured mode) instead of ours.
    """
    first = delivery.alerts[0]
    if len(delivery.alerts) > 1:
        body = _summary(delivery, views)
    elif views[0].notice:
        body = _fit("watcher.notice", first, notice_data(first), _cut_notice)
    else:
        body = _fit("watcher.alert", first, {key: data_of(first).get(key) for key in _CONTRACT}, _cut_alert)
    if cloudevents:
        return WebhookPost(id=delivery.message_key, body=_event(delivery, views, body), content_type=CLOUDEVENT)
    return WebhookPost(id=delivery.message_key, body=body)


def _event(delivery: Delivery, views: Sequence[View], body: bytes) -> bytes:
    """Return our body as a CloudEvent: ``subject`` is the alert, or the bundle."""
    ours = json.loads(body)
    event = {
        "specversion": "1.0",
        "id": delivery.message_key,
        "source": SOURCE,
        "type": ours["type"],
        "subject": views[0].id if len(views) == 1 else delivery.bundle or "bundle",
        "time": ours["timestamp"],
        "datacontenttype": "application/json",
        "data": ours["data"],
    }
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def notice_data(alert: Alert) -> dict[str, Any]:
    """Return the ``data`` of a notice."""
    return {key: data_of(alert).get(key) for key in ("subject", "text", "severity", "key")}


def data_of(alert: Alert) -> Mapping[str, Any]:
    """Return the stored payload; empty where it is no object."""
    return alert.payload if isinstance(alert.payload, Mapping) else {}


def _summary(delivery: Delivery, views: Sequence[View]) -> bytes:
    rules = {view.rule for view in views}
    data = {
        "bundle": delivery.bundle,
        "rule": rules.pop() if len(rules) == 1 else None,
        "count": len(views),
        "alerts": [
            {
                "alert": v.id,
                "rule": v.rule,
                "severity": v.severity,
                "title": v.headline[:300],
                "url": v.url,
                "feed": v.feed,
                "published": _published(a),
            }
            for v, a in zip(views, delivery.alerts, strict=True)
        ],
    }
    return _fit("watcher.summary", max(delivery.alerts, key=lambda alert: alert.created_at), data, _cut_summary)


def _published(alert: Alert) -> object:
    article = data_of(alert).get("article")
    return article.get("published") if isinstance(article, Mapping) else None


def _fit(kind: str, alert: Alert, data: dict[str, Any], cut: Callable[[dict[str, Any]], bool]) -> bytes:
    """Serialise, cutting a little more until it fits; ``cut`` says False when nothing is left to cut."""
    data = safe(data)
    body = {"type": kind, "timestamp": iso(alert.created_at), "data": data}
    while len(encoded := json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()) > BUDGET:
        data["truncated"] = True
        if not cut(data):
            raise ValueError(f"a body of {len(encoded)} bytes cannot be cut to {BUDGET}")
    return encoded


def _cut_alert(data: dict[str, Any]) -> bool:
    """First the second and later sentences of a term, from the end; then ever shorter sentences; then the long fields."""
    matches = data["matches"] if isinstance(data["matches"], list) else []
    later = [i for i, match in enumerate(matches) if any(_same_term(match, earlier) for earlier in matches[:i])]
    if later:
        for i in reversed(later[-max(1, len(later) // 4) :]):
            del matches[i]
        return True
    if _halve(matches, "sentence", 120):
        return True
    if len(matches) > 1:
        del matches[-max(1, len(matches) // 4) :]
        return True
    return _halve([data.get("article"), data, data.get("story"), *matches], None, 60)


def _cut_summary(data: dict[str, Any]) -> bool:
    alerts = data["alerts"]
    if len(alerts) > 1:
        del alerts[-max(1, len(alerts) // 10) :]
        return True
    return _halve([data, *alerts], None, 60)


def _cut_notice(data: dict[str, Any]) -> bool:
    return _halve([data], None, 60)


def _same_term(one: object, other: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(other, dict)
        and (one.get("term"), one.get("entity")) == (other.get("term"), other.get("entity"))
    )


def _halve(things: Sequence[object], key: str | None, least: int) -> bool:
    """Halve the longest of the named string (any string where ``key`` is None) in all ``things``; False where all are short."""
    found = [
        (len(value), thing, name)
        for thing in things
        if isinstance(thing, dict)
        for name, value in thing.items()
        if isinstance(value, str) and (name == key or (key is None and name not in _WHOLE))
    ]
    longest = max((size for size, _, _ in found), default=0)
    if longest <= least:
        return False
    for size, thing, name in found:
        if size > longest // 2:
            thing[name] = clean(thing[name], max(least, longest // 2))
    return True


def safe(value: object, depth: int = 0) -> Any:
    """Return ``value`` with nothing that strict JSON or its readers choke on: surrogates, controls, NaN, integers above 2^53, odd types."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _SAFE_INTEGER else str(value)[:40]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if depth < 6 and isinstance(value, Mapping):
        return {clean(str(key), 100): safe(item, depth + 1) for key, item in list(value.items())[:200]}
    if depth < 6 and isinstance(value, list | tuple):
        return [safe(item, depth + 1) for item in value[:500]]
    return None
