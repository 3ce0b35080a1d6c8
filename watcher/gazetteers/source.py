"""A file with a list of names: which format it has, and its records with the progress of the reading."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from watcher.errors import WatcherError
from watcher.gazetteers import misp, tables
from watcher.gazetteers.records import Record, Skipped

FORMATS = ("auto", "misp", "csv", "opensanctions")
_GZIP = b"\x1f\x8b"
_UNPACKED = (EOFError, gzip.BadGzipFile, zlib.error)  # what unpacking raises
_JSON_LIMIT = 256 * 2**20  # characters; the largest galaxy has 15 million


class GazetteerError(WatcherError, ValueError):
    """A list of names that cannot be read. ``path``: the file."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class Source:
    """The records of one file, packed with gzip or not.

    :param form: one of :data:`FORMATS`.
    :raises GazetteerError: it has another format, or none that is known.
    :raises OSError: it cannot be read.
    """

    def __init__(self, path: Path, form: str = "auto") -> None:
        self.path = path
        try:
            with _open(path) as stream:
                head = stream.read(4096)
        except _UNPACKED as error:
            raise GazetteerError(path, f"not packed with gzip: {error}") from error
        self.encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        self.form = _form(head.decode(self.encoding, "replace")) if form == "auto" else form

    def records(self, progress: Callable[[float], None] = lambda _: None) -> Iterator[Record | Skipped]:
        """Yield what the file says, in order.

        :param progress: called now and then with the share of the file that has been read, 0 to 1.
        :raises GazetteerError: the file does not have its format.
        """
        try:
            if self.form == "misp":
                yield from self._json(progress)
            else:
                yield from tables.read(self._lines(progress), opensanctions=self.form == "opensanctions")
        except (ValueError, RecursionError, *_UNPACKED) as error:
            raise GazetteerError(self.path, " ".join(str(error).split()) or type(error).__name__) from error

    def _json(self, progress: Callable[[float], None]) -> Iterator[Record | Skipped]:
        with _open(self.path) as stream:
            text = stream.read(_JSON_LIMIT + 1)
        if len(text) > _JSON_LIMIT:
            raise ValueError(f"larger than {_JSON_LIMIT >> 20} MB")
        try:
            document = json.loads(text)
        except ValueError as error:
            raise ValueError(f"no JSON: {error}") from None
        records = list(misp.read(document))
        for number, record in enumerate(records, 1):
            yield record
            progress(number / len(records))

    def _lines(self, progress: Callable[[float], None]) -> Iterator[str]:
        """Yield lines, telling progress by the bytes of the file itself."""
        size = max(1, self.path.stat().st_size)
        with self.path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw) if packed else raw)
            for number, line in enumerate(io.TextIOWrapper(stream, encoding=self.encoding, errors="replace", newline=""), 1):
                yield line
                if number % 1000 == 0:
                    progress(min(1.0, raw.tell() / size))
        progress(1.0)


def _open(path: Path) -> IO[bytes]:
    stream = path.open("rb")
    packed = stream.read(2) == _GZIP
    stream.seek(0)
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream) if packed else stream)


def _form(head: str) -> str:
    if head.lstrip().startswith(("{", "[")):
        return "misp"
    columns = {cell.strip().strip('"').casefold() for cell in head.partition("\n")[0].split(",")}
    return "opensanctions" if {"id", "schema", "name", "aliases"} <= columns else "csv"
