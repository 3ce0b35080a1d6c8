"""A story is a thread: the first message is remembered, later ones find it, its numbers are kept up to date."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.alerts.factories import NOW, alert, delivery, policy
from watcher import store
from watcher.alerts.render import Renderer
from watcher.daemon import threads
from watcher.model import Reason, Receipt, Secret, SlackSettings, StoryId, StoryView
from watcher.store import Store
from watcher.store.alerts import Outgoing

RENDERER = Renderer({"chat": policy("chat", "slack")}, {"chat": SlackSettings(token=Secret("t"), channel="C1")})
WEBHOOK = Renderer({"chat": policy("chat", "slack")}, {"chat": SlackSettings(url=Secret("https://hooks.example/x"))})
FIRST = alert(identity="1", story=StoryView(id=StoryId(1)))
UPDATE = alert(identity="2", reason=Reason.UPDATE, story=StoryView(id=StoryId(1), articles=7, sources=3))
RECEIPT = Receipt(answer="ok", reference=json.dumps({"channel": "C1", "ts": "1.5"}))


@pytest.fixture
async def database(tmp_path):
    opened = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    plain = replace(FIRST, story_id=None)
    outgoing = Outgoing(channel="chat", due_at=NOW, message_key="k")
    await opened.write(lambda conn: store.alerts.insert(conn, plain, [outgoing]))
    yield opened
    await opened.aclose()


async def placed(database, told, renderer=RENDERER):
    of = delivery(told, channel="chat")
    return of, await threads.place(database, renderer, of, renderer.render(of, "chat", NOW), NOW)


async def test_the_first_message_opens_the_thread_and_the_next_answers_in_it(database):
    of, message = await placed(database, FIRST)
    assert (message.thread, message.reference, message.broadcast) == ("story-1", None, True)
    await database.write(lambda conn: threads.remember(conn, of, message, RECEIPT, now=NOW))
    _, later = await placed(database, UPDATE)
    assert json.loads(later.reference) == {"channel": "C1", "ts": "1.5", "alert": FIRST.id}
    assert later.broadcast is False
    assert "7 articles from 3 independent sources" in later.root_body.decode()
    _, again = await placed(database, FIRST)
    assert (again.reference is not None, again.root_body) == (True, None)  # told first by another rule: shown to all, the root as it was


async def test_other_stories_and_bundles_and_webhooks_have_no_thread(database):
    of, message = await placed(database, FIRST)
    await database.write(lambda conn: threads.remember(conn, of, message, RECEIPT, now=NOW))
    _, other = await placed(database, alert(identity="3", story=StoryView(id=StoryId(2))))
    assert other.reference is None
    several = delivery(FIRST, UPDATE, channel="chat", bundle="group")
    assert RENDERER.render(several, "chat", NOW).thread is None
    _, hook = await placed(database, UPDATE, WEBHOOK)
    assert (hook.thread, hook.reference) == (None, None)


async def test_a_first_message_that_retention_took_still_has_its_thread(database):
    of, message = await placed(database, FIRST)
    await database.write(lambda conn: threads.remember(conn, of, message, RECEIPT, now=NOW))
    await database.write(lambda conn: store.deliveries.move_waiting(conn, "chat", answer="", now=NOW))
    await database.write(lambda conn: store.retention.prune(conn, now=NOW + timedelta(days=2), retention=timedelta(days=1)))
    _, later = await placed(database, UPDATE)
    assert (later.reference is not None, later.root_body) == (True, None)
    await database.write(lambda conn: store.retention.prune(conn, now=NOW + timedelta(days=61), retention=timedelta(days=1)))
    assert (await placed(database, UPDATE))[1].reference is None
