"""Looking back while the daemon runs, after it was killed, and without it."""

from __future__ import annotations

import json
import signal
from contextlib import closing

import pytest

from tests.e2e.world import planted_rule, world
from watcher.newsroom import load
from watcher.rules import clues
from watcher.store import Store, fulltext

pytestmark = pytest.mark.e2e
WORDS = ["ammunition", "パトリオット"]


def mark(database: str) -> int:
    """How far the index is; 0 where there is none yet."""
    with Store.open(database, migrate=False) as store:
        index = fulltext.open_index(store, version=clues.VERSION, create=False)
        if index is None:
            return 0
        with closing(index):
            return index.mark()


async def found(w, *query: str) -> list[dict]:
    status, out, err = await w.command("search", *query, "--json")
    assert status in (0, 1), err
    return [json.loads(line) for line in out.splitlines()]


async def test_search_and_backtest_beside_the_daemon_and_after_a_kill(tmp_path):
    """An article is found before it is indexed, through the index, and after kill -9; the index goes on where it was."""
    async with world(tmp_path) as w:
        w.write(rules=planted_rule(words=WORDS))
        await w.begin()
        w.room.publish(load("lead"))
        assert await w.arrives(1), w.daemon.said()
        first = await found(w, "ammunition")
        assert len(first) == 1
        assert await w.room.until(lambda: mark(w.database) == 1, 20), w.daemon.said()
        assert await found(w, "ammunition") == first
        w.daemon.signal(signal.SIGKILL)
        await w.daemon.wait(9)
        assert await found(w, "ammunition", "--since", "1h") == first
        w.daemon.start()
        w.room.publish(load("japanese"))
        assert await w.arrives(2), w.daemon.said()
        assert await w.room.until(lambda: mark(w.database) == 2, 20), w.daemon.said()
        assert [hit["language"] for hit in await found(w, "岸田")] == ["ja"]
        assert len(await found(w, "NOT zzyzx")) == 2
        rules = tmp_path / "tried.toml"
        rules.write_text(planted_rule(words=WORDS))
        status, out, err = await w.command("backtest", str(rules), "--json", "--fail-on-change")
        assert status == 0, err
        assert (json.loads(out)["kept"], json.loads(out)["articles"]) == (2, 2)
