"""Every error that watcher raises on purpose.

::

    WatcherError
    ├── ConfigError            file, line, key: the configuration cannot be used (exit 78)
    ├── QueryError             position, expected: a rule's query does not parse or compile
    ├── FetchError             url, reason, retry_after: an HTTP exchange gave nothing usable
    │   ├── FetchTimeout       a limit of time ran out
    │   ├── BadStatus          status: the server answered, but not with a document
    │   ├── TooLarge           the body exceeds a limit
    │   └── BlockedAddress     the target is not one that we may talk to
    ├── ParseError             url, reason: bytes that are no feed
    ├── ExtractError           url, reason: a page that gave no article
    ├── StoreError             the database cannot be used; the text says the way out
    │   ├── StoreUnavailable   the database is away for now; nothing of this call was recorded, it may be made again
    │   ├── StoreLocked        pid: another daemon owns this SQLite file (exit 75)
    │   └── StoreTooNew        the schema is newer than this program
    └── DeliveryError          channel, retryable, reason, retry_after: a message was not accepted

Catch broadly, recover narrowly. ``reason`` is always one word of a small, stable set: it becomes a metric label and the
word that ``watcher why`` prints. ``str()`` of each error is a sentence that a user can act on. Secrets never enter one.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class WatcherError(Exception):
    """The root of the tree."""


class ConfigError(WatcherError, ValueError):
    """One problem of the configuration, with the place where it is to be mended.

    :param message: what is wrong and what would be right.
    :param file: the file's path as the user wrote it, or None where there is none.
    :param line: its line, counted from 1, or None.
    :param key: the dotted key, e.g. ``fetch.interval``, or None.
    """

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None, key: str | None = None) -> None:
        super().__init__(message, file, line, key)
        self.message, self.file, self.line, self.key = message, file, line, key

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), {"message": self.message, "file": self.file, "line": self.line, "key": self.key}))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file or ""
        return ": ".join(part for part in (place, self.key, self.message) if part)


class QueryError(WatcherError, ValueError):
    """A query that does not parse or compile.

    :param message: what was expected, with a suggestion.
    :param query: the query's text.
    :param position: code point of the fault in ``query``, from 0, or None.
    """

    def __init__(self, message: str, *, query: str = "", position: int | None = None) -> None:
        super().__init__(message, query, position)
        self.message, self.query, self.position = message, query, position

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), {"message": self.message, "query": self.query, "position": self.position}))

    def __str__(self) -> str:
        where = f" at character {self.position + 1}" if self.position is not None else ""
        return f"{self.message}{where} of query {self.query!r}" if self.query else self.message


class Trouble(StrEnum):
    """How a fetch failure is rescheduled (the words are mediacloud's): see ``feeds.schedule``."""

    TEMPORARY = "temporary"  # DNS, 429, 5xx: soon again
    SOFT = "soft"  # time-out, not a feed: back off
    HARD = "hard"  # 410, repeated 404: rarely, never given up silently


class FetchError(WatcherError):
    """An HTTP exchange that gave nothing usable.

    :param url: the URL that was asked for, without credentials.
    :param reason: one word, e.g. ``timeout``, ``private``, ``tls_expired``, ``truncated``.
    :param detail: the sentence's end, for people.
    :param retry_after: what the server asked for, unclamped, or None.
    """

    trouble: Trouble = Trouble.SOFT

    def __init__(
        self, url: str, reason: str, detail: str = "", *, retry_after: timedelta | None = None, trouble: Trouble | None = None
    ) -> None:
        super().__init__(url, reason, detail)
        self.url, self.reason, self.detail, self.retry_after = url, reason, detail, retry_after
        if trouble is not None:
            self.trouble = trouble

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), dict(self.__dict__)))

    def __str__(self) -> str:
        return f"{self.url}: {self.detail or self.reason}"


class FetchTimeout(FetchError):
    """A limit of time ran out: connect, headers or the whole fetch."""

    def __init__(
        self, url: str, reason: str = "timeout", detail: str = "", *, retry_after: timedelta | None = None, trouble: Trouble | None = None
    ) -> None:
        super().__init__(url, reason, detail or "no complete answer in time", retry_after=retry_after, trouble=trouble)


