"""sd_notify(3): what the service tells systemd. Without ``$NOTIFY_SOCKET`` every method does nothing.

The protocol is one datagram of ``KEY=value`` lines to a unix socket, given by its path or, with a leading ``@``, by an
abstract name. Nothing here can fail or block the daemon: a message that cannot be delivered is dropped.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping

_STATUS_LIMIT = 400  # characters: `systemctl status` shows one line
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PATIENCE = 1.0  # seconds that a message which must arrive may wait for room in systemd's queue


class Notifier:
    """One service's line to systemd.

    :param environ: where ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are looked up.
    """

    watchdog_interval: float | None
    """Seconds between two calls of :meth:`watchdog`: half of what systemd demands; None where it demands nothing."""
    trouble: str | None = None
    """What every :meth:`status` begins with until it is over: a refused reload must not be gone from sight after ten seconds."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_interval = _watchdog_interval(environ) if self._address else None

    def ready(self, status: str | None = None) -> None:
        """The service serves: after its start, and after each reload whether or not it succeeded."""
        self._send("READY=1", *_status(status), wait=True)

    def status(self, text: str) -> None:
        """One line for people, in ``systemctl status``."""
        self._send(*_status(f"{self.trouble}; {text}" if self.trouble else text))

    def watchdog(self) -> None:
        """The working loop came round. To be called every :attr:`watchdog_interval` seconds."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload begins; :meth:`ready` must follow. ``MONOTONIC_USEC`` is what ``Type=notify-reload`` demands (systemd 253)."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={microseconds}", wait=True)

    def stopping(self) -> None:
        """The service has begun to end."""
        self._send("STOPPING=1", wait=True)

    def extend(self, seconds: float) -> None:
        """Ask for ``seconds`` from now before the start or stop in progress counts as timed out."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}", wait=True)

    def _send(self, *lines: str, wait: bool = False) -> None:
        if self._address is None:
            return
        message = "\n".join(lines).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
                link.settimeout(_PATIENCE if wait else 0)
                link.sendto(message, self._address)
        except OSError:
            return  # systemd is gone or its queue is full: the daemon's work does not depend on being heard


def _address(value: str) -> str | None:
    """The socket's address as :mod:`socket` wants it; other families than ``AF_UNIX`` (``vsock:``) are for virtual machines."""
    if value.startswith("@"):
        return "\0" + value[1:]
    return value if value.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Half of ``WATCHDOG_USEC`` in seconds, unless ``WATCHDOG_PID`` names another process."""
    pid = environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 2_000_000 if microseconds > 0 else None


def _status(text: str | None) -> tuple[str, ...]:
    """``STATUS=`` with what could end the line taken out: the text may quote a feed, and a second line would be a command."""
    return () if text is None else ("STATUS=" + _CONTROL.sub(" ", text)[:_STATUS_LIMIT],)
