"""`watcher reload` against a real control socket, with a daemon's answers."""

import asyncio
import json
import tempfile
from pathlib import Path

import pytest

from watcher.daemon import control


@pytest.fixture
def place(monkeypatch):
    """A directory with a short name: a socket's path has 107 characters at most, and a test runner's own are long."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    with tempfile.TemporaryDirectory(prefix="w-") as name:
        folder = Path(name).resolve()
        (folder / "watcher.toml").write_text('[watcher]\ndatabase = "sqlite:///mine.db"\n')
        yield folder


@pytest.fixture
def reload(cli, place):
    return lambda *arguments: asyncio.to_thread(cli, "-c", place / "watcher.toml", "reload", *arguments)


def answering(place, problems, asked=None):
    async def answer(request):
        if asked is not None:
            asked.set()
        return {"ok": not problems, "problems": problems}

    return control.serve(place / "mine.db.sock", {"reload": answer})


async def test_without_a_daemon_the_answer_is_no(reload):
    done = await reload()
    assert (done.code, done.out) == (1, "")
    assert "no daemon runs" in done.err


async def test_the_socket_of_a_killed_daemon_is_no_daemon(reload, place):
    import socket

    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(place / "mine.db.sock"))
    assert (await reload("--wait")).code == 1


async def test_waiting_shows_why_a_configuration_was_refused(reload, place):
    async with answering(place, ["watcher.toml:3: rules[a].query: no", "watcher.toml:9: channels.b: nor this"]):
        done = await reload("--wait")
        assert (done.code, done.err) == (1, "watcher.toml:3: rules[a].query: no\nwatcher.toml:9: channels.b: nor this\n")
        done = await reload("--wait", "--json")
        assert json.loads(done.out)["problems"] == ["watcher.toml:3: rules[a].query: no", "watcher.toml:9: channels.b: nor this"]


async def test_waiting_says_that_it_was_taken_over(reload, place):
    async with answering(place, []):
        done = await reload("--wait")
    assert (done.code, done.out) == (0, "reloaded\n")


async def test_without_waiting_the_daemon_is_told_and_the_outcome_is_its_own(reload, place):
    asked = asyncio.Event()
    async with answering(place, ["bad"], asked):
        assert (await reload()).code == 0
        await asyncio.wait_for(asked.wait(), 10)


@pytest.mark.parametrize(
    "text",
    [
        '[watcher]\ndatabase = "sqlite:///mine.db"\n[[rules\n',
        '[watcher]\n  database =   "sqlite:///mine.db"  # here\nx = ' + "[" * 100_000,
        "[watcher]\ndatabase = 'sqlite:///mine.db'\n# \udcff\n[chanels.x]\n",
    ],
    ids=["no TOML", "deep", "no UTF-8"],
)
async def test_a_broken_file_still_leads_to_its_daemon(reload, place, text):
    """The daemon is to say what is wrong with it."""
    (place / "watcher.toml").write_text(text, "utf-8", "surrogateescape")
    async with answering(place, ["broken"]):
        assert (await reload("--wait")).err == "broken\n"
