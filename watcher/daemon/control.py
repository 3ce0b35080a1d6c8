"""The control socket: how a command reaches the daemon that is running.

A unix stream socket, for its owner alone (0600), carries one JSON object a line: a request ``{"command": "reload", …}`` and
its answer. It belongs to the *database*: beside a SQLite file as ``FILE.sock``; for PostgreSQL, or where that name is too
long for a socket, in a private directory under a hash of the database, one for each daemon process of this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from watcher.errors import WatcherError

Answer = dict[str, Any]
Handlers = Mapping[str, Callable[[dict[str, Any]], Awaitable[Answer]]]

_LONGEST_PATH = 107 - 12  # sun_path holds 108 with its NUL; room for the suffix under which the socket is born
_LONGEST_NAME = len("/") + 20 + len(".4194304.sock")  # of a socket that is named for a hash and a process
_LONGEST_REQUEST = 64 * 1024
_REQUEST_SECONDS = 10.0
_SERVICE_DIRECTORY = Path("/run/watcher")  # RuntimeDirectory= of systemd/watcher.service


class NoDaemonError(WatcherError):
    """No daemon answers on the control socket."""


def socket_path(database: str, environ: Mapping[str, str] | None = None, *, pid: int | None = None) -> Path:
    """Where a daemon on ``database`` listens.

    :param database: the URL of the configuration.
    :param environ: ``RUNTIME_DIRECTORY`` and ``XDG_RUNTIME_DIR`` are looked up here.
    :param pid: the daemon's process id, ours by default.
    :raises NoDaemonError: the only directory that is left belongs to somebody else.
    """
    beside = _beside(database)
    if beside is not None:
        return beside
    name = f"{_key(database)}.{os.getpid() if pid is None else pid}.sock"
    given, last = _directories(os.environ if environ is None else environ)
    directory = next((d for d in given if len(os.fsencode(d / name)) <= _LONGEST_PATH), last)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory == last and not _ours(last):
        raise NoDaemonError(f"{directory} belongs to somebody else; set RUNTIME_DIRECTORY to a directory of your own")
    return directory / name


def find(database: str, environ: Mapping[str, str] | None = None) -> list[Path]:
    """The sockets of the daemons of this machine that work on ``database``; they may be left-overs of dead ones."""
    beside = _beside(database)
    if beside is not None:
        return [beside] if beside.is_socket() else []
    given, last = _directories(os.environ if environ is None else environ)
    directories = dict.fromkeys([*given, _SERVICE_DIRECTORY, *([last] if _ours(last) else [])])
    return sorted(path for d in directories for path in d.glob(f"{_key(database)}.*.sock") if path.is_socket())


@contextlib.asynccontextmanager
async def serve(path: Path, handlers: Handlers) -> AsyncIterator[None]:
    """Answer requests on ``path`` until the block ends; a socket that a killed daemon left there is replaced.

    What a handler returns is the answer; what it raises becomes ``{"error": …}``.
    """
    listener, inode = _listen(path)
    try:
        server = await asyncio.start_unix_server(lambda r, w: _converse(r, w, handlers), sock=listener, limit=_LONGEST_REQUEST)
        try:
            yield
        finally:
            server.close()
    finally:
        listener.close()
        _remove(path, inode)


def ask(path: Path, command: str, *, seconds: float = 60.0, **arguments: Any) -> Answer:
    """Send one request and wait for its answer, blocking.

    :param seconds: the longest wait for each step.
    :raises NoDaemonError: nobody listens, or the answer did not come.
    """
    with _connected(path, seconds) as link:
        link.sendall(_request(command, arguments))
        with link.makefile("rb") as answers:
            line = answers.readline()
    if not line.endswith(b"\n"):
        raise NoDaemonError(f"the daemon on {path} ended before it answered")
    answer: Answer = json.loads(line)
    return answer


def tell(path: Path, command: str, *, seconds: float = 10.0, **arguments: Any) -> None:
    """Hand a request over without waiting for what comes of it.

    :raises NoDaemonError: nobody listens.
    """
    with _connected(path, seconds) as link:
        link.sendall(_request(command, arguments))


def _request(command: str, arguments: Mapping[str, Any]) -> bytes:
    return json.dumps({"command": command, **arguments}).encode() + b"\n"


@contextlib.contextmanager
def _connected(path: Path, seconds: float) -> Iterator[socket.socket]:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as link:
            link.settimeout(seconds)
            link.connect(str(path))
            yield link
    except TimeoutError:
        raise NoDaemonError(f"the daemon did not answer on {path} within {seconds:g} s") from None
    except OSError as error:
        raise NoDaemonError(f"no daemon answers on {path}: {error.strerror or error}") from None


def _listen(path: Path) -> tuple[socket.socket, int]:
    """A listening socket at ``path`` and its inode. It is born under another name and moved there in one step, so there is never one
    that others may use, nor a moment without one."""
    born = path.with_name(f"{path.name}.{os.getpid() % 10**7}")
    born.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listener.bind(str(born))
        born.chmod(0o600)
        born.replace(path)
        return listener, path.stat().st_ino
    except BaseException:
        listener.close()
        born.unlink(missing_ok=True)
        raise


def _remove(path: Path, inode: int) -> None:
    """Remove our socket, unless a successor has taken its name."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Handlers) -> None:
    """Answer the requests of one connection, one after the other."""
    try:
        while True:
            async with asyncio.timeout(_REQUEST_SECONDS):
                line = await reader.readline()
            if not line.endswith(b"\n"):
                return
            writer.write(json.dumps(await _answer(line, handlers)).encode() + b"\n")
            await writer.drain()
    except (OSError, TimeoutError, ValueError):
        return  # the client went away, dawdled or sent a line without end: its own loss
    finally:
        writer.close()


