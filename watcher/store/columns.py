"""Column types: how a Python value lies in either database.

Times are whole microseconds since 1970 in a BIGINT: both databases compare and index them alike, and no driver has
an opinion about zones. Texts that others choose are indexed by :func:`digest`, because PostgreSQL refuses an index row
of more than 2,704 bytes, and a guid may be longer.
"""

# ruff: noqa: ARG002 - SQLAlchemy prescribes the methods' parameters
from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A generated key: SQLite numbers rows only in a column declared INTEGER."""


def micros(moment: datetime) -> int:
    """Whole microseconds of an aware ``moment`` since 1970; exact, unlike ``timestamp()``."""
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """The aware UTC time of ``value`` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


def digest(text: str) -> bytes:
    """Sixteen bytes that stand for ``text`` in an index."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def unpack(value: bytes) -> str:
    """The text that a :class:`Packed` column holds."""
    data = bytes(value)
    return (zlib.decompress(data[1:]) if data[:1] == b"\1" else data[1:]).decode()


# Times are most of what a queue's rows hold. Their processors are given whole: a method call a value would cost more than they do.


class Instant(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970; a naive one is a programmer's error and raises TypeError."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        return lambda value: None if value is None else (value - EPOCH) // MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        return lambda value: None if value is None else EPOCH + timedelta(0, 0, value)


class Span(TypeDecorator[timedelta]):
    """A duration as microseconds."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[timedelta | None], int | None]:
        return lambda value: None if value is None else value // MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], timedelta | None]:
        return lambda value: None if value is None else timedelta(0, 0, value)


class Words(TypeDecorator[str]):
    """Text without NUL. PostgreSQL cannot store one, SQLite can; refused alike, so that both keep the same data."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("a text with a NUL character cannot be stored")
        return value


class Packed(TypeDecorator[str]):
    """Long text, compressed. The first byte tells how: 0 as it is, 1 zlib."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        plain = value.encode()
        if len(plain) >= 200:  # below that zlib's own frame eats the gain
            small = zlib.compress(plain, 6)
            if len(small) < len(plain):
                return b"\1" + small
        return b"\0" + plain

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else unpack(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text, written compactly and never escaped to ASCII."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if "\\u0000" in text:
            raise ValueError("a text with a NUL character cannot be stored")
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class PackedJson(TypeDecorator[Any]):
    """A JSON value as compressed text, for payloads and evidence that are read one at a time."""

    impl = Packed
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
