"""The subscriber's duties (RELIABILITY 2.6, V16), against a hub on loopback, through the real pages and on both databases."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select, update

from tests.hub import hub, rss
from watcher import config, store
from watcher.daemon import page, websub, wire
from watcher.daemon.politeness import Hosts
from watcher.daemon.poller import Poller
from watcher.daemon.runtime import Runtime
from watcher.daemon.supervise import Supervisor
from watcher.daemon.systemd import Notifier
from watcher.daemon.workers import Workers
from watcher.feeds import parse
from watcher.store.schema import entries, feeds, subscriptions


class Desk:
    """A daemon's hubs, its callbacks' server, and one feed that has been polled once."""

    def __init__(self, runtime: Runtime, hubs: websub.Hubs, hub_: Any) -> None:
        self.runtime, self.hubs, self.hub = runtime, hubs, hub_

    async def found(self, *columns: Any) -> Any:
        return await self.runtime.store.read(lambda conn: conn.execute(select(*columns)).one_or_none())

    async def change(self, table: Any, **values: Any) -> None:
        await self.runtime.store.write(lambda conn: conn.execute(update(table).values(**values)))

    async def state(self) -> str | None:
        row = await self.found(subscriptions.c.state)
        return row.state if row else None

    async def row(self) -> Any:
        return await self.found(*subscriptions.c)

    async def subscribed(self) -> str:
        """Subscribe, and return the callback."""
        await self.hubs.tick()
        for task in list(self.hub._tasks):  # the hub verifies after it has answered
            await task
        assert await self.state() == "active"
        return next(iter(self.hub.subscribers[self.hub.topic]))

    async def adopt(self) -> None:
        """What a reload does."""
        runtime = self.runtime
        await runtime.store.write(lambda conn: websub.leave(conn, runtime.wiring, now=runtime.now()))

    async def settled(self) -> None:
        for task in list(self.hubs._reading):
            await task

    async def poll(self) -> None:
        """One poll by the real poller."""
        await self.change(feeds, due_at=self.runtime.now(), last_success_at=self.runtime.now() - timedelta(hours=1))
        self.runtime.once = True
        await Poller(self.runtime).run(Supervisor(Notifier({})).pulse("poller"))

    async def titles(self) -> list[str]:
        rows = await self.runtime.store.read(lambda conn: conn.execute(select(entries.c.title).where(entries.c.status == "new")).all())
        return sorted(row.title for row in rows)


@pytest.fixture
async def desk(store: Any, tmp_path: Path, unused_tcp_port: int):
    async with hub() as made:
        path = tmp_path / "watcher.toml"
        path.write_text(
            f'[fetch]\nallow_private = ["127.0.0.0/8"]\n[web]\nlisten = "127.0.0.1:{unused_tcp_port}"\n'
            f'public_url = "http://127.0.0.1:{unused_tcp_port}"\n[[feeds]]\nurl = "{made.topic}"\nname = "Pushed"\n'
        )
        loaded = config.load(path)
        runtime = Runtime(store=store, workers=Workers([]), hosts=Hosts(2), wiring=wire.wire(loaded))
        hubs = websub.Hubs(runtime)
        made.body = rss("Old")
        await polled(runtime, made)
        async with page.serve(runtime, Supervisor(Notifier({})), loaded.web, hubs):
            yield Desk(runtime, hubs, made)
        await runtime.wiring.close()
        runtime.workers.close()


async def polled(runtime: Runtime, made: Any) -> None:
    """The feed's first poll, as the poller records it."""
    now = runtime.now()
    seed = store_feeds.FeedSeed(url=made.topic, host="127.0.0.1", name="Pushed", interval=timedelta(minutes=10), due_at=now)
    document = parse.parse(
        made.body, url=made.topic, headers={"link": f'<{made.url}>; rel="hub", <{made.topic}>; rel="self"'}, baseline=True
    )

    def unit(conn: Any) -> None:
        store_feeds.sync(conn, [seed], now=now)
        conn.execute(update(feeds).values(baseline_at=now, last_success_at=now, last_polled_at=now, due_at=now + timedelta(hours=1)))
        (row,) = conn.execute(select(feeds.c.id)).all()
        websub.note(conn, runtime.wiring, store_feeds.state_of(conn, row.id), document, now=now)

    await runtime.store.write(unit)


store_feeds = store.feeds