async def _answer(line: bytes, handlers: Handlers) -> Answer:
    try:
        request = json.loads(line)
        command = request.pop("command")
        handler = handlers.get(command)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"error": 'a request is one line: {"command": NAME, …}'}
    if handler is None:
        return {"error": f"unknown command {command!r}; known: {', '.join(sorted(handlers))}"}
    try:
        return await handler(request)
    except WatcherError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001  the boundary: a request must not end the daemon
        structlog.get_logger().error("control.failed", command=command, error=f"{type(error).__name__}: {error}")
        return {"error": f"{type(error).__name__}: {error}"}


def _beside(database: str) -> Path | None:
    """``FILE.sock`` of a SQLite file; None for PostgreSQL and for a path that is too long for a socket."""
    file = _file(database)
    if file is None:
        return None
    path = file.with_name(file.name + ".sock")
    return path if len(os.fsencode(path)) <= _LONGEST_PATH else None


def _file(database: str) -> Path | None:
    """The SQLite file of a database URL, with links followed so that every name of the file leads to one socket."""
    scheme, _, rest = database.partition("://")
    return Path(rest.partition("?")[0].removeprefix("/")).resolve() if scheme.partition("+")[0] == "sqlite" else None


def _key(database: str) -> str:
    """What names the database in a directory of sockets: a hash, for a URL may hold a password."""
    return hashlib.sha256(str(_file(database) or database).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def _directories(environ: Mapping[str, str]) -> tuple[list[Path], Path]:
    """Directories for sockets: those that the system gives the service or the user, and one of our own in the temporary directory."""
    given = [Path(d) for d in environ.get("RUNTIME_DIRECTORY", "").split(":") if d]
    if environ.get("XDG_RUNTIME_DIR"):
        given.append(Path(environ["XDG_RUNTIME_DIR"], "watcher"))
    own = f"watcher-{os.getuid()}"
    last = Path(environ.get("TMPDIR") or "/tmp", own)  # noqa: S108  made 0700, and checked before use
    if len(os.fsencode(last)) + _LONGEST_NAME > _LONGEST_PATH:
        last = Path("/tmp", own)  # noqa: S108  the same
    return given, last


def _ours(directory: Path) -> bool:
    """Whether nobody but us can put a socket there: anyone may have made a directory of that name."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
