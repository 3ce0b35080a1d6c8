"""The story that ``watcher demo`` plays: what is published, what must arrive, what must not.

:func:`play` yields what happens as events, so that it knows nothing of screens: :class:`Waiting` for what is awaited,
:class:`Told` for each alert as it arrives, :class:`Outcome` at the end of each step. Every wait is for something that
the newsroom observes, with the deadline of the whole play; that *nothing* comes is judged only once the daemon is known to
have fetched the page, polled the feed again and finished the entry.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path

from watcher.newsroom import desk, glimpse, pieces
from watcher.newsroom.child import Daemon
from watcher.newsroom.pieces import Piece
from watcher.newsroom.room import Newsroom
from watcher.newsroom.sinks import Post
from watcher.text import sentences

GRACE_SECONDS = 1.0
"""How long to look on after the daemon has done everything that could lead to an alert."""

EXPECTED = {
    "lead": ("Kishida", "ammunition", "Patriot"),
    "ukrainian": ("Петріотів",),
    "japanese": ("パトリオット", "岸田"),
}
"""For each piece that must alert: words whose sentences the message has to quote."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is awaited now."""

    what: str


@dataclass(frozen=True, slots=True)
class Told:
    """A message that arrived, and the piece that it is about (None: nothing of ours)."""

    post: Post
    piece: Piece | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a step. ``detail`` says what was seen, or what was missing."""

    step: str
    ok: bool
    detail: str
    seconds: float


Event = Waiting | Told | Outcome


async def play(directory: Path, *, seconds: float = 60.0) -> AsyncGenerator[Event, None]:
    """Play the whole story in ``directory``; the daemon and the room end with the generator.

    :param directory: an empty directory for the configuration, the database, the ledger and the daemon's log.
    :param seconds: the longest that the whole play may take.
    """
    async with Newsroom(ledger=directory / "ledger.jsonl") as room:
        config = directory / "config"
        config.mkdir()
        temporary = directory / "tmp"  # what the killed daemon could not tidy up goes with the rest
        temporary.mkdir()
        environ = {"STATE_DIRECTORY": "", "WATCHER_CONFIG": "", "TMPDIR": str(temporary)}
        daemon = Daemon(desk.write(config, room), log=directory / "watcher.log", environ=environ)
        play_ = _Play(room, daemon, config / "watcher.db", seconds)
        try:
            async with contextlib.aclosing(play_.steps()) as events:
                async for event in events:
                    yield event
        finally:
            daemon.end()


class _Play:
    """The steps, in order, and what they share: the room, the child, the deadline, the messages shown so far."""

    def __init__(self, room: Newsroom, daemon: Daemon, database: Path, seconds: float) -> None:
        self._room, self._daemon, self._database = room, daemon, database
        self._begun = self._step_begun = time.monotonic()
        self._seconds = seconds
        self._shown = 0

    async def steps(self) -> AsyncGenerator[Event, None]:
        lead, copy = pieces.load("lead"), pieces.load("copy")
        calm = pieces.quiet()
        async for event in self._baseline(calm[:1] + calm[2:]):
            yield event
        for name, title in (("lead", "the lead story"), ("ukrainian", "a Ukrainian story"), ("japanese", "a Japanese story")):
            async for event in self._alerts(f"{title} is told once, by mail and Slack", pieces.load(name), EXPECTED[name]):
                yield event
        async for event in self._silence("its syndicated copy is not told again", copy):
            yield event
        async for event in self._killed("kill -9 and a restart repeat nothing", calm[1]):
            yield event
        async for event in self._silence("the football team of that name is not told", pieces.load("sports")):
            yield event
        self._start_step()
        yield Waiting("the daemon's orderly end")
        status = await self._daemon.stop(min(10.0, self._left()))
        yield self._outcome("SIGTERM ends it in good order", status == 0, f"exit status {status}")
        told = len(self._room.posts)
        yield self._outcome(
            "nothing was told twice", told == 2 * len(EXPECTED), f"{told} messages for {len(EXPECTED)} stories: {lead.headline} …"
        )

    async def _baseline(self, old: tuple[Piece, ...]) -> AsyncGenerator[Event, None]:
        """The daemon starts and gets to know what the feeds already hold."""
        self._start_step()
        step = "the daemon starts and knows every feed"
        self._room.publish(*old)
        self._daemon.start()
        yield Waiting(f"the daemon to read {len(self._room.outlets)} feeds for the first time")
        ok = await self._room.until(self._or_dead(self._known), self._left()) and self._known()
        polled = sum(1 for request in self._room.requests if request.status in (200, 304))
        yield self._outcome(step, ok, f"{polled} polls" if ok else self._why_not("not every feed was polled"))

    async def _alerts(self, step: str, piece: Piece, words: tuple[str, ...]) -> AsyncGenerator[Event, None]:
        """A piece is published; a mail and a Slack message come, each quoting the sentences with ``words``."""
        self._start_step()
        before = len(self._room.posts)
        url = self._room.publish(piece)
        yield Waiting(f"alerts for “{piece.headline}”")
        while len(self._room.posts) < before + 2:
            if not await self._room.until(self._or_dead(lambda: len(self._room.posts) > self._shown), self._left()) or not self._news():
                break
            for event in self._arrived(piece):
                yield event
        for event in self._arrived(piece):
            yield event
        posts = self._room.posts[before:]
        kinds = sorted(post.sink.partition(":")[0] for post in posts)
        missing = [word for post in posts for word in words if not _quotes(post, piece, word)]
        ok = kinds == ["mail", "slack"] and not missing
        if ok:
            detail = f"{', '.join(words)}; from the page ({len(self._room.asked(url))} GET)"
        else:
            detail = self._why_not(f"got {kinds or 'nothing'}" + (f", without the sentence of {', '.join(missing)}" if missing else ""))
        yield self._outcome(step, ok, detail)

    async def _silence(self, step: str, piece: Piece) -> AsyncGenerator[Event, None]:
        """A piece is published, read to its end, and nothing comes."""
        self._start_step()
        url = self._room.publish(piece)
        yield Waiting(f"the daemon to read “{piece.headline}” and to stay silent")
        read = await self._read(piece, url)
        await self._room.until(self._news, min(GRACE_SECONDS, self._left()))
        ok = read and not self._news()
        detail = "read, and silent" if ok else self._why_not("a message came" if self._news() else "the daemon did not read it to its end")
        for event in self._arrived(None):
            yield event
        yield self._outcome(step, ok, detail)

    async def _killed(self, step: str, piece: Piece) -> AsyncGenerator[Event, None]:
        """SIGKILL, start again, everything is polled again and a harmless piece is read; nothing comes."""
        self._start_step()
        yield Waiting("the daemon to come back after kill -9")
        await self._daemon.kill()
        self._daemon.start()
        polled = await self._room.polled(times=2, seconds=self._left())
        url = self._room.publish(piece)
        read = polled and await self._read(piece, url)
        await self._room.until(self._news, min(GRACE_SECONDS, self._left()))
        ok = read and not self._news()
        detail = (
            "every feed polled again, and silent"
            if ok
            else self._why_not("a message came" if self._news() else "it did not take up its work")
        )
        for event in self._arrived(None):
            yield event
        yield self._outcome(step, ok, detail)

    async def _read(self, piece: Piece, url: str) -> bool:
        """Wait until the page was fetched, the entry is finished and the feed was polled twice since."""
        if not await self._room.until(self._or_dead(lambda: self._news() or self._room.asked(url)), self._left()):
            return False
        if not await self._room.until(self._or_dead(lambda: self._news() or glimpse.finished(self._database, url)), self._left()):
            return False
        if not self._news():
            await self._room.polled(piece.outlet, times=2, seconds=self._left())
        return self._daemon.alive and glimpse.finished(self._database, url)

    def _known(self) -> bool:
        return all(self._room.is_known(outlet) for outlet in self._room.outlets)

    def _news(self) -> bool:
        return len(self._room.posts) > self._shown

    def _arrived(self, piece: Piece | None) -> list[Told]:
        """Messages that were not shown yet."""
        posts, self._shown = self._room.posts[self._shown :], len(self._room.posts)
        return [Told(post, piece, time.monotonic() - self._step_begun) for post in posts]

    def _or_dead(self, holds: Callable[[], object]) -> Callable[[], object]:
        return lambda: holds() or not self._daemon.alive

    def _left(self) -> float:
        return max(0.0, self._seconds - (time.monotonic() - self._begun))

    def _start_step(self) -> None:
        self._step_begun = time.monotonic()

    def _outcome(self, step: str, ok: bool, detail: str) -> Outcome:
        return Outcome(step, ok, detail, time.monotonic() - self._step_begun)

    def _why_not(self, what: str) -> str:
        if not self._daemon.alive:
            last = self._daemon.said().strip().splitlines()[-1:]
            return f"the daemon ended with status {self._daemon.returncode}: {''.join(last)[:400]}"
        return what if self._left() > 0 else f"{what} within {self._seconds:g} s"


def _quotes(post: Post, piece: Piece, word: str) -> bool:
    """Whether ``post`` quotes some twelve characters of a sentence of ``piece`` on either side of ``word``, marks aside."""
    said, wanted = _plain(post.text), _plain(word)
    for paragraph in piece.paragraphs:
        found = paragraph.find(word)
        if found < 0:
            continue
        first, last = sentences.around(paragraph, found, found + len(word))
        text = _plain(paragraph[first:last])
        at = text.find(wanted)
        if text[max(0, at - 12) : at + len(wanted) + 12] in said:
            return True
    return False


def _plain(text: str) -> str:
    """Letters and digits only: neither marks of emphasis nor line breaks or entities count."""
    return "".join(filter(str.isalnum, text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")))
