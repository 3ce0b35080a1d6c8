"""The real poller, reader, store and HTTP client on a clock of their own: a week passes in seconds.

The event loop's time stands still while a request or a transaction is under way and leaps to the next timer when nothing
is, so no result depends on how fast this machine is. Requests go over real sockets to :class:`Site`, which keeps the log
that tests judge by. What is replaced are seams: the loop's clock, ``Store.clock``, and the worker processes (parsing runs
in line).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import selectors
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from watcher import config
from watcher.daemon import app
from watcher.daemon.politeness import Hosts
from watcher.daemon.poller import Poller
from watcher.daemon.reader import Reader
from watcher.daemon.runtime import Runtime, user_agent
from watcher.daemon.supervise import Pulse
from watcher.daemon.wire import wire
from watcher.net import Client, Reply
from watcher.store import Connection, Store

T = TypeVar("T")
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time moves only when there is nothing to do. ``busy`` counts what is under way outside of it."""

    def __init__(self) -> None:
        self.virtual = 0.0
        self.busy = 0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.virtual

    @contextlib.contextmanager
    def work(self) -> Any:
        """Let time stand still for the block."""
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1


class _Leaping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if self._loop.busy or timeout is None:
            return super().select(5.0 if timeout is None or timeout > 0 else 0)
        events = super().select(0)
        if not events and timeout > 0:
            self._loop.virtual += timeout
        return events


def loop() -> VirtualLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualLoop)
    return running


def now() -> datetime:
    """The simulated time."""
    return START + timedelta(seconds=loop().time())


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function on a virtual clock."""

    async def wrapped() -> T:
        return await main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(wrapped())


class SimulatedStore(Store):
    """A store by whose clock it is the simulated time."""

    def clock(self) -> datetime:
        return now()

    async def write(self, fn: Callable[[Connection], T], *, patient: bool = False) -> T:
        with loop().work():  # nobody waits for company here: that would be time in earnest
            return await super().write(fn)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        with loop().work():
            return await super().read(fn)


class SimulatedClient(Client):
    """The real client; a request takes no simulated time."""

    async def get(self, *args: Any, **kwargs: Any) -> Reply:
        with loop().work():
            return await super().get(*args, **kwargs)


class InLine:
    """Stands in for the worker processes."""

    async def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it, and what it answered. ``at``: simulated seconds since the start."""

    at: float
    host: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    status: int
    sent: tuple[tuple[str, str], ...]

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


Handler = Callable[[str, str, web.BaseRequest], Answer]


class Site:
    """An HTTP server on several loopback addresses, each another host; ``answer(host, path, request)`` decides."""

    def __init__(self, answer: Handler) -> None:
        self.log: list[Asked] = []
        self.port = 0
        self._answer = answer

    def url(self, host: str, path: str) -> str:
        return f"http://{host}:{self.port}{path}"

    @contextlib.asynccontextmanager
    async def serve(self, hosts: Iterable[str]) -> AsyncIterator[None]:
        runner = web.ServerRunner(web.Server(self._serve, access_log=None))  # type: ignore[arg-type]
        await runner.setup()
        for host in sorted(set(hosts)):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, self.port))
            self.port = listener.getsockname()[1]
            await web.SockSite(runner, listener).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        host = request.host.rpartition(":")[0]
        answer = self._answer(host, request.path_qs, request)
        response = web.Response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            response.headers.add(name, value)
        response.headers["Date"] = format_datetime(now(), usegmt=True)
        self.log.append(Asked(loop().time(), host, request.path_qs, request.raw_headers, answer.status, tuple(answer.headers)))
        return response


class Simulation:
    """A daemon's loops over one database and one configuration, started and stopped as often as wanted."""

    client: type[SimulatedClient] = SimulatedClient

    def __init__(self, folder: Path, *, seed: int = 1) -> None:
        self.folder = folder
        self._seed = seed
        self.runtime: Runtime | None = None

    def configure(self, text: str, feeds: Sequence[str]) -> None:
        """Write the configuration: ``[fetch]`` keys and whole ``[[feeds]]`` tables."""
        head = f'[watcher]\ndatabase = "sqlite:///{self.folder}/simulated.db"\ncontact = "mailto:desk@example.org"\n[fetch]\nallow_private = ["127.0.0.0/8"]\n'
        (self.folder / "watcher.toml").write_text(head + text + "\n" + "\n".join(feeds), encoding="utf-8")

    async def run(self, seconds: float, *, reading: bool = False) -> None:
        """Let the daemon live for so many simulated seconds, from its start to its orderly end."""
        loaded = config.load(self.folder / "watcher.toml")
        wiring = wire(loaded)
        await wiring.close()
        client = self.client(user_agent=user_agent(loaded.contact), limits=wiring.limits, allow_private=loaded.fetch.allow_private)
        with loop().work():
            store = await asyncio.to_thread(SimulatedStore.open, loaded.database, exclusive=True)
        self._seed += 1
        runtime = self.runtime = Runtime(
            store=store,
            workers=InLine(),  # type: ignore[arg-type]
            hosts=Hosts(loaded.fetch.per_host),
            wiring=replace(wiring, client=client),
            random=random.Random(self._seed),
            look_seconds=600.0,
        )
        try:
            await app._take_back(runtime)
            await app._adopt(runtime)
            loops: list[Poller | Reader] = [Poller(runtime), *([Reader(runtime)] if reading else [])]
            running = [asyncio.create_task(each.run(Pulse("simulated"))) for each in loops]
            leases = [asyncio.create_task(each.leases.keep()) for each in loops]
            await asyncio.sleep(seconds)
            runtime.stop()
            await asyncio.gather(*running)
            for task in leases:
                task.cancel()
        finally:
            await client.close()
            with loop().work():
                await store.aclose()
