"""The real daemon as a child process, through its real command line. It never outlives us."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Daemon:
    """``python -m watcher.cli.main -c CONFIG run`` in a session of its own; what it says goes to ``log``.

    :param config: the configuration file.
    :param log: appended to over all starts.
    :param command: what follows ``-c CONFIG``.
    :param environ: added to this process's environment, e.g. ``WATCHER_FAULT``; what is set to "" is taken out.
    """

    def __init__(self, config: Path, *, log: Path, command: Sequence[str] = ("run",), environ: Mapping[str, str] | None = None) -> None:
        self.config, self.log = config, log
        self._command, self._environ = tuple(command), dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the latest start."""
        return self._started().pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it lives."""
        return self._started().poll()

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self, **environ: str) -> None:
        """Start it. ``environ`` holds for this start only.

        Call from the main thread: the kernel's death signal is bound to the thread that forks.
        """
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

        wanted = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **self._environ, **environ}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and arguments
                [sys.executable, "-m", "watcher.cli.main", "-c", str(self.config), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={name: value for name, value in wanted.items() if value},
                cwd=self.config.parent,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  no threads of ours hold locks; one prctl(2) and getppid(2)
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def wait(self, seconds: float) -> int | None:
        """Wait for its end; the exit status, or None when it still lives after ``seconds``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self.alive and loop.time() < deadline:  # noqa: ASYNC110  the end of a process that we may not reap elsewhere rings no bell
            await asyncio.sleep(0.02)
        return self.returncode

    async def kill(self) -> None:
        """SIGKILL to the main process alone, as the kernel does when memory is short; waits for its end."""
        self.signal(signal.SIGKILL)
        await self.wait(10)

    async def stop(self, seconds: float = 10.0) -> int | None:
        """SIGTERM; the exit status, or None when it had to be killed after ``seconds``."""
        self.signal(signal.SIGTERM)
        status = await self.wait(seconds)
        self.end()
        return status

    def end(self) -> None:
        """Kill what is left of it and of its workers, at once."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the daemon was never started")
        return self._process
