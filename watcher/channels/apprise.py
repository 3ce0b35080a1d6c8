"""The services behind Apprise: Discord, Telegram, Teams, ntfy, Matrix and a hundred more.

Apprise blocks, so it runs in threads of its own, with a limit of time; it says only whether it worked, and its log says why not. Its
requests do not go through ``net``: the host of its URL is judged by the same rules before each try (a name that changes between the
look-up and the request is not caught; services with a fixed host have none in their URL).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from watcher.channels import posting
from watcher.errors import DeliveryError
from watcher.model import AppriseSettings, Message, Receipt, TextPost
from watcher.net import address

TIMEOUT = 60.0
THREADS = 4


class AppriseChannel:
    """One service, or several URLs separated by blanks.

    :param timeout: seconds for one message.
    :raises ValueError: the optional package is missing, or the URL is none of Apprise's.
    """

    def __init__(self, name: str, settings: AppriseSettings, *, timeout: float = TIMEOUT) -> None:
        self.name = name
        self._settings, self._timeout = settings, timeout
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"apprise-{name}")
        self._library = _library()
        self._service: Any = self._library.Apprise()
        if not self._service.add(settings.url.reveal()) or not len(self._service):
            raise ValueError("the URL is none of Apprise's; see `apprise --details` for the services")

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:  # noqa: ARG002 - the protocol's
        """Notify the service.

        :raises DeliveryError: it did not accept, or not in time; Apprise does not tell final faults from passing ones, so all are tried again.
        """
        if not isinstance(message, TextPost):
            raise DeliveryError(self.name, "wrong_message", f"a {type(message).__name__} is no text", retryable=False)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                await self._judge_hosts(loop)
                accepted = await loop.run_in_executor(self._threads, self._notify, message)
        except TimeoutError:
            raise DeliveryError(self.name, "timeout", f"the service did not answer within {self._timeout:g} s", retryable=True) from None
        except (OSError, ValueError, TypeError, RuntimeError, LookupError) as error:  # a plugin's own; its words may hold the token
            raise DeliveryError(self.name, "service", f"the service failed: {type(error).__name__}", retryable=True) from None
        if not accepted:
            raise DeliveryError(self.name, "refused", "the service did not accept the message", retryable=True)
        return Receipt(answer="accepted")

    def _notify(self, message: TextPost) -> bool:
        library = self._library
        kind = library.NotifyType.WARNING if message.urgent else library.NotifyType.INFO
        return bool(self._service.notify(title=message.title, body=message.text, notify_type=kind, body_format=library.NotifyFormat.TEXT))

    async def _judge_hosts(self, loop: asyncio.AbstractEventLoop) -> None:
        allow = address.networks(self._settings.allow_private)
        for service in self._service:
            host = getattr(service, "host", None)
            if not isinstance(host, str) or not host:
                continue
            try:
                found = await loop.run_in_executor(self._threads, lambda host=host: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))  # type: ignore[misc]
            except OSError:
                continue  # not a name: some services keep a token there; a name that is unknown now fails in the request
            refused = [str(where[0]) for *_, where in found if not address.permitted(str(where[0]), allow)]
            if refused:
                raise DeliveryError(
                    self.name,
                    "private",
                    f"the service's address is private: {posting.remedy(self.name, address.block(refused[0]))}",
                    retryable=True,
                    configuration=True,
                )


def _library() -> Any:
    try:
        import apprise  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ValueError("channels of type apprise need the package apprise: pip install 'watcher-alerts[apprise]'") from error
    return apprise
