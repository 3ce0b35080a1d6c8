"""Slack's incoming webhooks (RELIABILITY 2.1).

=======================================  ==========================================================
answer                                   outcome
=======================================  ==========================================================
200 and the body ``ok``                  sent
200 and anything else, other 2xx, 3xx    retry: that was not Slack (a captive portal, a proxy)
408, 425, 429, 5xx                       retry, not before ``Retry-After``
410, or ``no_service``                   the webhook is gone: disable the channel
other 4xx                                final: message or channel is wrong; Slack's word is the reason
=======================================  ==========================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from watcher.channels import posting
from watcher.errors import DeliveryError
from watcher.model import Message, Receipt, SlackPost, SlackSettings
from watcher.net import Reply, retry_after

_WORD = re.compile(r"[a-z][a-z0-9_]{2,60}")
_LATER = frozenset({408, 425, 429})
_HEADERS = (("Content-Type", "application/json; charset=utf-8"),)


class SlackChannel:
    """One incoming webhook.

    :param client: ``net.Client`` or what posts like it.
    :param clock: for a ``Retry-After`` that is a date.
    :raises ValueError: no URL.
    """

    def __init__(self, name: str, settings: SlackSettings, client: posting.Poster, clock: posting.Clock = posting.utc_now) -> None:
        self.name = name
        if settings.url is None:
            raise ValueError("an incoming webhook needs its url")
        self._settings, self._client, self._clock, self._url = settings, client, clock, settings.url

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:  # noqa: ARG002 - the protocol's
        """Post ``message``.

        :raises DeliveryError: see the table above.
        """
        if not isinstance(message, SlackPost):
            raise DeliveryError(self.name, "wrong_message", f"a {type(message).__name__} is no Slack message", retryable=False)
        reply = await posting.post(self._client, self.name, self._url.reveal(), message.body, _HEADERS, self._settings.allow_private)
        if reply.status == 200 and reply.body == b"ok":
            return Receipt(answer="ok")
        raise self._refusal(reply)

    def _refusal(self, reply: Reply) -> DeliveryError:
        status, said = reply.status, posting.excerpt(reply)
        word = said if _WORD.fullmatch(said) else ""
        pause = retry_after(reply.headers, self._clock())
        if status == 410 or word == "no_service":
            return DeliveryError(
                self.name, word or "gone", f"Slack says that this webhook is gone: {status} {said}", retryable=False, disable=True
            )
        if status in _LATER or status >= 500:
            return DeliveryError(self.name, word or f"http_{status}", f"Slack answered {status} {said}", retryable=True, retry_after=pause)
        if 400 <= status < 500:
            return DeliveryError(
                self.name, word or f"http_{status}", f"Slack refuses this message or channel: {status} {said}", retryable=False
            )
        return DeliveryError(self.name, "not_slack", f"the answer is not Slack's: {status} {said}", retryable=True, retry_after=pause)