async def test_a_hub_is_asked_verifies_and_its_deliveries_become_entries(desk):
    callback = await desk.subscribed()
    assert desk.hub.asked[0]["hub.topic"] == desk.hub.topic
    assert len(desk.hub.asked[0]["hub.secret"]) < 200
    assert len(callback.rpartition("/")[2]) >= 40, "nobody guesses it"
    assert await desk.hub.publish(desk.hub.topic, rss("New", "Old")) == [202]
    await desk.settled()
    assert "New" in await desk.titles()
    assert (await desk.found(feeds.c.push_until)).push_until is not None, "polls may be rarer now"
    before = await desk.titles()
    await desk.hub.publish(desk.hub.topic, rss("New", "Old"))
    await desk.settled()
    assert await desk.titles() == before, "the same again is nothing new"


async def test_only_a_pending_wish_is_confirmed_and_only_once(desk):
    desk.hub.verifies = False
    await desk.hubs.tick()
    callback, topic = desk.hub.asked[0]["hub.callback"], desk.hub.topic
    for mode, what in (("unsubscribe", topic), ("subscribe", topic + "?"), ("publish", topic), ("", topic)):
        assert (await desk.hub.get(callback, mode=mode, topic=what))[0] == 404
    assert (await desk.hub.get(callback, mode="subscribe", topic=topic, challenge=""))[0] == 404
    assert (await desk.hub.get(callback, mode="subscribe", topic=topic, challenge="x" * 5000))[0] == 404
    assert (await desk.hub.get(callback[:-1], mode="subscribe", topic=topic))[0] == 404
    assert await desk.state() == "wanted"
    assert await desk.hub.get(callback, mode="subscribe", topic=topic) == (200, "ch4llenge")
    assert (await desk.hub.get(callback, mode="subscribe", topic=topic))[0] == 404, "a replay"


async def test_a_challenge_is_plain_text_that_no_browser_runs(desk):
    desk.hub.verifies = False
    await desk.hubs.tick()
    query = {"hub.mode": "subscribe", "hub.topic": desk.hub.topic, "hub.challenge": "<script>alert(1)</script>"}
    async with aiohttp.ClientSession() as session, session.get(desk.hub.asked[0]["hub.callback"], params=query) as answer:
        assert await answer.text() == "<script>alert(1)</script>"
        assert answer.content_type == "text/plain"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("signature", [None, "sha256=00", "sha1=" + "0" * 40, "md5=00", "nonsense"])
async def test_what_is_not_signed_as_agreed_is_answered_202_and_ignored(desk, signature):
    callback = await desk.subscribed()
    headers = {"X-Hub-Signature": signature} if signature else {}
    async with aiohttp.ClientSession() as session, session.post(callback, data=rss("Forged"), headers=headers) as answer:
        assert answer.status == 202
    await desk.settled()
    assert "Forged" not in await desk.titles()


async def test_deliveries_that_nobody_waits_for_are_refused_and_long_ones_too(desk):
    callback = await desk.subscribed()
    async with aiohttp.ClientSession() as session:
        async with session.post(callback[:-3], data=b"x") as answer:
            assert answer.status == 404
        async with session.post(callback, data=io.BytesIO(b"x" * 5_000_000)) as answer:
            assert answer.status == 413
        await desk.change(subscriptions, state="leaving")
        async with session.post(callback, data=b"x") as answer:
            assert answer.status == 410


async def test_a_delivery_that_cannot_be_read_makes_the_feed_due(desk):
    await desk.subscribed()
    await desk.change(feeds, last_polled_at=desk.runtime.now() - timedelta(hours=1))
    await desk.hub.publish(desk.hub.topic, b"<html>no feed</html>")
    await desk.settled()
    assert (await desk.found(feeds.c.due_at)).due_at <= desk.runtime.now()


@pytest.mark.parametrize(("said", "seconds"), [("0", 300), ("10" + "0" * 11, 30 * 86_400), ("3600", 3600)])
async def test_leases_are_clamped_and_renewed_before_their_end(desk, said, seconds):
    desk.hub.lease = said
    await desk.subscribed()
    row, now = await desk.row(), desk.runtime.now()
    assert abs((row.lease_until - now).total_seconds() - seconds) < 60
    assert now < row.due_at < row.lease_until
    await desk.change(subscriptions, due_at=now)
    desk.hub._tasks.clear()
    await desk.subscribed()
    assert [form["hub.mode"] for form in desk.hub.asked] == ["subscribe", "subscribe"]
    assert len({form["hub.callback"] for form in desk.hub.asked}) == 1


