"""A limit of time for each of many exchanges, on one timer of the event loop.

``asyncio.timeout`` starts and stops a timer for each block, which costs as much as reading a short answer; nearly all of them
end unused. Here a block only notes its deadline, and one timer wakes up for the earliest that may still matter.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """The deadlines of one event loop's exchanges."""

    def __init__(self) -> None:
        self._open: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0

    def add(self, deadline: Deadline) -> None:
        """Watch over ``deadline``."""
        self._open.add(deadline)
        if self._timer is None or deadline.at < self._wakes_at:
            self._wake(deadline.at)

    def drop(self, deadline: Deadline) -> None:
        """Forget it. The timer stays: it finds nothing, or the next one."""
        self._open.discard(deadline)

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._wakes_at = asyncio.get_running_loop().call_at(at, self._sweep), at

    def _sweep(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for deadline in [each for each in self._open if each.at <= now]:
            self._open.discard(deadline)
            deadline.expire()
        if self._open:
            self._wake(min(each.at for each in self._open))


class Deadline:
    """A block that is cancelled when ``at`` (loop time, may be moved on) has come; it then raises TimeoutError."""

    __slots__ = ("_deadlines", "_task", "_wishes", "at", "expired")

    def __init__(self, deadlines: Deadlines, at: float) -> None:
        self._deadlines, self.at, self.expired = deadlines, at, False
        self._task: asyncio.Task[object] | None = None
        self._wishes = 0

    def expire(self) -> None:
        """Cancel the block."""
        self.expired = True
        if self._task is not None:
            self._task.cancel()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._wishes = self._task.cancelling()
        self._deadlines.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._deadlines.drop(self)
        task, self._task = self._task, None
        # As asyncio.timeout does: only where nobody else wants the task cancelled is it the time that ran out.
        if self.expired and task is not None and task.uncancel() <= self._wishes and kind is asyncio.CancelledError:
            raise TimeoutError from fault
