"""A hostile document costs a worker, not the loop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from watcher.daemon.workers import WorkerLost, Workers
from watcher.errors import ParseError


def answer(value: int) -> int:
    return value + 1


def refuse() -> None:
    raise ParseError("https://example.org/feed", "xml", "it is no feed")


def spin() -> None:
    while True:
        pass


def swallow_memory() -> int:
    return len(bytearray(2**30))


def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def whoami() -> int:
    return os.getpid()


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__("odd")
        self.callback = lambda: None


def raise_unpicklable() -> None:
    raise Unpicklable


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    lanes = Workers(["watcher.errors"], fast=2, fast_seconds=2, slow_seconds=4)
    yield lanes
    lanes.close()


async def test_a_task_gives_its_result(workers: Workers) -> None:
    assert await workers.call(answer, 41) == 42


async def test_an_error_crosses_the_border_with_its_fields(workers: Workers) -> None:
    with pytest.raises(ParseError) as caught:
        await workers.call(refuse)
    assert (caught.value.url, caught.value.reason) == ("https://example.org/feed", "xml")


async def test_an_error_that_cannot_be_pickled_still_has_a_name(workers: Workers) -> None:
    with pytest.raises(WorkerLost, match="Unpicklable"):
        await workers.call(raise_unpicklable)


async def test_a_task_that_never_ends_is_tried_in_both_lanes_and_given_up(workers: Workers) -> None:
    with pytest.raises(WorkerLost) as caught:
        await workers.call(spin)
    assert caught.value.reason == "overran"
    assert workers.lost == 2


@pytest.mark.parametrize("task", [die, swallow_memory])
async def test_a_task_that_kills_its_worker_is_given_up_and_the_next_one_runs(workers: Workers, task: object) -> None:
    with pytest.raises(WorkerLost) as caught:
        await workers.call(task)  # type: ignore[arg-type]
    assert caught.value.reason == "died"
    assert await workers.call(answer, 1) == 2


async def test_hostile_tasks_do_not_hold_up_a_healthy_one(workers: Workers) -> None:
    """While a dozen tasks spin, a healthy one waits for the fast lane's limit at most, not for the slow lane."""
    hostile = [asyncio.create_task(workers.call(spin)) for _ in range(12)]
    await asyncio.sleep(0)
    assert await workers.call(answer, 1) == 2
    assert not all(task.done() for task in hostile), "the healthy task did not wait for all hostile ones"
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


async def test_workers_are_reused_and_retire_when_idle(workers: Workers) -> None:
    first = await workers.call(whoami)
    assert await workers.call(whoami) == first
    workers.fast.retire_idle(asyncio.get_running_loop().time() + 100, 60)
    assert workers.fast.pids == []
    await asyncio.to_thread(_gone, first)


def _gone(pid: int) -> None:
    try:
        psutil.Process(pid).wait(10)
    except psutil.NoSuchProcess:
        return


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    """A daemon that is killed leaves no process behind."""
    code = (
        "import asyncio, os, sys\n"
        "from watcher.daemon.workers import Workers\n"
        "async def main():\n"
        "    w = Workers(['json'])\n"
        "    print(await w.call(os.getpid), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(worker)


def test_a_long_temporary_directory_does_not_stop_the_workers(tmp_path: Path) -> None:
    """A unix socket's path holds 107 bytes; the fork server would put its own below $TMPDIR."""
    long = tmp_path / ("x" * 90)
    long.mkdir()
    code = (
        "import asyncio, os\n"
        "from watcher.daemon.workers import Workers\n"
        "async def main():\n"
        "    w = Workers(['json'])\n"
        "    assert await w.call(len, 'four') == 4\n"
        "    w.close()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "TMPDIR": str(long)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
