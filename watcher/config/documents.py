"""One file of the configuration: read, decoded, parsed; or a problem with its line."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli

from watcher.config import locate
from watcher.config.units import clip
from watcher.errors import ConfigError

LARGEST = 64 * 2**20  # bytes of one file of the configuration; a list of 100,000 terms has 2 MB

_WHY = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "permission denied",
    errno.ELOOP: "symbolic links in a circle",
    errno.EISDIR: "a directory, not a file",
    errno.ENOTDIR: "a part of its path is not a directory",
    errno.ENAMETOOLONG: "the name is too long",
}


def why(error: OSError | ValueError) -> str:
    """Return a failure to open a file in plain words (``ValueError``: a NUL in the name)."""
    if isinstance(error, OSError):
        return _WHY.get(error.errno or 0, (error.strerror or "it cannot be read").lower())
    return "no file can have this name"


def read(path: Path, largest: int = LARGEST) -> tuple[bytes, os.stat_result]:
    """Return a regular file's content and status.

    Opened without blocking, so that a FIFO cannot hold up the start.

    :raises OSError: with an ``errno`` for :func:`why`; also for directories, devices and files above ``largest`` bytes.
    :raises ValueError: a name with a NUL.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a directory, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        content = file.read(largest + 1)
        if len(content) > largest:
            raise OSError(errno.EFBIG, f"larger than {largest:,} bytes")
        return content, status


def decode(content: bytes, name: str) -> str:
    """Return UTF-8 content as text, without a byte order mark.

    :raises ConfigError: with the line of the first byte that is not UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ConfigError("not UTF-8 but UTF-16: save the file as UTF-8", file=name, line=1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)]
        wrong = f"not UTF-8: byte 0x{error.object[error.start]:02x} cannot be decoded: save the file as UTF-8"
        raise ConfigError(wrong, file=name, line=before.count(b"\n") + 1) from error


class Document:
    """A TOML file.

    :ivar path: where it is; what stands in it is relative to its folder.
    :ivar name: how messages call it: the path as the user wrote it.
    :ivar data: the parsed content.
    """

    def __init__(self, path: Path, name: str, text: str, data: Mapping[str, Any]) -> None:
        self.path, self.name, self.text, self.data = path, name, text, data

    @cached_property
    def _lines(self) -> locate.Lines:
        return locate.Lines(self.text)

    def line(self, path: locate.Path) -> int | None:
        """Return the line of a key; the first call scans the text."""
        return self._lines.of(path) if path else None


def load(path: Path, name: str) -> Document:
    """Read and parse one TOML file.

    :raises ConfigError: for every way in which that can fail.
    """
    try:
        content, _ = read(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {why(error)}", file=name) from error
    text = decode(content, name)
    return Document(path, name, text, parse(text, name))


def parse(text: str, name: str) -> dict[str, Any]:
    """Parse a TOML text.

    :raises ConfigError: with the line, as far as the parser tells.
    """
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigError(_syntax(text, error), file=name, line=error.lineno) from error
    except RecursionError as error:
        raise ConfigError("brackets or keys are nested too deep", file=name, line=_deepest(text)) from error
    except ValueError as error:  # an integer of more digits than Python reads, or a date that is none
        line = locate.longest_number(text)
        raise ConfigError("a number with too many digits" if line else f"not TOML: {clip(str(error))}", file=name, line=line) from error


def _syntax(text: str, error: tomli.TOMLDecodeError) -> str:
    message = clip(re.sub(r"\('(.*)',?\)", r'"\1"', error.msg), 160)
    line = text.split("\n")[error.lineno - 1] if error.lineno <= text.count("\n") + 1 else ""
    if error.msg == "Cannot overwrite a value" and "=" in line:
        return f'not TOML: the key "{clip(line.partition("=")[0].strip(), 40)}" is given twice'
    where = f" at column {error.colno}" if line else ""
    return f"not TOML: {message}{where}" + (f" of: {clip(line.strip(), 80)}" if line.strip() else "")


def _deepest(text: str) -> int:
    """Return the line with the most opening brackets, which is where the nesting is, or close to it."""
    counts = [line.count("[") + line.count("{") + line.count(".") for line in text.split("\n")]
    return counts.index(max(counts)) + 1
