"""Worker processes for parsing and extraction, in two lanes.

A hostile document costs a worker, not the loop: each task runs in a process with limits of memory and CPU. What overruns
the fast lane (1 s) is killed and goes once more to the slow lane (10 s), so a dozen hostile documents cannot hold up a
healthy feed. Workers are forked from a server process that has imported the parsers once (their pages are shared),
start on demand, retire when idle, and die with their parent.

Why not a pool of a library: those at hand measure limits by the wall clock, which may jump, and share one locked pipe
between all workers, so that one worker killed by the kernel can block the rest (docs/why.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import pickle
import resource
import signal
import socket
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from watcher.errors import WatcherError

P = ParamSpec("P")
T = TypeVar("T")

MEMORY_LIMIT = 512 * 2**20  # RELIABILITY L7; an extraction plateaus at about 135 MB
FAST_SECONDS = 1.0
SLOW_SECONDS = 10.0
RECYCLE_AFTER = 300  # tasks: what lxml leaks is given back
IDLE_SECONDS = 60.0
LONGEST_TEMPDIR = 70  # bytes: a socket's path holds 107, and the fork server's adds /pymp-xxxxxxxx/listener-xxxxxxxx
_LENGTH = struct.Struct("!Q")
_PR_SET_PDEATHSIG = 1


class WorkerLost(WatcherError):
    """A task that killed or outlived its worker.

    :param reason: ``overran`` or ``died``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return self.detail


@dataclass(slots=True, eq=False)
class _Worker:
    """One child process and our end of the socket to it."""

    process: BaseProcess
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tasks: int = 0
    idle_since: float = 0.0

    async def call(self, payload: bytes) -> bytes:
        self.writer.write(_LENGTH.pack(len(payload)))
        self.writer.write(payload)
        await self.writer.drain()
        (length,) = _LENGTH.unpack(await self.reader.readexactly(_LENGTH.size))
        return await self.reader.readexactly(length)

    def kill(self) -> None:
        self.process.kill()
        self.writer.close()

    def retire(self) -> None:
        self.writer.close()  # the child sees the end of its input and leaves


class _Lane:
    """Workers of one kind: how many at once, and how long a task may take."""

    def __init__(self, name: str, size: int, seconds: float, start: Callable[[], Any]) -> None:
        self.name, self.seconds = name, seconds
        self._start = start
        self._slots = asyncio.Semaphore(size)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()

    async def call(self, payload: bytes) -> bytes:
        """Run one task; raises :class:`WorkerLost` when it overran its time or took the worker with it."""
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._launch()
            try:
                async with asyncio.timeout(self.seconds):
                    answer = await worker.call(payload)
            except TimeoutError:
                self._drop(worker)
                raise WorkerLost("overran", f"needed more than {self.seconds:g} s and was ended") from None
            except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError):
                await asyncio.to_thread(worker.process.join, 1)
                code = worker.process.exitcode
                self._drop(worker)
                raise WorkerLost("died", f"ended its worker process (exit status {code})") from None
            except BaseException:  # cancelled: the worker is in the middle of something that nobody waits for
                self._drop(worker)
                raise
            self._give_back(worker)
            return answer

    async def _launch(self) -> _Worker:
        worker: _Worker = await self._start()
        self._all.add(worker)
        return worker

    def _give_back(self, worker: _Worker) -> None:
        worker.tasks += 1
        if worker.tasks >= RECYCLE_AFTER:
            self._all.discard(worker)
            worker.retire()
            return
        worker.idle_since = asyncio.get_running_loop().time()
        self._idle.append(worker)

    def _drop(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.kill()

    def retire_idle(self, now: float, seconds: float) -> None:
        """End workers that had nothing to do for ``seconds``; the server process starts new ones in milliseconds."""
        for worker in [w for w in self._idle if now - w.idle_since >= seconds]:
            self._idle.remove(worker)
            self._all.discard(worker)
            worker.retire()

    def close(self) -> None:
        for worker in list(self._all):
            self._drop(worker)
        self._idle.clear()

    @property
    def pids(self) -> list[int]:
        return [w.process.pid for w in self._all if w.process.pid is not None]


class Workers:
    """The two lanes. ``preload`` names the modules that the server process imports once for all workers."""

    def __init__(
        self, preload: Sequence[str], *, fast: int = 2, fast_seconds: float = FAST_SECONDS, slow_seconds: float = SLOW_SECONDS
    ) -> None:
        if len(os.fsencode(tempfile.gettempdir())) > LONGEST_TEMPDIR:
            tempfile.tempdir = "/tmp"  # noqa: S108  the fork server makes a private folder in it for its socket
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["__main__", *preload])
        self._starting = asyncio.Lock()
        self.fast = _Lane("fast", fast, fast_seconds, self._start)
        self.slow = _Lane("slow", 1, slow_seconds, self._start)
        self.lost = 0

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``function`` (importable by name) in a worker and return what it returns or raise what it raises.

        :raises WorkerLost: the task overran or killed a worker of both lanes.
        """
        payload = pickle.dumps((function, args, kwargs), pickle.HIGHEST_PROTOCOL)
        try:
            answer = await self.fast.call(payload)
        except WorkerLost:
            self.lost += 1
            try:
                answer = await self.slow.call(payload)
            except WorkerLost:
                self.lost += 1
                raise
        ok, value = pickle.loads(answer)  # noqa: S301  from our own child, over a private socket
        if ok:
            return value  # type: ignore[no-any-return]
        raise value

    async def housekeeping(self) -> None:
        """Retire idle workers, for ever."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            now = asyncio.get_running_loop().time()
            self.fast.retire_idle(now, IDLE_SECONDS)
            self.slow.retire_idle(now, IDLE_SECONDS / 4)

    def close(self) -> None:
        """Kill all workers."""
        self.fast.close()
        self.slow.close()

    async def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True, name="watcher-worker")
        async with self._starting:  # the first start imports the parsers: seconds, so not on the loop
            await asyncio.to_thread(process.start)
        theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=2**20)
        return _Worker(process, reader, writer)


def _serve(link: socket.socket) -> None:
    """A worker's life: read a task, run it under limits, answer, until the parent closes the link."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ConnectionError), link, link.makefile("rwb") as stream:  # the parent gave up on us, or was killed
        while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
            (length,) = _LENGTH.unpack(head)
            answer = _run(stream.read(length))
            stream.write(_LENGTH.pack(len(answer)))
            stream.write(answer)
            stream.flush()


def _run(payload: bytes) -> bytes:
    """Run one task; its result or its exception, pickled."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + SLOW_SECONDS) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    try:
        function, args, kwargs = pickle.loads(payload)  # noqa: S301  from our own parent
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        raise SystemExit(1) from None  # a heap at its limit is not to be trusted: a new worker is cheap
    except Exception as error:  # noqa: BLE001  whatever a hostile document provokes belongs to the caller
        try:
            return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001  an exception that cannot be pickled still has a name
            return pickle.dumps((False, WorkerLost("died", f"{type(error).__name__}: {error}")), pickle.HIGHEST_PROTOCOL)
