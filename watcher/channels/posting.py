"""What the channels over HTTP share: the client as they see it, and its faults as ``DeliveryError``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from watcher.errors import BlockedAddress, DeliveryError, FetchError
from watcher.net import Limits, Reply
from watcher.text.clean import one_line

Clock = Callable[[], datetime]

LIMITS = Limits(connect=10.0, headers=25.0, total=30.0)
"""Standard Webhooks asks for 15 to 30 s. Silence for that long is a failure, though the receiver may have acted: hence the stable ids."""

_SETTINGS = ("url", "scheme", "port", "tls", "private")
"""How the reasons begin that time does not mend: our settings, or the receiver's certificate."""


class Poster(Protocol):
    """The part of ``net.Client`` that channels use."""

    async def post(
        self,
        url: str,
        content: bytes,
        *,
        headers: Iterable[tuple[str, str]] = (),
        limits: Limits | None = None,
        allow_private: Sequence[str] | None = None,
    ) -> Reply:
        """Return the answer of whatever status; raise FetchError when there is none."""
        ...


def utc_now() -> datetime:
    """Return the time of day, for ``webhook-timestamp`` and for a ``Retry-After`` that is a date."""
    return datetime.now(UTC)


async def post(
    client: Poster, channel: str, url: str, body: bytes, headers: Iterable[tuple[str, str]], allow_private: Sequence[str]
) -> Reply:
    """Post once.

    :param url: it may be a secret in itself (Slack): it never enters the error.
    :raises DeliveryError: there was no answer; always worth another try, slowly where our settings are at fault.
    """
    try:
        return await client.post(url, body, headers=tuple(headers), limits=LIMITS, allow_private=tuple(allow_private))
    except FetchError as error:
        blocked = isinstance(error, BlockedAddress)
        detail = f"no answer: {error.reason}"
        if isinstance(error, BlockedAddress):
            detail = f"the address is refused ({error.reason})" + (f": {remedy(channel, error.network)}" if error.network else "")
        raise DeliveryError(
            channel,
            error.reason,
            detail,
            retryable=True,
            retry_after=error.retry_after,
            configuration=blocked or error.reason.startswith(_SETTINGS),
        ) from None  # the cause's text holds the URL


def remedy(channel: str, network: str) -> str:
    """Return what permits a private address to a channel, in the configuration's words."""
    return f'[channels.{channel}] allow_private = ["{network}"] would permit it'


def excerpt(reply: Reply, limit: int = 120) -> str:
    """Return the beginning of an answer's body for the history, as one clean line."""
    return one_line(reply.body[: 4 * limit].decode("utf-8", "replace"), limit)
