"""A story's thread in channels that have threads of their own: looked up before a message is sent, remembered after."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from watcher import store
from watcher.alerts.render import Renderer
from watcher.errors import DeliveryError
from watcher.model import Alert, Delivery, Message, Receipt, SlackPost
from watcher.store import Store


async def place(database: Store, renderer: Renderer, delivery: Delivery, message: Message, now: datetime) -> Message:
    """Return the message with the thread that it belongs to, and for an update that thread's first message as it reads now."""
    if not isinstance(message, SlackPost) or message.thread is None:
        return message
    thread = message.thread

    def read(conn: store.Connection) -> tuple[str | None, Alert | None]:
        found = store.threads.find(conn, delivery.channel, thread)
        first = _first_alert(found)
        return found, store.alerts.get(conn, first) if first else None

    found, root = await database.read(read)
    if found is None:
        return message
    body = _as_it_reads_now(renderer, delivery, root, now) if root is not None and delivery.alerts[0].update else None
    return replace(message, reference=found, root_body=body)


def remember(conn: store.Connection, delivery: Delivery, message: Message, receipt: Receipt, *, now: datetime) -> None:
    """Keep where a story's first message is; part of the transaction that records the delivery."""
    if isinstance(message, SlackPost) and message.thread is not None and message.reference is None and receipt.reference:
        told = {**json.loads(receipt.reference), "alert": delivery.alerts[0].id}
        store.threads.remember(conn, delivery.channel, message.thread, json.dumps(told), now=now)


def _first_alert(reference: str | None) -> str | None:
    found = json.loads(reference) if reference else {}
    alert = found.get("alert") if isinstance(found, dict) else None
    return alert if isinstance(alert, str) else None


def _as_it_reads_now(renderer: Renderer, delivery: Delivery, root: Alert, now: datetime) -> bytes | None:
    """The first message with the story's numbers as the newest alert has them."""
    story = {**delivery.alerts[0].payload.get("story", {}), "update": False}
    shown = replace(root, payload={**root.payload, "story": story})
    try:
        message = renderer.render(replace(delivery, alerts=(shown,), note="", bundle=""), delivery.channel, now)
    except DeliveryError:
        return None
    return message.body if isinstance(message, SlackPost) else None
