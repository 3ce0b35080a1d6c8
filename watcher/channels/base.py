"""What the dispatcher asks of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from watcher.model import Message, Receipt


class Channel(Protocol):
    """A destination. Safe to use for several messages at a time; opens what it needs for each and keeps nothing."""

    name: str

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:
        """Hand ``message`` over once.

        :param recipients: e-mail only: the addresses that are still open; empty = all that are configured.
        :raises DeliveryError: nobody accepted it; the error says whether, when and how to go on.
        """
        ...
