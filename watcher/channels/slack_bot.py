"""Slack through a bot's token: ``chat.postMessage``, so that a story is a thread and its first message keeps its numbers up to date.

=====================================================  ====================================================================
answer                                                 outcome
=====================================================  ====================================================================
``"ok": true``                                         sent; ``ts`` names the message for replies
``ratelimited``, 429, 5xx, ``internal_error`` …        retry, not before ``Retry-After``
the thread's first message was deleted                 sent outside of it
token or scope is wrong, the bot is not in the channel  slow retry: a fault of configuration, which an operator mends
``is_archived``                                        the channel is gone: disable
any other error                                        final: the message is wrong; Slack's word is the reason
anything that is not JSON with ``ok``                  retry: that was not Slack
=====================================================  ====================================================================

Slack has no key that would make a repeat impossible; each post carries the delivery's id as metadata, so that a repeat can be told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from watcher.channels import posting
from watcher.errors import DeliveryError
from watcher.model import Message, Receipt, SlackPost, SlackSettings
from watcher.net import Reply, retry_after

_PASSING = frozenset({
    "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "accesslimited",
})  # fmt: skip
_SETTINGS = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "not_in_channel", "channel_not_found",
    "no_permission", "org_login_required", "ekm_access_denied", "team_access_not_granted", "enterprise_is_restricted", "two_factor_setup_required",
    "not_allowed_token_type", "access_denied",
})  # fmt: skip
_LOST_THREAD = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})


class SlackBotChannel:
    """One Slack channel by a bot.

    :param settings: with ``token`` and ``channel``.
    :param client: ``net.Client`` or what posts like it.
    :param clock: for a ``Retry-After`` that is a date.
    :raises ValueError: no token, or no channel.
    """

    def __init__(self, name: str, settings: SlackSettings, client: posting.Poster, clock: posting.Clock = posting.utc_now) -> None:
        if settings.token is None or settings.channel is None:
            raise ValueError("a Slack bot needs token and channel")
        self.name = name
        self._settings, self._client, self._clock = settings, client, clock
        self._token, self._channel = settings.token, settings.channel

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:  # noqa: ARG002 - the protocol's
        """Post ``message``: into its story's thread where there is one, and then bring that thread's first message up to date.

        :returns: ``reference``: where the message is, for replies.
        :raises DeliveryError: see the table above.
        """
        if not isinstance(message, SlackPost):
            raise DeliveryError(self.name, "wrong_message", f"a {type(message).__name__} is no Slack message", retryable=False)
        root = _reference(message.reference)
        body = {**json.loads(message.body), "channel": root.get("channel") or self._channel, "metadata": _metadata(message.id)}
        if root:
            answer = await self._call("chat.postMessage", {**body, "thread_ts": root["ts"], "reply_broadcast": message.broadcast}, root)
            if answer is None:  # its first message was deleted
                root = {}
                body["channel"] = self._channel
        if not root:
            answer = await self._call("chat.postMessage", body, root)
        assert answer is not None
        if root and message.root_body is not None:
            await self._bring_up_to_date(root, message.root_body)
        told = {"channel": answer.get("channel") or body["channel"], "ts": answer.get("ts", "")}
        return Receipt(answer=f"ok {told['ts']}", reference=json.dumps(told))

    async def _call(self, method: str, body: Mapping[str, Any], root: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Call the API; return the answer, or None where the thread is lost."""
        url = f"{self._settings.api.rstrip('/')}/{method}"
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = (("Content-Type", "application/json; charset=utf-8"), ("Authorization", f"Bearer {self._token.reveal()}"))
        reply = await posting.post(self._client, self.name, url, content, headers, self._settings.allow_private)
        answer = _parsed(reply)
        if answer.get("ok") is True:
            return answer
        error = str(answer.get("error") or "")
        if root and error in _LOST_THREAD:
            return None
        raise self._refusal(reply, error)

    async def _bring_up_to_date(self, root: Mapping[str, str], body: bytes) -> None:
        """Show the story's numbers of today in its first message. The reply was told; whatever goes wrong here loses nothing."""
        try:
            await self._call("chat.update", {**json.loads(body), "channel": root["channel"], "ts": root["ts"]}, root)
        except DeliveryError:
            return

    def _refusal(self, reply: Reply, error: str) -> DeliveryError:
        pause = retry_after(reply.headers, self._clock())
        if error == "is_archived":
            return DeliveryError(self.name, error, "Slack says that this channel is archived", retryable=False, disable=True)
        if error in _SETTINGS:
            return DeliveryError(self.name, error, f"Slack does not let the bot post here: {error}", retryable=True, configuration=True)
        if error in _PASSING or reply.status in (408, 425, 429) or reply.status >= 500:
            reason = error or f"http_{reply.status}"
            return DeliveryError(self.name, reason, f"Slack answered {reply.status} {error}".strip(), retryable=True, retry_after=pause)
        if error:
            return DeliveryError(self.name, error[:60], f"Slack refuses this message: {error}", retryable=False)
        detail = f"the answer is not Slack's: {reply.status} {posting.excerpt(reply)}"
        return DeliveryError(self.name, "not_slack", detail, retryable=True, retry_after=pause)


def _parsed(reply: Reply) -> Mapping[str, Any]:
    try:
        answer = json.loads(reply.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _reference(text: str | None) -> dict[str, str]:
    """Where a thread is, as an earlier receipt said; empty where there is none."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    good = isinstance(found, dict) and all(isinstance(found.get(key), str) and found[key] for key in ("channel", "ts"))
    return {"channel": found["channel"], "ts": found["ts"]} if good else {}


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": "watcher_alert", "event_payload": {"id": key}}
