"""A configuration, its real store and the real reader, without a network: entries are put in as a poll would, and read."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from watcher import config, store
from watcher.daemon import systemd
from watcher.daemon.politeness import Hosts
from watcher.daemon.reader import Reader
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.wire import wire
from watcher.daemon.workers import Workers
from watcher.model import Document, Entry, FeedInfo
from watcher.store import Store
from watcher.store.feeds import FeedSeed

HOOK = '[channels.{}]\ntype = "webhook"\nurl = "https://example.org/{}"\n'


class Desk:
    """``directory`` gets a ``watcher.toml`` of ``text``: its feeds should say ``full_text = "never"``, for nothing is fetched."""

    def __init__(self, directory: Path, text: str, *, database: str = "sqlite:///watcher.db") -> None:
        self.path = directory / "watcher.toml"
        self.path.write_text(f'[watcher]\ndatabase = "{database}"\ninclude = []\n{text}', encoding="utf-8")
        self.config = config.load(self.path)
        Store.open(self.config.database).close()

    def poll(self, feed: str, *entries: Entry, baseline: bool = False, title: str = "") -> None:
        """Put in what a poll of the feed (by its URL) would have found."""
        with Store.open(self.config.database) as database:
            now = database.clock()
            seeds = [
                FeedSeed(url=each.url, host="example.org", name=each.name, interval=timedelta(minutes=10), due_at=now)
                for each in self.config.feeds
            ]

            def unit(conn: store.Connection) -> None:
                store.feeds.sync(conn, seeds, now=now)
                store.feeds.make_due(conn, None, now=now)
                claimed = store.feeds.claim(conn, now=now, lease=timedelta(seconds=30), limit=100, per_host=100)
                state = next(each for each in claimed if each.url == feed)
                found = Document(format="rss20", info=FeedInfo(title=title), entries=entries, total=len(entries))
                after = replace(state, baseline_at=now, last_polled_at=now, last_success_at=now, title=title or state.title)
                store.feeds.give_back(conn, [(each.id, each.epoch) for each in claimed if each is not state], now=now)
                assert store.feeds.finish(conn, after, document=found, baseline=baseline, now=now)

            database.write_now(unit)

    def read(self) -> None:
        """Read every entry that waits, as the daemon does."""
        with contextlib.redirect_stdout(io.StringIO()):  # the log, which nobody has configured here
            asyncio.run(self.reading())

    async def reading(self) -> None:
        with Store.open(self.config.database) as database:
            wiring = wire(self.config)
            runtime = Runtime(store=database, workers=Workers([]), hosts=Hosts(2), wiring=wiring, once=True)
            try:
                await Reader(runtime).run(Supervisor(systemd.Notifier({})).pulse("reader"))
            finally:
                runtime.workers.close()
                await wiring.close()

    def now(self) -> datetime:
        with Store.open(self.config.database) as database:
            return database.clock()

    def alerts(self) -> Sequence[str]:
        """The ids of all alerts, oldest first."""
        with Store.open(self.config.database) as database:
            return [alert.id for alert in database.read_now(lambda conn: store.alerts.listing(conn, limit=10_000))][::-1]


def feed(name: str, url: str, *, tags: Sequence[str] = (), **more: object) -> str:
    """A ``[[feeds]]`` table whose pages are not fetched."""
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    return f'[[feeds]]\nurl = "{url}"\nname = "{name}"\ntags = {list(tags)!r}\nfull_text = "never"\n{lines}'.replace("'", '"')


def entry(identity: str, title: str, text: str = "", **more: object) -> Entry:
    return Entry(identity=identity, title=title, summary=text, **{"url": f"https://example.org/{identity}", **more})  # type: ignore[arg-type]
