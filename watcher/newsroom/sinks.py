"""Receivers that record what they accept: a mail server, a Slack-compatible hook, signed webhooks.

A message is recorded *before* its sender hears that it was taken, as any durable receiver does: when the sender dies in
between, it is here once and may come again.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from multidict import CIMultiDict

from watcher.newsroom.trouble import Troubles

SIGNATURE_TOLERANCE = 300.0
"""Seconds by which ``webhook-timestamp`` may differ from our clock (Standard Webhooks: 5 minutes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message that a sink took.

    ``sink``: ``mail``, ``slack:NAME`` or ``hook:NAME``. ``id``: Message-ID or webhook-id, "" for Slack. ``recipients``: of a
    mail. ``signed``: whether a webhook's signature verified.
    """

    sink: str
    at: float
    id: str
    body: bytes
    recipients: tuple[str, ...] = ()
    signed: bool | None = None

    @property
    def mail(self) -> EmailMessage:
        """The parsed e-mail."""
        return email.message_from_bytes(self.body, policy=email.policy.default)

    @property
    def json(self) -> dict[str, Any]:
        """The parsed JSON body of a hook's post."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def text(self) -> str:
        """All that a receiver would read: a mail's subject and plain text, or every string of a JSON body."""
        if self.sink != "mail":
            return "\n".join(_strings(self.json))
        plain = self.mail.get_body(("plain",))
        body = plain.get_content().replace("\r\n", "\n") if plain is not None else ""
        return f"{self.mail['Subject']}\n{body}"

    @property
    def subject(self) -> str:
        """One line that says what it is about."""
        if self.sink == "mail":
            return str(self.mail["Subject"])
        article = self.json.get("data", {}).get("article", {})
        return str(article.get("title") or self.json.get("text") or self.json.get("type", ""))

    def line(self) -> dict[str, Any]:
        """The record for the ledger."""
        return {"sink": self.sink, "at": self.at, "id": self.id, "recipients": self.recipients, "signed": self.signed, "text": self.text}


Accept = Callable[[Post], None]


class MailSink:
    """Handler of the SMTP server. Troubles are planted at ``smtp``, ``smtp/rcpt/ADDRESS`` and ``smtp/data``."""

    def __init__(self, accept: Accept, troubles: Troubles) -> None:
        self._accept, self._troubles = accept, troubles

    async def handle_EHLO(self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802  aiosmtpd's name
        """Greet, or hang up at once when the server is down."""
        session.host_name = hostname
        if (trouble := self._troubles.strike("smtp")) is not None:
            if trouble.reset:
                _hang_up(server)
            return [f"{trouble.status or 421} not now"]
        return responses

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """Take or refuse one recipient."""
        if (trouble := self._troubles.strike(f"smtp/rcpt/{address}")) is not None and trouble.status is not None:
            return f"{trouble.status} not this one"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the message, record it, answer."""
        trouble = self._troubles.strike("smtp/data")
        if trouble is not None and trouble.status is not None:
            return f"{trouble.status} not now"
        if trouble is not None and trouble.reset:
            _hang_up(server)
            return "421 closing"
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message_id = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"] or "")
        self._accept(Post(sink="mail", at=time.time(), id=message_id, body=content, recipients=tuple(envelope.rcpt_tos)))
        if trouble is not None and trouble.late:
            _hang_up(server)
        return "250 OK: taken"


class SlackSink:
    """Answers as an incoming webhook does: 200 with the body ``ok``, or a word that says what is wrong."""

    def __init__(self, name: str, accept: Accept) -> None:
        self._name, self._accept = name, accept

    async def __call__(self, body: bytes, _headers: CIMultiDict[str]) -> web.Response:
        try:
            payload = json.loads(body)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        if not isinstance(payload, dict) or not (payload.get("text") or payload.get("blocks")):
            return web.Response(status=400, text="no_text")
        if len(payload.get("blocks", ())) > 50:
            return web.Response(status=400, text="invalid_blocks")
        self._accept(Post(sink=f"slack:{self._name}", at=time.time(), id="", body=body))
        return web.Response(text="ok")


class HookSink:
    """A Standard Webhooks receiver; what is not signed with ``secret`` is refused with 401."""

    def __init__(self, name: str, secret: bytes, accept: Accept) -> None:
        self._name, self._secret, self._accept = name, secret, accept

    async def __call__(self, body: bytes, headers: CIMultiDict[str]) -> web.Response:
        now = time.time()
        if not verify(self._secret, body, headers, now=now):
            return web.Response(status=401, text="signature")
        self._accept(Post(sink=f"hook:{self._name}", at=now, id=headers["webhook-id"], body=body, signed=True))
        return web.Response(status=204)


def verify(secret: bytes, body: bytes, headers: CIMultiDict[str], *, now: float) -> bool:
    """Whether one of the signatures is ours and fresh (Standard Webhooks 1.0.0, ``v1``: HMAC-SHA256)."""
    id_, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not stamp.isdecimal() or abs(int(stamp) - now) > SIGNATURE_TOLERANCE:
        return False
    digest = hmac.new(secret, f"{id_}.{stamp}.".encode() + body, hashlib.sha256).digest()
    ours = f"v1,{base64.b64encode(digest).decode()}"
    return any(hmac.compare_digest(ours, given) for given in headers.get("webhook-signature", "").split(" "))


def _hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _strings(part)]
