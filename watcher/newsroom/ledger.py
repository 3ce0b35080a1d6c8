"""Append-only JSON lines: what receivers accepted, recorded outside the daemon."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Ledger:
    """One file that only grows. A line is in the kernel's hands when :meth:`append` returns.

    :param path: created when missing; None records nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._fd = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line in one system call, before the sender hears that it was accepted."""
        if self._fd is not None:
            os.write(self._fd, json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Close the file; further lines are dropped."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a ledger, in order; none when it does not exist yet."""
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
