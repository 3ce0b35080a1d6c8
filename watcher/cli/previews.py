"""What `channels preview` shows: a message rendered as the daemon would, of a sample or of a stored alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from watcher import store
from watcher.alerts import ids, links, plan
from watcher.alerts.render.sample import sample
from watcher.cli import opened, output
from watcher.config import Config
from watcher.daemon import wire
from watcher.errors import WatcherError
from watcher.model import Alert, Delivery, DeliveryId, Mail, Message, SlackPost, TextPost, WebhookPost


def render(loaded: Config, name: str, *, wanted: str | None, several: int) -> Message:
    """Return the message of channel ``name``.

    :param wanted: the id of a stored alert, or the beginning of it; None: a sample.
    :param several: how many samples.
    :raises WatcherError: there is no such alert. :raises DeliveryError: it cannot be rendered.
    """
    now = datetime.now(UTC)
    alerts = tuple(sample(now, number) for number in range(several)) if wanted is None else (_stored(loaded, wanted),)
    delivery = Delivery(
        id=DeliveryId(1), channel=name, alerts=alerts, message_key=ids.message_key([alert.id for alert in alerts], name), epoch=0, attempts=0,
        due_at=now, created_at=now, bundle=plan.DIGEST if several > 1 else "",
    )  # fmt: skip
    public = loaded.web.public_url if loaded.web else None
    return wire.renderer(loaded, links.Signer(b"sample", public) if public else None).render(delivery, name, now)


def _stored(loaded: Config, wanted: str) -> Alert:
    with opened.store(loaded.database) as database:
        found = database.read_now(lambda conn: store.alerts.get(conn, wanted))
    if found is None:
        raise WatcherError(f"no alert, or more than one, has an id that begins with {wanted!r}")
    return found


def as_json(message: Message) -> dict[str, Any]:
    """What is sent, as one JSON object."""
    match message:
        case Mail():
            return {
                "message_id": message.message_id, "references": list(message.references), "list_id": message.list_id, "subject": message.subject,
                "text": message.text, "html": message.html,
            }  # fmt: skip
        case TextPost():
            return {"title": message.title, "text": message.text, "url": message.url}
        case SlackPost() | WebhookPost():
            body: dict[str, Any] = json.loads(message.body)
            return body


def shown(message: Message, kind: str | None) -> str:
    """What is read, for people.

    :raises WatcherError: the message has no such form.
    """
    if kind == "json" or (kind is None and isinstance(message, SlackPost | WebhookPost)):
        return json.dumps(as_json(message), ensure_ascii=False, indent=2)
    if isinstance(message, Mail):
        return message.html if kind == "html" else output.harmless(f"Subject: {message.subject}\n\n{message.text}")
    if isinstance(message, TextPost) and kind != "html":
        return output.harmless(f"{message.title}\n\n{message.text}")
    if isinstance(message, SlackPost) and kind == "text":
        return output.harmless("\n".join(_texts(as_json(message)["blocks"])))
    raise WatcherError(f"this channel's messages have no {kind} form")


def _texts(blocks: Any) -> list[str]:
    if isinstance(blocks, dict):
        text = blocks.get("text")
        return [text] if isinstance(text, str) else _texts(list(blocks.values()))
    return [text for block in blocks for text in _texts(block)] if isinstance(blocks, list) else []
