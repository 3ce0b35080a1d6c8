"""Limits of time on one timer: as exact as a timer each, and never in the way of a cancellation. On a virtual clock."""

from __future__ import annotations

import asyncio

import pytest

from tests.etiquette.simulation import loop, run
from watcher.net.deadline import Deadline, Deadlines


def test_a_block_that_takes_too_long_ends_with_a_time_out_at_its_deadline() -> None:
    async def main() -> list[float]:
        deadlines, ended = Deadlines(), []

        async def wait(seconds: float) -> None:
            with pytest.raises(TimeoutError), Deadline(deadlines, loop().time() + seconds):
                await asyncio.sleep(1000)
            ended.append(loop().time())

        await asyncio.gather(wait(30), wait(7), wait(15))
        return ended

    assert run(main) == [7, 15, 30]


def test_a_deadline_that_was_moved_on_does_not_strike_and_one_that_was_left_is_forgotten() -> None:
    async def main() -> None:
        deadlines = Deadlines()
        with Deadline(deadlines, 5.0) as deadline:
            deadline.at = 60.0
            await asyncio.sleep(40)
        await asyncio.sleep(100)
        assert not deadline.expired

    run(main)


def test_who_cancels_the_task_hears_of_a_cancellation_not_of_a_time_out() -> None:
    async def main() -> None:
        deadlines = Deadlines()

        async def work() -> None:
            with Deadline(deadlines, 10.0):
                await asyncio.sleep(1000)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        late = asyncio.create_task(work())
        asyncio.get_running_loop().call_at(10.0, late.cancel)  # both at the same moment
        with pytest.raises(asyncio.CancelledError):
            await late

    run(main)
