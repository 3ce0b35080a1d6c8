"""Webhooks after Standard Webhooks 1.0.0: the receiver can check who sent a body, and when.

The signature covers ``id.timestamp.body``. The id is the same at every try, so that the receiver can drop what it has seen; timestamp and
signature are those of this try, since receivers tolerate five minutes. Success is 2xx alone: a redirect is never followed and is a
failure like any other; 410 means that the endpoint wants no more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from watcher.channels import posting
from watcher.errors import DeliveryError
from watcher.model import Message, Receipt, Secret, WebhookPost, WebhookSettings
from watcher.net import Reply, retry_after

PREFIX = "whsec_"


class WebhookChannel:
    """One endpoint.

    :param client: ``net.Client`` or what posts like it.
    :param clock: gives ``webhook-timestamp``.
    :raises ValueError: a secret that cannot be used.
    """

    def __init__(self, name: str, settings: WebhookSettings, client: posting.Poster, clock: posting.Clock = posting.utc_now) -> None:
        self.name = name
        self._settings, self._client, self._clock = settings, client, clock
        self._keys = tuple(signing_key(secret) for secret in settings.secrets)

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:  # noqa: ARG002 - the protocol's
        """Post ``message``, signed with every secret (rotation).

        :raises DeliveryError: any answer but 2xx, or none.
        """
        if not isinstance(message, WebhookPost):
            raise DeliveryError(self.name, "wrong_message", f"a {type(message).__name__} is no webhook post", retryable=False)
        settings = self._settings
        headers = self._headers(message, int(self._clock().timestamp()))
        reply = await posting.post(self._client, self.name, settings.url.reveal(), message.body, headers, settings.allow_private)
        if 200 <= reply.status < 300:
            return Receipt(answer=f"{reply.status} {posting.excerpt(reply)}".strip())
        raise self._refusal(reply)

    def _headers(self, message: WebhookPost, timestamp: int) -> list[tuple[str, str]]:
        ours = [
            ("Content-Type", message.content_type),
            ("webhook-id", message.id),
            ("webhook-timestamp", str(timestamp)),
        ]
        if self._keys:
            ours.append(("webhook-signature", " ".join(sign(key, message.id, timestamp, message.body) for key in self._keys)))
        taken = {name.lower() for name, _ in ours} | {"webhook-signature"}
        own = [
            (name, value.reveal() if isinstance(value, Secret) else value)
            for name, value in self._settings.headers
            if name.lower() not in taken
        ]
        return own + ours

    def _refusal(self, reply: Reply) -> DeliveryError:
        status = reply.status
        if status == 410:
            return DeliveryError(self.name, "gone", "the endpoint answered 410: it wants no more", retryable=False, disable=True)
        what = "a redirect, which is not followed" if 300 <= status < 400 else posting.excerpt(reply)
        pause = retry_after(reply.headers, self._clock())
        return DeliveryError(
            self.name, f"http_{status}", f"the endpoint answered {status} {what}".strip(), retryable=True, retry_after=pause
        )


def signing_key(secret: Secret) -> bytes:
    """Return the bytes to sign with: decoded after ``whsec_``, as they stand without.

    :raises ValueError: empty, or no base64 after the prefix.
    """
    text = secret.reveal().strip()
    if not text.startswith(PREFIX):
        if not text:
            raise ValueError("the signing secret is empty")
        return text.encode()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("the signing secret is not base64 after whsec_")
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one ``v1,…`` signature of ``id.timestamp.body``."""
    digest = hmac.new(key, b"%s.%d.%s" % (message_id.encode(), timestamp, body), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
