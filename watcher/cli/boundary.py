"""The last boundary: every error becomes lines on stderr and an exit code, never a traceback (unless ``WATCHER_DEBUG=1``)."""

from __future__ import annotations

import os
import sys

from watcher.errors import ConfigError, StoreLocked, WatcherError

FINE = 0
NO = 1  # the answer is no
USAGE = 2
LOCKED = 75  # EX_TEMPFAIL: another daemon has the database
BAD_CONFIGURATION = 78  # EX_CONFIG


def report(error: Exception) -> int:
    """Print what went wrong, one problem a line and never wrapped, and return the exit code for it."""
    code, lines = _judge(error)
    for line in lines:
        print(line, file=sys.stderr)
    return code


def debugging() -> bool:
    """Whether tracebacks were asked for."""
    return os.environ.get("WATCHER_DEBUG", "") not in ("", "0")


def _judge(error: Exception) -> tuple[int, list[str]]:
    if isinstance(error, ConfigError):
        return BAD_CONFIGURATION, [str(error)]
    if isinstance(error, StoreLocked):
        return LOCKED, [f"watcher: {error}"]
    if isinstance(error, WatcherError):
        from watcher.config import ConfigErrors

        if isinstance(error, ConfigErrors):
            return BAD_CONFIGURATION, str(error).splitlines()
        return NO, [f"watcher: {error}"]
    if isinstance(error, OSError) and error.strerror:
        return NO, ["watcher: " + ": ".join(str(part) for part in (error.filename, error.strerror) if part is not None)]
    text = " ".join(str(error).split())[:500]
    return NO, [f"watcher: unexpected {type(error).__name__}: {text} (WATCHER_DEBUG=1 shows where; please report it)"]
