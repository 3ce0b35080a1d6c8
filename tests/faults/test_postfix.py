"""A real Postfix: each recipient's own fate, a server that is away, and a daemon killed between the server's 250 and its mark."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import postfix
from tests.faults.postfix import DOMAIN
from watcher.newsroom import Daemon, Newsroom, load

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

BOXES = ["one", "two", "late", "never", "busy"]


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory(prefix="px-", dir="/tmp") as folder:  # its owner's parent folders must be open to it
        try:
            context = postfix.postfix(Path(folder), BOXES)
            running = context.__enter__()
        except FileNotFoundError as missing:
            pytest.skip(str(missing))
        yield running
        context.__exit__(None, None, None)


def configuration(folder: Path, room: Newsroom, port: int, to: list[str]) -> Path:
    config = folder / "watcher.toml"
    addresses = [f"{box}@{DOMAIN}" for box in to]
    feeds = "".join(f'[[feeds]]\nurl = "{room.feed_url(o)}"\nname = "{o}"\ninterval = "1s"\n' for o in room.outlets)
    config.write_text(
        f'[watcher]\ndatabase = "sqlite:///{folder}/watcher.db"\ninclude = []\n[fetch]\nallow_private = ["127.0.0.0/8"]\n{feeds}'
        '[[rules]]\nname = "r"\nany = ["Patriot", "Kishida", "岸田", "Петріот*"]\nnone = ["NFL"]\nupdates = "none"\n'
        f'[channels.desk]\ntype = "email"\nto = {addresses!r}\nfrom = "watcher@{DOMAIN}"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'.replace(
            "'", '"'
        )
    )
    return config


async def test_each_mailbox_holds_exactly_what_it_should(tmp_path, server):
    """250, 451, 550 and 421 in one transaction; then the server stops, and starts again."""
    server.answer({"late": "451 4.7.1 greylisted, try again", "never": "550 5.7.1 nobody of that name", "busy": "421 4.3.2 too busy"})
    async with Newsroom() as room:
        daemon = Daemon(configuration(tmp_path, room, server.port, ["one", "two", "late", "never"]), log=tmp_path / "log")
        daemon.start()
        try:
            assert await room.known(seconds=40), daemon.said()
            room.publish(load("lead"))
            assert await room.until(lambda: server.box("one") and server.box("two"), 30), daemon.said()
            assert (len(server.box("late")), len(server.box("never"))) == (0, 0)
            server.answer({"never": "550 5.7.1 nobody of that name"})
            assert await room.until(lambda: server.box("late"), 60), "the recipient that was put off gets it when it is taken"
            server.stop()
            room.publish(load("japanese"))
            assert await room.until(lambda: "delivery.failed" in daemon.said() or "delivery.retry" in daemon.said(), 60), daemon.said()
            server.start()
            assert await room.until(lambda: all(len(server.box(box)) == 2 for box in ("one", "two", "late")), 90), daemon.said()
            await room.until(lambda: False, 6)  # whatever else would still come
            assert await daemon.stop() == 0
        finally:
            daemon.end()
    assert {box: len(server.box(box)) for box in BOXES} == {"one": 2, "two": 2, "late": 2, "never": 0, "busy": 0}
    assert [mail["Message-ID"] for mail in server.box("one")] == [mail["Message-ID"] for mail in server.box("late")]
    assert "Patriot" in server.box("late")[0].get_body(("plain",)).get_content()


async def test_421_ends_the_connection_and_the_mail_comes_later(tmp_path, server):
    server.answer({"busy": "421 4.3.2 too busy"})
    async with Newsroom() as room:
        daemon = Daemon(configuration(tmp_path, room, server.port, ["one", "busy"]), log=tmp_path / "log")
        daemon.start()
        try:
            assert await room.known(seconds=40), daemon.said()
            room.publish(load("lead"))
            assert await room.until(lambda: "421" in daemon.said(), 30), daemon.said()
            server.answer({})
            assert await room.until(lambda: server.box("busy") and server.box("one"), 60), daemon.said()
            await room.until(lambda: False, 6)
        finally:
            daemon.end()
    assert (len(server.box("one")), len(server.box("busy"))) == (1, 1)


async def test_killed_between_the_servers_250_and_its_mark_it_repeats_under_the_same_id(tmp_path, server):
    async with Newsroom() as room:
        daemon = Daemon(configuration(tmp_path, room, server.port, ["one"]), log=tmp_path / "log")
        daemon.start(WATCHER_FAULT="deliveries.commit")
        try:
            assert await room.known(seconds=40), daemon.said()
            room.publish(load("lead"))
            assert await room.until(lambda: not daemon.alive, 40), daemon.said()
            daemon.start()
            assert await room.until(lambda: len(server.box("one")) == 2, 40), daemon.said()
            await room.until(lambda: False, 6)
        finally:
            daemon.end()
    assert list(Counter(mail["Message-ID"] for mail in server.box("one")).values()) == [2]
