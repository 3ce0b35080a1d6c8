"""Hot statements go through their indexes, on tables that are large enough for a planner to care, in both dialects.

Every statement that a loop runs is recorded with its parameters as it goes by, and explained.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from tests.store.factories import LEASE, LONG, NOW, an_alert, document, later
from watcher.model import Delivery, Receipt
from watcher.store import (
    Store,
    alerts,
    archive,
    deliveries,
    entries,
    escalations,
    feeds,
    health,
    history,
    hosts,
    lookup,
    marks,
    rereads,
    retention,
    silences,
    status,
    stories,
    subscriptions,
)
from watcher.store.columns import EPOCH, MICROSECOND

ROWS = 6_000


def fill(conn):
    """Thousands of feeds, entries, articles and sent deliveries; a hundred of each are due."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
    blob = "CAST('k' || i AS BLOB)" if conn.dialect.name == "sqlite" else "CAST('k' || i AS BYTEA)"
    at = (NOW - EPOCH) // MICROSECOND
    due = f"CASE WHEN i <= 100 THEN {at} - i ELSE {at} + i * 1000000 END"
    rarely = f"CASE WHEN i <= 100 THEN {at} - i END"
    state = "CASE WHEN i <= 100 THEN 'due' ELSE 'sent' END"
    for into, values in {
        "feeds (id, url, url_key, host, fetch_url, due_at, known_spans, interval, added_at)": f"i, 'u' || i, {blob}, 'h' || (i % 100), '', {due}, {blob}, 1, {at}",
        "entries (id, feed_id, identity, identity_key, url_key, first_seen_at, due_at, status)": f"i, 1 + i % 1000, 'e' || i, {blob}, {blob}, {at} - i * 1000000, {rarely}, 'done'",
        "subscriptions (id, feed_id, hub, topic, callback, token, secret, state, due_at)": f"i, i, 'h', 'u' || i, 'c', 't' || i, 's', 'active', {due}",
        "stories (id, created_at, last_at)": f"i, {at}, {at}",
        "articles (entry_id, seq, story_id, canonical_key, source, quality, sketch, added_at)": f"i, i, 1 + i % 5000, {blob}, 'feed', 'ok', {blob}, {at} - ({ROWS} - i) * 60000000",
        "alerts (id, kind, rule, severity, reason, created_at, payload, entry_id, story_id, canonical_key)": f"'a' || i, 'alert', 'r' || (i % 50), 'high', 'first_seen', {at} - i * 60000000, {blob}, i, 1 + i % 5000, {blob}",
        "rereads (entry_id, due_at)": f"i, {due}",
        "deliveries (id, alert_id, channel, message_key, bundle, due_at, state, created_at, settled_at, rank)": f"i, 'a' || i, 'desk', 'm' || i, CASE WHEN i % 3 = 0 THEN 'group' ELSE '' END, {rarely}, {state}, {at}, CASE WHEN i > 100 THEN {at} - i END, i % 3",
    }.items():
        conn.execute(
            text(
                f"INSERT INTO {into} {numbers} SELECT {values} FROM n"
                if conn.dialect.name == "sqlite"
                else f"{numbers} INSERT INTO {into} SELECT {values} FROM n"
            )
        )


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def large(request, tmp_path_factory):
    """One for all tests: what they do is rolled back."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/watcher.db"
    else:
        url = request.getfixturevalue("postgres_server").create("plans")
    with Store.open(url) as store:
        store.write_now(fill)
        if store.dialect == "postgresql":
            server = request.getfixturevalue("postgres_server")
            server.execute(f"SELECT setval('entries_id_seq', {ROWS})", "plans")
            server.execute("VACUUM ANALYZE", "plans")
        yield store


def plans(store, work):
    """The plans of all statements that ``work`` runs."""
    found = []

    def run(conn):
        statements = []

        @event.listens_for(conn, "before_cursor_execute")
        def note(_conn, cursor, statement, parameters, context, many):
            if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                statements.append((statement, parameters[0] if many else parameters))

        try:
            work(conn)
        finally:
            event.remove(conn, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
        for statement, parameters in statements:
            rows = conn.exec_driver_sql(explain + statement, parameters).all()
            found.append((statement, "\n".join(str(row[-1]) for row in rows)))
        raise RollBack

    with pytest.raises(RollBack):
        store.write_now(run)
    assert found
    return found


class RollBack(Exception):
    pass


def delivery():
    return Delivery(id=1, channel="desk", alerts=(), message_key="m", epoch=0, attempts=0, due_at=NOW, created_at=NOW, bundle="group")


def finish_poll(conn):
    (state, *_) = feeds.claim(conn, now=NOW, lease=LEASE, limit=1, per_host=1)
    feeds.finish(conn, state, document=document("one", "two"), now=NOW)


HOT = {
    "archive.bounds": lambda conn: archive.bounds(conn, since=NOW - timedelta(hours=1)),
    "archive.onward": lambda conn: archive.onward(conn, low=ROWS - 500, high=ROWS, limit=100),
    "archive.back": lambda conn: archive.back(conn, low=1, high=ROWS - 500, limit=100),
    "archive.numbered": lambda conn: archive.numbered(conn, [5, 7, 4000]),
    "archive.of_story": lambda conn: archive.of_story(conn, 17, after=0, before=ROWS),
    "hosts.blocked": lambda conn: hosts.blocked(conn, now=NOW),
    "feeds.next_due_at": lambda conn: feeds.next_due_at(conn, without=["h1", "h2"]),
    "feeds.claim, well only": lambda conn: feeds.claim(conn, now=NOW, lease=LEASE, limit=64, per_host=2, well_only=True),
    "feeds.claim": lambda conn: feeds.claim(conn, now=NOW, lease=LEASE, limit=64, per_host=2, busy_hosts=["h1", "h2"]),
    "feeds.finish_unchanged": lambda conn: feeds.finish_unchanged(conn, [feeds.Unchanged(1, 0, NOW, LEASE, NOW)]),
    "feeds.finish": finish_poll,
    "feeds.renew": lambda conn: feeds.renew(conn, [(n, 0) for n in range(1, 65)], NOW),
    "subscriptions.due": lambda conn: subscriptions.due(conn, now=NOW, limit=20),
    "subscriptions.by_token": lambda conn: subscriptions.by_token(conn, "t7"),
    "subscriptions.note": lambda conn: subscriptions.note(conn, 7, hub="h", topic="u7", callback="c", token="t0", secret="s", now=NOW),
    "feeds.take_all_back": lambda conn: feeds.take_all_back(conn, now=NOW),
    "entries.claim": lambda conn: entries.claim(conn, now=NOW, lease=LEASE, limit=50),
    "entries.owned": lambda conn: entries.owned(conn, 1, 0),
    "entries.renew": lambda conn: entries.renew(conn, [(n, 0) for n in range(1, 65)], NOW),
    "entries.take_all_back": lambda conn: entries.take_all_back(conn, now=NOW),
    "stories.origins": lambda conn: stories.origins(conn, 17),
    "stories.view": lambda conn: stories.view(conn, 17),
    "alerts.payloads": lambda conn: alerts.payloads(conn, "r1", 17, limit=20),
    "stories.sketches_since": lambda conn: list(stories.sketches_since(conn, ROWS - 5, since=NOW - timedelta(days=14))),
    "stories.sketches_since, from the beginning": lambda conn: next(stories.sketches_since(conn, 0, since=NOW - timedelta(hours=1))),
    "alerts.history": lambda conn: alerts.history(conn, "r1", entry=5, story=7, canonical_url="u", window=timedelta(hours=1), now=NOW),
    "alerts.listing": alerts.listing,
    "alerts.deliveries_of": lambda conn: alerts.deliveries_of(conn, "a5"),
    "deliveries.claim": lambda conn: deliveries.claim(conn, now=NOW, lease=LEASE, limit=32, per_channel={"desk": 8}, known=["desk"]),
    "deliveries.claim, gathering": lambda conn: deliveries.claim(
        conn, now=NOW, lease=LEASE, limit=32, per_channel={"desk": 1}, gather={"desk": deliveries.Gathering(above=20, most=50)}
    ),
    "rereads.claim": lambda conn: (rereads.waits(conn, now=NOW), rereads.claim(conn, now=NOW, lease=LEASE, limit=20)),
    "rereads.told": lambda conn: rereads.told(conn, 17),
    "escalations.take_due": lambda conn: (escalations.waits(conn, now=NOW), escalations.take_due(conn, now=NOW)),
    "silences.muted": lambda conn: (silences.muted(conn, [1, 2]), silences.muted_matches(conn, 1), silences.has_ended(conn, now=NOW)),
    "alerts.listing of a bundle": lambda conn: alerts.listing(conn, bundle=5),
    "history.listing": lambda conn: (history.listing(conn, state="dead"), history.dead_letters(conn)),
    "history.message": lambda conn: history.message(conn, 5),
    "deliveries.settle": lambda conn: deliveries.settle(conn, delivery(), receipt=Receipt(), next_at=None, now=NOW),
    "deliveries.retry": lambda conn: deliveries.retry(conn, delivery(), next_at=later(60), reason="x", answer="", now=NOW),
    "deliveries.bundle_state": lambda conn: deliveries.bundle_state(conn, "desk", "group"),
    "deliveries.renew": lambda conn: deliveries.renew(conn, [(n, 0) for n in range(1, 33)], NOW),
    "deliveries.take_all_back": lambda conn: deliveries.take_all_back(conn, now=NOW),
    "deliveries.resend": lambda conn: deliveries.resend(conn, an_alert(1).id, now=NOW),
    "retention.prune": lambda conn: retention.prune(conn, now=NOW, retention=LONG),
}
SMALL = {
    "hosts",
    "channels",
    "silences",
    "notices",
    "recipients",
    "attempts",
    "firsts",
    "matches",
    "escalations",
    "threads",
}  # empty here, so their plans say nothing


def scanned(plan):
    """The tables that a plan reads from end to end."""
    names = set()
    for line in plan.splitlines():
        words = line.replace("->", " ").split()
        if words[:1] == ["SCAN"] and "INDEX" not in words and "CONSTANT" not in words:
            names.add(words[1])
        if "Seq Scan on" in line:
            names.add(words[words.index("on") + 1])
    return names - SMALL


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_read_no_table_from_end_to_end(large, name):
    allowed = {"feeds"} if name == "retention.prune" else set()  # once in six hours
    for statement, plan in plans(large, HOT[name]):
        assert scanned(plan) <= allowed, f"{statement}\n{plan}"


@pytest.mark.parametrize(
    ("name", "index"),
    {
        "feeds.claim": "ix_feeds_due",
        "feeds.next_due_at": "ix_feeds_due",
        "feeds.finish": "uq_entries_feed_id_identity_key",
        "feeds.take_all_back": "ix_feeds_leased",
        "entries.claim": "ix_entries_due",
        "entries.take_all_back": "ix_entries_leased",
        "alerts.history": "ix_alerts_",
        "deliveries.claim": "ix_deliveries_ahead",
        "deliveries.claim, gathering": "ix_deliveries_fresh",
        "deliveries.take_all_back": "ix_deliveries_leased",
    }.items(),
)
def test_queues_are_read_through_their_partial_indexes(large, name, index):
    everything = "\n".join(plan for _, plan in plans(large, HOT[name]))
    if large.dialect == "sqlite" and index.startswith("uq_"):
        index = "sqlite_autoindex_entries"
    assert index in everything


def test_the_status_counts_without_reading_entries_or_alerts(large):
    for statement, plan in plans(large, lambda conn: status.summary(conn, now=NOW)):
        assert scanned(plan) <= {"feeds"}, f"{statement}\n{plan}"


@pytest.mark.parametrize(
    "work",
    [
        lambda conn: entries.find(conn, "https://a.example/"),
        lambda conn: lookup.ids_of(conn, ["https://a.example/", "https://b.example/"]),
        lambda conn: lookup.appearances(conn, [5, 6]),
        lambda conn: lookup.story_of(conn, 17),
    ],
    ids=["find", "ids_of", "appearances", "story_of"],
)
def test_an_entry_is_found_by_its_link_through_an_index(large, work):
    for statement, plan in plans(large, work):
        assert not scanned(plan), f"{statement}\n{plan}"


@pytest.mark.parametrize(
    "work",
    [
        lambda conn: marks.of(conn, ["a5", "a6"]),
        lambda conn: marks.labelled(conn, "r1"),
        lambda conn: alerts.listing(conn, marked="noise"),
    ],
    ids=["of", "labelled", "listing"],
)
def test_marks_are_looked_up_without_reading_alerts_or_articles(large, work):
    for statement, plan in plans(large, work):
        assert scanned(plan) <= {"marks"}, f"{statement}\n{plan}"


def test_the_close_look_at_sources_reads_days_and_not_the_archive(large):
    """On PostgreSQL its planner decides by how much of the table the days are."""
    if large.dialect != "sqlite":
        pytest.skip("most of these rows are of the last days, where PostgreSQL rightly reads the table")
    found = plans(large, lambda conn: (health.repeats(conn, since=NOW - timedelta(days=1), least=6), health.pages(conn, now=NOW)))
    text_of = "\n".join(str(each) for each in found)
    assert "ix_entries_seen" in text_of
    assert "ix_articles_added" in text_of
