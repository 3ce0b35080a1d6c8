"""Logs: a constant event with fields, one line per outcome, on standard error.

Lines are written by a thread from a bounded queue, so that a reader that stalls (a full pipe, a stuck terminal) never
stalls the daemon; what does not fit is counted and said when there is room again. Control characters of feeds are
escaped, so that one event is always one line.
"""

from __future__ import annotations

import atexit
import queue
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_QUEUE_LINES = 10_000


class _Writer:
    """Takes lines from any thread and writes them in its own. Used as structlog's logger: each method is a level."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUE_LINES)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def msg(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    log = debug = info = warning = error = critical = msg

    def close(self) -> None:
        """Write what is queued, waiting at most a second for a reader that stalls."""
        try:
            self._lines.put(None, timeout=0.5)
        except queue.Full:
            return
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                if self._lost:
                    lost, self._lost = self._lost, 0
                    self._stream.write(f'level=warning event=log.lost lines={lost} why="the reader of this log was too slow"\n')
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                return  # nobody reads us any more; the daemon goes on


def _one_line(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Escape control characters of every value; name an exception in one line."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = describe(error)
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _CONTROL.sub(lambda m: repr(m.group())[1:-1], value)[:2000]
        elif not isinstance(value, int | float | bool | None):
            event[key] = _CONTROL.sub(lambda m: repr(m.group())[1:-1], str(value))[:2000]
    return event


def describe(error: BaseException) -> str:
    """An unexpected exception in one line: its type, its message, and where in watcher it was raised."""
    place = ""
    frame = error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if "watcher" in name:
            place = f" ({name.rpartition('/watcher/')[2] or name}:{frame.tb_lineno})"
        frame = frame.tb_next
    return f"{type(error).__name__}: {error}{place}"


def configure(stream: TextIO | None = None) -> None:
    """Set up logging for the daemon; lines go to ``stream``, by default standard error."""
    out = stream or sys.stderr
    renderer: Any
    if out.isatty():
        renderer = structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
    else:
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    writer = _Writer(out)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _one_line,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("INFO"),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )


def get() -> structlog.typing.FilteringBoundLogger:
    """The logger of the daemon."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
