"""What an exchange may cost, and what comes back from it."""

from __future__ import annotations

from dataclasses import dataclass

from multidict import CIMultiDictProxy

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one exchange, redirects included: seconds and bytes (RELIABILITY L1, L2, L3, L4, L6).

    ``connect`` covers one connection with its TLS handshake, ``headers`` one hop up to complete response headers, ``total``
    the whole exchange by the wall clock. ``max_wire`` counts the body as sent, ``max_decoded`` after decompression.
    """

    connect: float = 10.0
    headers: float = 15.0
    total: float = 30.0
    max_wire: int = 10 * MEGABYTE
    max_decoded: int = 20 * MEGABYTE
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was followed: who answered, and with which status."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. ``url`` is the final one, without credentials; ``body`` is decoded; ``hops`` led there.

    ``raw_headers`` are the bytes as sent, for what must be returned verbatim (validators).
    """

    url: str
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    hops: tuple[Hop, ...] = ()
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()

    def raw(self, name: bytes) -> str | None:
        """Return the last header of that lower-case name, its bytes as latin-1, or None."""
        for key, value in reversed(self.raw_headers):
            if key.lower() == name:
                return value.decode("latin-1")
        return None