async def test_a_denied_subscription_rests_for_a_day(desk):
    callback = await desk.subscribed()
    assert (await desk.hub.get(callback, mode="denied", topic=desk.hub.topic, **{"hub.reason": "no"}))[0] == 200
    row = await desk.row()
    assert (row.state, row.reason) == ("denied", "no")
    assert row.due_at > desk.runtime.now() + timedelta(hours=23)


async def test_a_hub_may_move_with_307(desk):
    desk.hub.redirect = desk.hub.url
    await desk.subscribed()
    assert len(desk.hub.asked) == 2


async def test_a_hub_that_leads_into_a_private_network_is_not_followed(desk):
    desk.hub.redirect = "http://10.0.0.1/hub"
    await desk.hubs.tick()
    row = await desk.row()
    assert row.state == "wanted"
    assert "private" in row.reason


async def test_a_hub_that_fails_is_asked_again_later_and_no_wish_is_lost(desk):
    desk.hub.status = 500
    await desk.hubs.tick()
    row = await desk.row()
    assert row.due_at > desk.runtime.now()
    assert row.reason.startswith("500")
    desk.hub.status = 202
    await desk.change(subscriptions, due_at=desk.runtime.now())
    await desk.subscribed()


async def test_a_feed_that_is_removed_says_goodbye(desk):
    callback = await desk.subscribed()
    await desk.change(feeds, removed_at=desk.runtime.now())
    await desk.adopt()
    desk.hub._tasks.clear()
    await desk.hubs.tick()
    for task in list(desk.hub._tasks):
        await task
    assert desk.hub.asked[-1]["hub.mode"] == "unsubscribe"
    assert desk.hub.challenges[-1] == (200, "ch4llenge")
    assert await desk.row() is None
    assert (await desk.hub.get(callback, mode="subscribe", topic=desk.hub.topic))[0] == 404


async def test_a_hub_that_never_answers_a_goodbye_is_forgotten(desk):
    await desk.subscribed()
    await desk.change(feeds, removed_at=desk.runtime.now())
    await desk.adopt()
    desk.hub.status = 500
    for _ in range(websub.MOST_GOODBYES + 1):
        await desk.hubs.tick()
        await desk.change(subscriptions, due_at=desk.runtime.now())
    assert await desk.row() is None


async def test_a_feed_that_names_another_hub_begins_anew_and_one_that_names_none_ends(desk):
    callback = await desk.subscribed()
    other = {"topic": desk.hub.topic, "callback": "http://me/websub/", "token": "t2", "secret": "s2", "now": desk.runtime.now()}
    (feed,) = await desk.found(feeds.c.id)
    assert await desk.runtime.store.write(lambda conn: store.subscriptions.note(conn, feed, hub=desk.hub.url + "2", **other))
    row = await desk.row()
    assert (row.state, row.callback) == ("wanted", "http://me/websub/t2")
    assert row.callback != callback
    assert not await desk.runtime.store.write(lambda conn: store.subscriptions.note(conn, feed, hub=desk.hub.url + "2", **other))
    await desk.runtime.store.write(lambda conn: store.subscriptions.note(conn, feed, hub=None, **other))
    assert await desk.state() == "leaving"


async def test_what_a_poll_finds_and_no_hub_had_delivered_restores_polling(desk):
    """One missed push; and a poll that finds only what was delivered leaves it slow."""
    await desk.subscribed()
    await desk.hub.publish(desk.hub.topic, rss("Pushed", "Old"))
    await desk.settled()
    desk.hub.body = rss("Pushed", "Old")
    await desk.poll()
    slow = await desk.found(feeds.c.push_until, feeds.c.due_at)
    assert slow.push_until is not None
    desk.hub.body = rss("Missed", "Pushed", "Old")
    await desk.poll()
    restored = await desk.found(feeds.c.push_until, feeds.c.due_at)
    assert restored.push_until is None
    assert "Missed" in await desk.titles()
    now = desk.runtime.now()
    assert restored.due_at - now < (slow.due_at - now) / 3


async def test_without_a_public_address_nothing_is_asked_and_what_was_ends(desk):
    await desk.subscribed()
    desk.runtime.wiring = wire.wire(desk.runtime.wiring.config.__class__(**{**vars_of(desk.runtime.wiring.config), "web": None}))
    await desk.adopt()
    await desk.hubs.tick()
    assert desk.hub.asked[-1]["hub.mode"] == "unsubscribe"


def vars_of(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}
