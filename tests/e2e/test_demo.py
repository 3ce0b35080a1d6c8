"""``watcher demo`` as a user runs it: it tells the truth by its exit status and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time

import psutil
import pytest

pytestmark = pytest.mark.e2e


async def start(tmp_path, *arguments):
    environ = {**os.environ, "TMPDIR": str(tmp_path), "NO_COLOR": "1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, *("-m", "watcher.cli.main", "demo", *arguments), stdout=asyncio.subprocess.PIPE, env=environ, start_new_session=True
    )


def descendants(pid):
    return psutil.Process(pid).children(recursive=True)


def living(processes):
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


async def until(holds, seconds=10.0):
    """Wait for what other programs do, which rings no bell; returns whether it came."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return holds()


async def with_daemon(process):
    """The demo's children, once it has started the daemon."""
    assert await until(lambda: descendants(process.pid), 30)
    return descendants(process.pid)


async def test_the_demo_shows_everything_and_cleans_up(tmp_path):
    begun = time.monotonic()
    process = await start(tmp_path, "--json", "--seconds", "110")
    out, _ = await process.communicate()
    events = [json.loads(line) for line in out.decode().splitlines()]
    assert events[-1] == {"event": "summary", "ok": True, "failed": [], "seconds": events[-1]["seconds"]}, out.decode()
    assert process.returncode == 0
    alerts = [event for event in events if event["event"] == "alert"]
    assert sorted(alert["sink"] for alert in alerts) == ["mail"] * 3 + ["slack:defence"] * 3
    assert all(alert["sentences"] for alert in alerts)
    assert all("Why you get this" not in sentence for alert in alerts for sentence in alert["sentences"])
    assert list(tmp_path.iterdir()) == []
    assert time.monotonic() - begun < 110


async def test_a_demo_that_runs_out_of_time_says_what_did_not_happen(tmp_path):
    process = await start(tmp_path, "--json", "--seconds", "5")
    out, _ = await process.communicate()
    assert process.returncode == 1
    summary = json.loads(out.decode().splitlines()[-1])
    assert summary["failed"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_demo_leaves_no_process_and_no_file(tmp_path, how):
    process = await start(tmp_path)
    family = await with_daemon(process)
    process.send_signal(how)
    await process.communicate()
    assert process.returncode == 130
    assert await until(lambda: not living(family))
    assert list(tmp_path.iterdir()) == []


async def test_a_killed_demo_takes_its_daemon_with_it(tmp_path):
    process = await start(tmp_path)
    family = await with_daemon(process)
    process.kill()
    await process.communicate()
    assert await until(lambda: not living(family))
