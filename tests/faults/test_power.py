"""Power cuts: what was acknowledged before the lights went out is there when they come back."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import disk
from tests.faults.harness import Break, PowerCut, broken_copy, crash

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

SEED = int(os.environ.get("WATCHER_SEED", "20240310"))
ROOT = Path(__file__).parents[2]
CUTS = int(os.environ.get("WATCHER_CUTS", "20"))

NORMAL = Break("synchronous=NORMAL", "store/engine.py", '"synchronous=FULL"', '"synchronous=NORMAL"')


@pytest.fixture
def ext4(tmp_path):
    try:
        context = disk.disk(tmp_path)
        made = context.__enter__()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    yield made
    context.__exit__(None, None, None)


async def cuts(ext4: disk.Disk, count: int, *, path: str = "") -> tuple[int, int]:
    """Write, cut, look, ``count`` times, with the package in ``path`` if there is one; return how many writes were acknowledged before a cut, and how many of these are missing."""
    rng = random.Random(SEED)
    environ = {**os.environ, "PYTHONPATH": ":".join([*([path] if path else []), str(ROOT)])}
    acknowledged = missing = 0
    for n in range(count):
        database = ext4.mounted / f"{n}.db"
        writer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tests.faults.writes", f"sqlite:///{database}"), stdout=subprocess.PIPE, env=environ
        )
        said: list[int] = []

        listening = asyncio.create_task(_listen(writer.stdout, said))
        while len(said) < 20:  # noqa: ASYNC110  a child's first words
            await asyncio.sleep(0.01)
        await asyncio.sleep(rng.uniform(0.0, 0.8))
        before = list(said)
        await asyncio.to_thread(ext4.snapshot)
        writer.kill()
        await writer.wait()
        await listening
        ext4.cut()
        acknowledged += len(before)
        missing += len(set(before) - found(database))
        for file in ext4.mounted.glob("*.db*"):
            file.unlink()
    return acknowledged, missing


async def _listen(pipe: asyncio.StreamReader, said: list[int]) -> None:
    async for line in pipe:
        said.append(int(line))  # noqa: PERF401  looked at while it grows


def found(database: Path) -> set[int]:
    """The writes that the database holds; it must be whole."""
    opened = sqlite3.connect(database)
    try:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {int(key.partition(":")[2]) for (key,) in opened.execute("SELECT key FROM notices WHERE key LIKE 'write:%'")}
    except sqlite3.DatabaseError:
        return set()
    finally:
        opened.close()


async def test_what_was_acknowledged_survives_a_power_cut(ext4, record_property):
    acknowledged, missing = await cuts(ext4, CUTS)
    print(f"{CUTS} power cuts: {acknowledged} writes acknowledged, {missing} missing")  # noqa: T201  the figures are what a run is for
    record_property("acknowledged", acknowledged)
    assert acknowledged
    assert missing == 0


async def test_the_harness_turns_red_where_commits_are_not_forced_down(ext4, tmp_path, record_property):
    """The negative control: SQLite's default for WAL."""
    acknowledged, missing = await cuts(ext4, 8, path=broken_copy(tmp_path, NORMAL)["PYTHONPATH"])
    print(f"8 power cuts with synchronous=NORMAL: {acknowledged} writes acknowledged, {missing} missing")  # noqa: T201  the figures are what a run is for
    record_property("missing", missing)
    assert missing > 0


async def test_the_daemon_loses_nothing_when_the_power_goes(ext4, tmp_path, record_property):
    """Power cuts in place of kills, in the crash harness: every alert arrives, under its one id."""
    rng = random.Random(SEED)
    kills = [PowerCut(rng.uniform(0.0, 3.0), ext4) for _ in range(max(4, CUTS // 4))]
    report = await crash(tmp_path, kills, seed=SEED + 3, database=f"sqlite:///{ext4.mounted}/watcher.db")
    print(report)  # noqa: T201  the figures are what a run is for
    record_property("cuts", len(kills))
    assert report.faults == []
