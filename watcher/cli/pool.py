"""Work on all cores, where a document that hangs or kills its worker costs an error line and nothing else.

Workers are forked from this process when it has loaded all it needs, so a compiled set of rules exists once in memory and a
worker that was killed is replaced in a millisecond. Results come in the order of the inputs, while later inputs are still
being read. The parent has one thread: a pool with threads must not fork, and the pools of the libraries have.
"""

from __future__ import annotations

import ctypes
import gc
import heapq
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

SECONDS = 10.0  # for one document (RELIABILITY L7)
_AHEAD = 8  # batches for each worker that may wait for a slow one before them
_FLUSH = 0.02  # seconds for which a worker gathers results before it sends them
_HEADROOM = 2**30  # bytes that a worker may take beyond what it was forked with
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Failed:
    """What became of an input that has no result. ``why`` is for people."""

    why: str


@dataclass(slots=True, eq=False)
class _Worker(Generic[T, R]):
    """A child process and the batch that it works on. ``careful``: it sends each result at once, so that the culprit is known."""

    process: ForkProcess
    link: Connection
    number: int = 0
    batch: Sequence[T] = ()
    results: list[R | Failed] = field(default_factory=list)
    careful: bool = False
    deadline: float = 0.0


class Pool(Generic[T, R]):
    """Applies ``work`` to inputs.

    :param work: called in a worker; what it raises becomes a :class:`Failed`.
    :param seconds: wall clock that one input may take.
    :param size: workers at most; by default, one a core.
    """

    def __init__(self, work: Callable[[T], R], *, seconds: float = SECONDS, size: int | None = None) -> None:
        self._work, self._seconds = work, seconds
        self._size = size or len(os.sched_getaffinity(0))
        self._context = multiprocessing.get_context("fork")
        gc.freeze()  # what is loaded stays: a collection in a worker would walk through all of it and copy every page
        self._idle: list[_Worker[T, R]] = []
        self._busy: dict[int, _Worker[T, R]] = {}  # by the file descriptor of the link
        self._finished: list[tuple[int, Sequence[T], list[R | Failed]]] = []  # a heap by number: what waits for one before it

    def map(self, batches: Iterator[Sequence[T]], *, readable: int | None = None) -> Iterator[list[tuple[T, R | Failed]]]:
        """Yield for each batch, in order, its inputs with their results.

        :param batches: inputs that travel together; an empty one means: nothing yet.
        :param readable: a file descriptor; ``batches`` is asked for more only when that can be read.
        """
        begun, given, more = 0, 0, True
        try:
            while more or self._busy:
                wanted = more and len(self._busy) < self._size and begun - given < _AHEAD * self._size
                if wanted and readable is None:
                    self._wait(None, 0.0)  # only what is there already: the next batch can be had at once
                elif not self._wait(readable if wanted else None):
                    wanted = False
                if wanted:
                    fresh = next(batches, None)
                    more = fresh is not None
                    if fresh:
                        self._begin(begun, fresh, [], careful=False)
                        begun += 1
                while self._finished and self._finished[0][0] == given:
                    given += 1
                    _, batch, results = heapq.heappop(self._finished)
                    yield list(zip(batch, results, strict=True))
        finally:
            self.close()

    def close(self) -> None:
        """End all workers."""
        for worker in [*self._idle, *self._busy.values()]:
            _end(worker)
        self._idle.clear()
        self._busy.clear()

    def _begin(self, number: int, batch: Sequence[T], results: list[R | Failed], *, careful: bool) -> None:
        worker = self._idle.pop() if self._idle else self._fork()
        worker.number, worker.batch, worker.results, worker.careful = number, batch, results, careful
        worker.deadline = time.monotonic() + self._seconds
        self._busy[worker.link.fileno()] = worker
        try:
            worker.link.send((batch[len(results) :], careful))
        except OSError:
            return  # it died while it was idle: its end of the link says so at the next look

    def _wait(self, readable: int | None, patience: float | None = None) -> bool:
        """Wait for results, for ``readable`` or for the first deadline. Return whether ``readable`` can be read."""
        if patience is None and self._busy:
            patience = max(0.0, min(worker.deadline for worker in self._busy.values()) - time.monotonic())
        ready = wait([*self._busy, *([readable] if readable is not None else [])], patience)
        for descriptor in [d for d in ready if isinstance(d, int) and d in self._busy]:
            self._receive(self._busy[descriptor])
        now = time.monotonic()
        for worker in [w for w in self._busy.values() if w.deadline <= now]:
            self._replace(worker, f"gave no result within {self._seconds:g} s", overran=True)
        return readable in ready

    def _receive(self, worker: _Worker[T, R]) -> None:
        try:
            worker.results += worker.link.recv()
        except (EOFError, OSError):
            self._replace(worker, "", overran=False)
            return
        worker.deadline = time.monotonic() + self._seconds
        if len(worker.results) == len(worker.batch):
            del self._busy[worker.link.fileno()]
            self._idle.append(worker)
            heapq.heappush(self._finished, (worker.number, worker.batch, worker.results))

    def _replace(self, worker: _Worker[T, R], why: str, *, overran: bool) -> None:
        """Kill a worker. Its input has failed if it is certain which one that was, and that the worker was not merely worn out."""
        del self._busy[worker.link.fileno()]
        _end(worker)
        if worker.careful or (overran and len(worker.batch) - len(worker.results) == 1):
            worker.results.append(Failed(why or f"ended its worker process (exit status {worker.process.exitcode})"))
        if len(worker.results) == len(worker.batch):
            heapq.heappush(self._finished, (worker.number, worker.batch, worker.results))
        else:
            self._idle.append(self._fork())
            self._begin(worker.number, worker.batch, worker.results, careful=True)

    def _fork(self) -> _Worker[T, R]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._work, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _end(worker: _Worker[T, R]) -> None:
    worker.process.kill()
    worker.process.join()
    worker.link.close()


def _serve(work: Callable[[T], R], link: Connection) -> None:
    """A worker's life: batches in, results out, until the parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + _HEADROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        batch, careful = link.recv()
        results: list[R | Failed] = []
        flushed = time.monotonic()
        for item in batch:
            results.append(_one(work, item))
            if careful or time.monotonic() - flushed > _FLUSH:
                link.send(results)
                results, flushed = [], time.monotonic()
        if results:
            link.send(results)


def _one(work: Callable[[T], R], item: T) -> R | Failed:
    try:
        return work(item)
    except MemoryError:
        os._exit(1)  # a heap at its limit is not to be trusted: a new worker is cheap
    except Exception as error:  # noqa: BLE001  whatever a hostile document provokes becomes its error line
        return Failed(str(error) or type(error).__name__)
