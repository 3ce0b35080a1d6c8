"""The control socket, with a real server and a real client."""

import asyncio
import contextlib
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from watcher.daemon import control
from watcher.errors import StoreError


async def ask(path, command, **arguments):
    return await asyncio.to_thread(control.ask, path, command, **arguments)


@pytest.fixture
def place():
    """A directory with a short name: a socket's path has 107 characters at most, and a test runner's own are long."""
    with tempfile.TemporaryDirectory(prefix="w-") as name:
        yield Path(name).resolve()


@pytest.fixture
def path(place):
    return place / "watcher.db.sock"


async def test_a_request_reaches_its_handler_and_the_answer_comes_back(path):
    async def poll(request):
        return {"polled": request["feed"]}

    async with control.serve(path, {"poll": poll}):
        assert await ask(path, "poll", feed="Кий|岸田") == {"polled": "Кий|岸田"}


async def test_the_socket_is_its_owners_alone_and_disappears_with_the_server(path):
    async with control.serve(path, {}):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert list(path.parent.iterdir()) == []
    with pytest.raises(control.NoDaemonError, match="no daemon answers"):
        await ask(path, "status")


async def test_the_socket_of_a_killed_daemon_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with pytest.raises(control.NoDaemonError):
        await ask(path, "status")
    async with control.serve(path, {}):
        assert "unknown command" in (await ask(path, "status"))["error"]


async def test_a_successor_keeps_its_socket_when_the_old_server_ends(path):
    async def name(request):
        return {"name": "second"}

    async with control.serve(path, {}):
        second = control.serve(path, {"name": name})
        await second.__aenter__()
    assert await ask(path, "name") == {"name": "second"}
    await second.__aexit__(None, None, None)


async def test_a_request_that_is_only_handed_over_is_carried_out(path):
    done = asyncio.Event()

    async def work(request):
        done.set()
        return {}

    async with control.serve(path, {"work": work}):
        await asyncio.to_thread(control.tell, path, "work")
        await asyncio.wait_for(done.wait(), 10)


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("the disk is full")])
async def test_a_handler_that_fails_gives_an_error_and_the_server_goes_on(path, error):
    async def fail(request):
        raise error

    async with control.serve(path, {"fail": fail}):
        assert "the disk is full" in (await ask(path, "fail"))["error"]
        assert "the disk is full" in (await ask(path, "fail"))["error"]


@pytest.mark.parametrize(
    "line", [b"{}\n", b"[]\n", b"nonsense\n", b"\xff\n", b'{"command": {}}\n', b'{"command": "x"\n', b"[" * 60_000 + b"\n"]
)
async def test_a_malformed_request_gets_an_error_line(path, line):
    async with control.serve(path, {}):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(line)
        assert b'"error"' in await reader.readline()
        writer.close()


async def test_a_line_without_end_ends_the_connection_and_nothing_else(path):
    async with control.serve(path, {}):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"x" * 1_000_000)
        with contextlib.suppress(ConnectionResetError):  # EOF or reset, as the kernel likes
            assert await reader.read() == b""
        writer.close()
        assert "error" in await ask(path, "status")


def test_every_name_of_a_sqlite_file_leads_to_one_socket(place, monkeypatch):
    (place / "real").mkdir()
    (place / "link").symlink_to(place / "real")
    monkeypatch.chdir(place / "real")
    expected = place / "real" / "w.db.sock"
    for url in ("sqlite:///w.db", f"sqlite:///{place}/link/w.db", f"sqlite+pysqlite:///{place}/real/../link/w.db?timeout=5"):
        assert control.socket_path(url) == expected


async def test_a_path_too_long_for_a_socket_gets_a_short_name_elsewhere(place):
    deep = place.joinpath(*["a-directory-with-a-long-name"] * 6)
    environ = {"RUNTIME_DIRECTORY": str(place / "run")}
    url = f"sqlite:///{deep}/watcher.db"
    path = control.socket_path(url, environ)
    assert path.parent == place / "run"
    async with control.serve(path, {}):
        assert control.find(url, environ) == [path]


async def test_daemons_that_share_a_postgresql_each_have_a_socket_and_all_are_found(place):
    environ = {"RUNTIME_DIRECTORY": str(place)}
    url = "postgresql://me:secret@host/db"
    paths = [control.socket_path(url, environ, pid=pid) for pid in (11, 12)]
    async with control.serve(paths[0], {}), control.serve(paths[1], {}):
        assert control.find(url, environ) == paths
        assert control.find(url + "2", environ) == []
    assert not any("secret" in str(path) for path in paths)


def test_a_directory_that_others_may_write_is_not_used(place):
    own = place / f"watcher-{os.getuid()}"
    own.mkdir(mode=0o777)
    own.chmod(0o777)
    with pytest.raises(control.NoDaemonError, match="somebody else"):
        control.socket_path("postgresql://host/db", {"TMPDIR": str(place)})


def test_a_temporary_directory_that_is_too_long_for_a_socket_is_left_aside(tmp_path):
    """With a long $TMPDIR and a long database path there is still a name that can be bound, and commands find it."""
    long = tmp_path / ("x" * 95)
    path = control.socket_path(f"sqlite:///{long}/watcher.db", {"TMPDIR": str(long)})
    assert len(str(path)) <= 95
    assert path.parent != long
