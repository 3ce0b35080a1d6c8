"""The answer's bytes, decoded as they come and under two caps, so that neither 10 GB nor a bomb costs memory.

aiohttp's own decompression is switched off: it does not tell how much came over the wire, and what a body grows to must
be bounded before it is in memory. We ask for gzip only; what a server sends unasked is decoded where a library is there.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

from aiohttp import ClientResponse

from watcher.errors import FetchError, TooLarge
from watcher.net.reply import Limits

PIECE = 1 << 16


class Decoder(Protocol):
    """Decodes a stream piece by piece, at most ``room`` bytes beyond what was decoded before."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Return what ``data`` decodes to; more than ``room`` bytes come out only to show that there is too much."""

    def finished(self) -> bool:
        """Whether the stream ended where it says it ends."""


class Inflate:
    """gzip (with several members, as RFC 1952 allows) and deflate (zlib's wrapping, or bare, which servers also send)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._stream = zlib.decompressobj(wbits=31 if gzip else 15)
        self._started = self._ended = False

    def feed(self, data: bytes, room: int) -> bytes:
        """Decode; raises ``zlib.error`` where the stream is broken."""
        pieces, total = [], 0
        while data and total <= room:
            if self._ended:
                if not (self._gzip and data.startswith(b"\x1f")):
                    break  # padding after the last member: ignored, as gzip(1) does
                self._stream, self._ended = zlib.decompressobj(wbits=31), False
            piece = self._inflate(data, room - total + 1)
            total += len(piece)
            pieces.append(piece)
            data = self._stream.unconsumed_tail or self._stream.unused_data
            self._ended = self._stream.eof
        return b"".join(pieces)

    def finished(self) -> bool:
        """Whether the last member is complete."""
        return self._ended or not self._started

    def _inflate(self, data: bytes, most: int) -> bytes:
        first, self._started = not self._started, True
        try:
            return self._stream.decompress(data, min(most, PIECE))
        except zlib.error:
            if self._gzip or not first:
                raise
            self._stream = zlib.decompressobj(wbits=-15)
            return self._stream.decompress(data, min(most, PIECE))


class Foreign:
    """brotli or zstd through whichever library is installed; ``decompress`` is its streaming call."""

    def __init__(self, decompress: Callable[[bytes, int], bytes], finished: Callable[[], bool]) -> None:
        self._decompress, self._finished = decompress, finished

    def feed(self, data: bytes, room: int) -> bytes:
        """Decode; raises what the library raises."""
        return self._decompress(data, room + 1)

    def finished(self) -> bool:
        """Whether the library has seen the end."""
        return self._finished()


def _brotli() -> Decoder | None:
    try:
        import brotli  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - optional
    except ImportError:
        return None
    stream = brotli.Decompressor()

    def decompress(data: bytes, most: int) -> bytes:
        pieces = [stream.process(data, output_buffer_limit=PIECE)]  # 1.2 and later know the limit
        while sum(map(len, pieces)) < most and not stream.can_accept_more_data():
            pieces.append(stream.process(b"", output_buffer_limit=PIECE))
        return b"".join(pieces)

    return Foreign(decompress, stream.is_finished)


def _zstd() -> Decoder | None:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - Python 3.14
    except ImportError:
        try:
            from backports import zstd  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - optional
        except ImportError:
            return None
    stream = zstd.ZstdDecompressor()

    def decompress(data: bytes, most: int) -> bytes:
        pieces = [stream.decompress(data, PIECE)]
        while sum(map(len, pieces)) < most and not stream.eof and not stream.needs_input:
            pieces.append(stream.decompress(b"", PIECE))
        return b"".join(pieces)

    return Foreign(decompress, lambda: stream.eof)


_DECODERS: dict[str, Callable[[], Decoder | None]] = {
    "gzip": lambda: Inflate(gzip=True),
    "x-gzip": lambda: Inflate(gzip=True),
    "deflate": lambda: Inflate(gzip=False),
    "br": _brotli,
    "zstd": _zstd,
}


async def read(response: ClientResponse, url: str, limits: Limits) -> bytes:
    """Return the whole decoded body.

    :raises TooLarge: ``too_large``: more than ``max_wire`` bytes came or were announced, or more than ``max_decoded`` after decoding.
    :raises FetchError: ``encoding``: an encoding that we cannot decode, or bytes that are not in it; ``truncated``: it ends early.
    """
    if (announced := response.content_length) is not None and announced > limits.max_wire and response.status not in (204, 304):
        raise TooLarge(url, detail=f"the body has {announced:,} bytes; fetch.max_body allows {limits.max_wire:,}")
    decoder = decoder_for(response.headers.get("Content-Encoding"), url)
    pieces: list[bytes] = []
    wire = decoded = 0
    while data := await response.content.readany():
        wire += len(data)
        if wire > limits.max_wire:
            raise TooLarge(url, detail=f"the body exceeds the {limits.max_wire:,} bytes that fetch.max_body allows")
        if decoder is not None:
            data = decode(decoder, data, limits.max_decoded - decoded, url)
        decoded += len(data)
        if decoded > limits.max_decoded:
            raise TooLarge(url, detail=f"the body unpacks to more than {limits.max_decoded:,} bytes")
        pieces.append(data)
    if decoder is not None and wire and not decoder.finished():
        raise FetchError(url, "truncated", "the compressed body ends early")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def read_some(response: ClientResponse, url: str, most: int) -> bytes:
    """Return the first ``most`` decoded bytes and leave the rest on the wire: an answer that only people will read."""
    decoder = decoder_for(response.headers.get("Content-Encoding"), url)
    kept = bytearray()
    while len(kept) < most and (data := await response.content.readany()):
        kept += data if decoder is None else decode(decoder, data, most - len(kept), url)
    return bytes(kept[:most])


def decoder_for(encoding: str | None, url: str) -> Decoder | None:
    """Return the decoder of a Content-Encoding, None for identity; raises FetchError ``encoding``."""
    name = (encoding or "").strip().lower()
    if name in ("", "identity", "none", "utf-8"):  # the last two are seen where a server means "not encoded"
        return None
    make = _DECODERS.get(name)
    decoder = make() if make else None
    if decoder is None:
        raise FetchError(url, "encoding", f"the body comes in an encoding that was not asked for and cannot be decoded: {name[:40]}")
    return decoder


def decode(decoder: Decoder, data: bytes, room: int, url: str) -> bytes:
    """Return ``data`` decoded; raises FetchError ``encoding`` whatever the library raises."""
    try:
        return decoder.feed(data, max(room, 0))
    except Exception as fault:  # each library has an exception of its own; all mean the same
        raise FetchError(url, "encoding", "the body is not in the encoding that its header names") from fault
