"""Labelled steps at which the crash harness kills the daemon.

``WATCHER_FAULT=entries.commit:3`` makes the process kill itself with SIGKILL when it reaches that label for the third
time. Without the variable :func:`reach` does nothing. The labels are those of DESIGN.md's table of one entry's life.
"""

from __future__ import annotations

import os
import signal

LABELS = (
    "feeds.claimed",
    "feeds.fetched",
    "feeds.parsed",
    "feeds.commit",
    "feeds.committed",
    "entries.claimed",
    "entries.page",
    "entries.extracted",
    "entries.matched",
    "entries.commit",
    "entries.committed",
    "deliveries.claimed",
    "deliveries.rendered",
    "deliveries.sent",
    "deliveries.commit",
    "deliveries.committed",
)


class _Fault:
    """The one step at which this process dies, and how often it is still passed unharmed."""

    def __init__(self, spec: str) -> None:
        label, _, count = spec.partition(":")
        self.label = label
        self.left = int(count or 1)

    def reach(self, label: str) -> None:
        if label != self.label:
            return
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


_FAULT = _Fault(os.environ["WATCHER_FAULT"]) if os.environ.get("WATCHER_FAULT") else None


def reach(label: str) -> None:
    """Say that the process is at ``label``; returns, unless the harness asked for death here."""
    if _FAULT is not None:
        _FAULT.reach(label)
