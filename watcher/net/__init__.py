"""The guarded HTTP client: every request of the program goes through it.

The world outside is hostile by default, so each promise stands at the one place where it cannot be walked around:

    target       a URL as text -> where to knock and what to ask for; odd schemes, ports and characters refused
    address      which IP addresses we may talk to, disguises taken off                       (pure)
    resolver     names -> addresses on threads of its own; one bad address refuses the name
    deadline     one timer for the limits of time of all exchanges
    connection   sessions, one per permission: the veto sees the address really connected to
    body         the answer's bytes, decoded under a cap, so that a bomb costs no memory
    faults       every exception of aiohttp, ssl and the system -> one ``FetchError`` with a stable reason
    headers      Retry-After, Cache-Control, dates                                            (pure)
    client       ``Client``: the exchange itself: limits, redirects hop by hop, credentials to their origin only

Statuses are values; what raises is transport, limits and vetoes.
"""

from watcher.net.client import Client, Conditional
from watcher.net.headers import retry_after
from watcher.net.reply import Hop, Limits, Reply
from watcher.net.target import redact

__all__ = ["Client", "Conditional", "Hop", "Limits", "Reply", "redact", "retry_after"]