class BadStatus(FetchError):
    """The server answered with a status that is no document.

    :param status: the HTTP status.
    """

    def __init__(
        self,
        url: str,
        reason: str = "",
        detail: str = "",
        *,
        status: int,
        retry_after: timedelta | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        super().__init__(
            url, reason or f"http_{status}", detail or f"the server answered {status}", retry_after=retry_after, trouble=trouble
        )
        self.status = status


class TooLarge(FetchError):
    """The body exceeds the limit on the wire or after decoding."""

    def __init__(
        self, url: str, reason: str = "too_large", detail: str = "", *, retry_after: timedelta | None = None, trouble: Trouble | None = None
    ) -> None:
        super().__init__(url, reason, detail or "the body is larger than fetch.max_body allows", retry_after=retry_after, trouble=trouble)


class BlockedAddress(FetchError):
    """A private, special or disguised address, a scheme or a port that we do not talk to.

    :param where: the address.
    :param network: what ``allow_private`` would have to hold to permit it, e.g. ``10.0.0.0/8``.
    """

    def __init__(
        self,
        url: str,
        reason: str = "private",
        detail: str = "",
        *,
        where: str = "",
        network: str = "",
        retry_after: timedelta | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        key = f'[fetch] allow_private = ["{network}"]' if network else "allow_private in [fetch]"
        said = f"{where or 'the address'} is a private or special address: {key} would permit it"
        super().__init__(url, reason, detail or said, retry_after=retry_after, trouble=trouble)
        self.network = network


class ParseError(WatcherError, ValueError):
    """Bytes that are no feed.

    :param url: where they came from.
    :param reason: ``empty``, ``not_a_feed``, ``xml``, ``json``, ``worker`` …
    """

    def __init__(self, url: str, reason: str, detail: str = "") -> None:
        super().__init__(url, reason, detail)
        self.url, self.reason, self.detail = url, reason, detail

    def __str__(self) -> str:
        return f"{self.url}: {self.detail or self.reason}"


class ExtractError(WatcherError, ValueError):
    """A page that gave no article.

    :param url: the page.
    :param reason: ``empty``, ``not_html``, ``worker`` …
    """

    def __init__(self, url: str, reason: str, detail: str = "") -> None:
        super().__init__(url, reason, detail)
        self.url, self.reason, self.detail = url, reason, detail

    def __str__(self) -> str:
        return f"{self.url}: {self.detail or self.reason}"


class StoreError(WatcherError):
    """The database cannot be used; the text says what to do."""


class StoreUnavailable(StoreError):
    """The database is away for now (disk full, server down, locked): what was not acknowledged may be tried again."""


class StoreLocked(StoreError):
    """Another daemon owns this SQLite file.

    :param pid: the owner's process id, or None where it could not be read.
    """

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message, pid)
        self.message, self.pid = message, pid

    def __str__(self) -> str:
        return self.message


class StoreTooNew(StoreError):
    """The database was written by a newer watcher."""


class DeliveryError(WatcherError):
    """A message that a receiver did not accept.

    :param channel: the channel's name.
    :param reason: one word, e.g. ``refused``, ``timeout``, ``http_500``, ``invalid_payload``.
    :param retryable: whether the same message may be accepted later.
    :param retry_after: what the receiver asked for, or None.
    :param disable: the receiver is gone (410, ``no_service``): disable the channel and tell the operators.
    :param configuration: the fault lies in our settings (535, certificate): retry slowly and tell the operators.
    """

    def __init__(
        self,
        channel: str,
        reason: str,
        detail: str = "",
        *,
        retryable: bool,
        retry_after: timedelta | None = None,
        disable: bool = False,
        configuration: bool = False,
    ) -> None:
        super().__init__(channel, reason, detail)
        self.channel, self.reason, self.detail = channel, reason, detail
        self.retryable, self.retry_after, self.disable, self.configuration = retryable, retry_after, disable, configuration

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), dict(self.__dict__)))

    def __str__(self) -> str:
        return f"channel {self.channel}: {self.detail or self.reason}"


def _rebuild(kind: type[WatcherError], fields: dict[str, object]) -> WatcherError:
    """Pickle calls this: errors with keyword-only fields cross the border to the worker processes."""
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    error.args = tuple(fields.values())
    return error
