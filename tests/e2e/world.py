"""A newsroom, a configuration and the real daemon, put together for a test."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from watcher.newsroom import Daemon, Newsroom
from watcher.newsroom.plan import WORDS, codes_in

LOOPBACK = '["127.0.0.0/8"]'
MAIL, SLACK, HOOK = "mail", "slack:chat", "hook:siem"
SINKS = (MAIL, SLACK, HOOK)
"""The three receivers of every configuration made here."""


class World:
    """``room`` and ``daemon`` on the configuration in ``directory``."""

    def __init__(self, directory: Path, room: Newsroom, *, database: str | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.directory, self.room = directory, room
        self.config = directory / "watcher.toml"
        self.database = database or f"sqlite:///{directory / 'watcher.db'}"
        self.environ = {"STATE_DIRECTORY": "", "WATCHER_CONFIG": "", **(environ or {})}
        self.daemon = Daemon(self.config, log=directory / "watcher.log", environ=self.environ)

    def write(self, *, rules: str | None = None, feeds: Sequence[str] | None = None, extra: str = "", **feed_keys: str) -> Path:
        """Write the configuration: every feed of the room, three channels, and ``rules`` (default: the planted words)."""
        slack = self.directory / "slack-url"
        slack.touch(mode=0o600)
        slack.write_text(self.room.slack("chat"))
        key = self.directory / "key"
        key.touch(mode=0o600)
        key.write_text(self.room.secret)
        tables = [
            "[watcher]",
            f'database = "{self.database}"',
            "[fetch]",
            'interval = "1s"\nmin_interval = "1s"\nmax_interval = "2s"\ntimeout = "30s"\nper_host = 4',
            f"allow_private = {LOOPBACK}",
            '[channels.desk]\ntype = "email"\nto = ["desk@newsroom.example"]\nfrom = "watcher@newsroom.example"',
            f'host = "127.0.0.1"\nport = {self.room.smtp_port}\nsecurity = "none"',
            f'[channels.chat]\ntype = "slack"\nurl = {{ file = "{slack}" }}\nallow_private = {LOOPBACK}',
            f'[channels.siem]\ntype = "webhook"\nurl = "{self.room.hook("siem")}"\nsecret = {{ file = "{key}" }}\nallow_private = {LOOPBACK}',
        ]
        more = "".join(f"{name} = {value}\n" for name, value in feed_keys.items())
        tables += [
            f'[[feeds]]\nurl = "{self.room.feed_url(outlet)}"\nname = "{outlet}"\ninterval = "1s"\n{more}'
            for outlet in (self.room.outlets if feeds is None else feeds)
        ]
        tables.append(planted_rule() if rules is None else rules)
        self.config.write_text("\n".join([*tables, extra, ""]), encoding="utf-8")
        return self.config

    async def begin(self) -> None:
        """Start the daemon and wait until it knows what every feed holds."""
        self.daemon.start()
        assert await self.room.until(lambda: self._known() or not self.daemon.alive, 40), self.daemon.said()
        assert self.daemon.alive, self.daemon.said()

    async def arrives(self, count: int = 1, seconds: float = 30.0, sinks: Sequence[str] = SINKS) -> bool:
        """Wait until each of ``sinks`` has taken ``count`` messages; returns whether it has."""
        return await self.room.until(lambda: all(len(self.room.taken(sink)) >= count for sink in sinks), seconds)

    async def arrives_all(self, codes: Collection[str], seconds: float) -> bool:
        """Wait until each sink has taken a message about each of the plan's ``codes``; returns whether it has."""
        seen: dict[str, set[str]] = {sink: set() for sink in SINKS}
        read = 0

        def complete() -> bool:
            nonlocal read
            for post in self.room.posts[read:]:
                seen[post.sink] |= codes_in(post.text)
            read = len(self.room.posts)
            return all(found >= set(codes) for found in seen.values())

        return await self.room.until(complete, seconds)

    async def settled(self, seconds: float) -> None:
        """Wait until nothing has arrived for ``seconds``."""
        before = -1
        while before != len(self.room.posts):
            before = len(self.room.posts)
            await self.room.until(lambda: len(self.room.posts) > before, seconds)  # noqa: B023  awaited within the turn

    async def quiet(self, *outlets: str, seconds: float = 1.0) -> None:
        """Let the daemon poll the outlets twice more, then look on for ``seconds`` for whatever still comes."""
        assert await self.room.polled(*outlets, times=2, seconds=20), self.daemon.said()
        before = len(self.room.posts)
        await self.room.until(lambda: len(self.room.posts) > before, seconds)

    async def command(self, *arguments: str, seconds: float = 60.0) -> tuple[int, str, str]:
        """Run one command on this configuration; its exit status, stdout and stderr."""
        environ = {name: value for name, value in {**os.environ, "NO_COLOR": "1", **self.environ}.items() if value}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "watcher.cli.main", "-c", str(self.config), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
            cwd=self.directory,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        return process.returncode or 0, out.decode(), err.decode()

    def _known(self) -> bool:
        return all(map(self.room.is_known, self.room.outlets))


def planted_rule(*, name: str = "planted", words: Sequence[str] = WORDS) -> str:
    """A rule that follows ``words``, each story once and in a message of its own (hence the limit: without one a storm is gathered)."""
    return f'[[rules]]\nname = "{name}"\nany = {json.dumps(words)}\nrepeat = "story"\nupdates = "none"\nlimit = "100000/h"\n'


@asynccontextmanager
async def world(directory: Path, outlets=None, **kw):
    """A :class:`World` whose room and daemon end with the block."""
    temporary = Path(tempfile.mkdtemp(prefix="w-"))  # for what a killed daemon leaves; short, since it holds sockets
    kw["environ"] = {"TMPDIR": str(temporary), **(kw.get("environ") or {})}
    async with Newsroom(**({} if outlets is None else {"outlets": outlets}), ledger=directory / "ledger.jsonl", newest=400) as room:
        made = World(directory, room, **kw)
        try:
            yield made
        finally:
            made.daemon.end()
            shutil.rmtree(temporary)
