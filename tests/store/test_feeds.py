"""The poller's queue."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.store.factories import LEASE, NOW, a_feed, claim_feeds, document, feed_row, later, poll, seeds
from watcher.errors import StoreError
from watcher.model import Entry, FeedState
from watcher.store import feeds
from watcher.store import hosts as hosts_room
from watcher.store.schema import entries as entries_table


def entry_rows(conn):
    return {row.identity: row for row in conn.execute(select(entries_table))}


def test_what_polling_remembers_comes_back_as_it_was(store, do):
    """Every field of FeedState, validators byte for byte."""
    state = do(a_feed)
    after = replace(
        state, due_at=later(60), fetch_url="https://h0.example/moved", title="Ünï", etag='W/"a\tb"', last_modified="Sun, 01 Mar 2026 12:00:00 GMT ",
        body_hash=b"\x00\xff", known_spans=bytes(range(256)), span_count=32, full_parse_at=NOW, interval=timedelta(seconds=90, microseconds=1),
        failures=3, first_failed_at=NOW, last_error="it broke", last_polled_at=NOW, last_success_at=NOW, last_new_at=NOW, baseline_at=NOW,
        redirect_url="https://x.example/", redirect_count=2, gone_at=NOW, backlog=7, trouble_told_at=NOW,
    )  # fmt: skip
    assert do(feeds.finish, after, now=NOW) is not None
    (again,) = do(claim_feeds, now=later(61))
    untouched = {"epoch": after.epoch + 1, "due_at": later(61) + LEASE}
    assert again == replace(after, **untouched)
    assert {f.name for f in fields(FeedState)} <= set(feed_row_keys(store))


def feed_row_keys(store):
    return store.read_now(lambda conn: feed_row(conn)._mapping.keys())


def test_claim_takes_the_oldest_first_and_only_what_is_due(store, do):
    do(feeds.sync, seeds(5, due_at=later(2)), now=NOW)
    assert [state.url[-1] for state in do(claim_feeds)] == ["0", "1", "2"]
    assert do(claim_feeds) == []
    assert store.read_now(feeds.next_due_at) == later(1)


def test_one_host_cannot_fill_the_batch_nor_hide_the_others(store, do):
    """300 feeds of one host are due before the ten of ten others."""
    crowd = [replace_host(seed, "crowd.example") for seed in seeds(300, due_at=later(-1000))]
    do(feeds.sync, crowd + seeds(10), now=NOW)
    claimed = do(claim_feeds, limit=20, per_host=2)
    hosts = [state.host for state in claimed]
    assert hosts.count("crowd.example") == 2 * feeds.BATCH_PER_HOST
    assert len(hosts) == 10 + 2 * feeds.BATCH_PER_HOST


def replace_host(seed, host):
    return replace(seed, host=host, url=f"https://{host}/{seed.url.rpartition('/')[2]}")


def test_busy_and_blocked_hosts_are_left_alone(store, do):
    do(feeds.sync, seeds(4), now=NOW)
    do(hosts_room.block, "h1.example", until=later(60), reason="429")
    do(hosts_room.block, "h1.example", until=later(30), reason="a shorter one does not shorten it")
    assert [state.host for state in do(claim_feeds, busy=("h2.example",))] == ["h0.example", "h3.example"]
    assert "h1.example" not in [state.host for state in do(claim_feeds, now=later(59))]
    assert "h1.example" in [state.host for state in do(claim_feeds, now=later(61))]


def test_a_lease_runs_out_and_its_holder_can_no_longer_finish(store, do):
    old = do(a_feed)
    assert do(claim_feeds, now=later(29)) == []
    (new,) = do(claim_feeds, now=later(31))
    assert do(feeds.finish, replace(old, due_at=later(999), etag="old"), document=document("lost"), now=NOW) is None
    do(feeds.finish_unchanged, [feeds.Unchanged(old.id, old.epoch, later(999), old.interval, NOW)])
    row = store.read_now(feed_row)
    assert (row.epoch, row.due_at, row.etag) == (new.epoch, later(31) + LEASE, None)
    assert store.read_now(entry_rows) == {}, "a claim that was lost brings no entries"


def test_renew_says_what_was_lost(do):
    do(feeds.sync, seeds(3), now=NOW)
    held = [(state.id, state.epoch) for state in do(claim_feeds)]
    assert do(feeds.renew, held, later(60)) == frozenset()
    assert do(claim_feeds, now=later(59)) == []
    stolen = do(claim_feeds, now=later(61), limit=1)
    assert do(feeds.renew, held, later(100)) == {stolen[0].id}
    assert do(feeds.renew, [], NOW) == frozenset()


def test_give_back_and_take_all_back_make_due_at_once(do):
    do(feeds.sync, seeds(3), now=NOW)
    first = do(claim_feeds)
    do(feeds.give_back, [(first[0].id, first[0].epoch), (first[1].id, first[1].epoch - 1)], now=NOW)
    assert [state.id for state in do(claim_feeds)] == [first[0].id], "what is not mine I cannot give back"
    assert do(feeds.take_all_back, now=NOW) == 3
    assert do(feeds.renew, [(state.id, state.epoch) for state in first], NOW) == {state.id for state in first}
    assert len(do(claim_feeds)) == 3


def test_a_schedule_is_no_lease(do):
    """Taking leases back must not make every feed due."""
    state = do(a_feed)
    do(feeds.finish, replace(state, due_at=later(600)), now=NOW)
    assert do(feeds.take_all_back, now=NOW) == 0
    assert do(claim_feeds, now=later(599)) == []


def test_finish_brings_entries_and_validators_together(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    finished = do(poll, document("a", "b", "b"))
    assert (finished.readable, finished.known) == (2, 0)
    assert do(poll, document("b", "c")).readable == 1
    rows = store.read_now(entry_rows)
    assert set(rows) == {"a", "b", "c"}
    assert rows["a"].first_seen_at == NOW
    assert rows["b"].id < rows["a"].id, "read in the order of their age: documents begin with the newest"


def test_an_entry_that_cannot_be_stored_leaves_the_feed_unfinished(store, do):
    state = do(a_feed)
    bad = replace(document("a"), entries=(Entry(identity="a", title="NUL \0"),))
    with pytest.raises(StoreError):
        do(feeds.finish, replace(state, etag="new"), document=bad, now=NOW)
    assert store.read_now(feed_row).etag is None


def test_identities_longer_than_an_index_row_are_kept_apart(store, do):
    """PostgreSQL's index rows end at 2,704 bytes, and compression must not be what saves them."""
    import random

    noise = random.Random(1)
    long = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(20_000))
    do(feeds.sync, seeds(1), now=NOW)
    assert do(poll, document(long + "1", long + "2")).readable == 2
    assert do(poll, document(long + "1", long + "2")).readable == 0


def test_a_first_poll_knows_everything_and_reads_the_newest(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    dated = [Entry(identity=f"e{n}", published_at=NOW - timedelta(days=d), content="text") for n, d in enumerate((3, 1, 2))]
    found = replace(document(known=("old1", "old2")), entries=tuple(dated), total=5)
    finished = do(poll, found, baseline=True, backfill=2)
    assert (finished.readable, finished.known) == (2, 3)
    rows = store.read_now(entry_rows)
    assert {i for i, row in rows.items() if row.due_at is not None} == {"e1", "e2"}
    assert rows["e1"].backfill
    assert rows["e0"].content is None
    assert do(poll, found).readable == 0


def test_a_giant_first_poll_is_a_baseline_not_a_storm(do):
    do(feeds.sync, seeds(1), now=NOW)
    identities = tuple(f"guid-{n}" for n in range(10_000))
    assert do(poll, document(known=identities), baseline=True).known == 10_000
    assert do(poll, document(known=identities)).known == 0


def test_presence_is_noted_when_an_entry_leaves_and_when_it_returns(store, do):
    """Only a document that was read as a whole says who is missing."""
    do(feeds.sync, seeds(1), now=NOW)

    def left():
        return {i: row.left_at for i, row in store.read_now(entry_rows).items()}

    do(poll, document("a", "b"))
    do(poll, document("c", whole=False), now=later(10))
    assert left() == {"a": None, "b": None, "c": None}
    do(poll, document("c", "b"), now=later(20))
    do(poll, document("c", "b"), now=later(30))
    assert left() == {"a": later(20), "b": None, "c": None}
    do(poll, document("c", "a"), now=later(40))
    assert left() == {"a": None, "b": later(40), "c": None}


# --- configuration -----------------------------------------------------------------------------------------------------


def test_removed_feeds_pause_and_returning_ones_remember(store, do):
    do(feeds.sync, seeds(2), now=NOW)
    (first, second) = do(claim_feeds)
    do(feeds.finish, replace(second, due_at=NOW, etag="kept"), now=NOW)
    do(feeds.sync, seeds(1), now=NOW)
    assert do(feeds.finish, replace(second, epoch=second.epoch), now=NOW) is None
    assert [state.url for state in do(claim_feeds, now=later(9999))] == [first.url]
    do(feeds.sync, seeds(2), now=later(9999))
    returned = do(claim_feeds, now=later(9999))
    assert [(state.url, state.etag) for state in returned] == [(second.url, "kept")]


def test_a_feed_that_is_gone_stays_stopped_until_it_is_asked_for(do):
    state = do(a_feed)
    do(feeds.finish, replace(state, due_at=None, gone_at=NOW), now=NOW)
    do(feeds.sync, seeds(1), now=NOW)
    assert do(claim_feeds, now=later(10**7)) == []
    assert do(feeds.make_due, ["Feed 0"], now=NOW) == 1
    assert do(feeds.make_due, ["Feed none"], now=NOW) == 0
    assert len(do(claim_feeds)) == 1


def test_sync_renames_and_ignores_a_url_given_twice(store, do):
    twice = [*seeds(1), replace(seeds(1)[0], name="New name")]
    do(feeds.sync, twice, now=NOW)
    do(feeds.sync, twice, now=NOW)
    assert store.read_now(feed_row).name == "New name"
    assert store.read_now(feed_row).epoch == 0


def test_a_clock_that_jumped_back_neither_silences_nor_bunches(store, do):
    """Feeds that were spread over an hour lie within ten minutes afterwards, and still spread."""
    do(feeds.sync, seeds(3600, due_at=NOW + timedelta(days=1)), now=NOW)
    assert do(feeds.clamp, now=NOW, horizon=timedelta(minutes=10)) == 3600
    due = store.read_now(lambda conn: sorted(conn.scalars(select(feeds.feeds.c.due_at))))
    assert due[0] >= NOW
    assert due[-1] <= NOW + timedelta(minutes=10)
    assert len(set(due)) >= 600
    assert do(feeds.clamp, now=NOW, horizon=timedelta(minutes=10)) == 0
    own = {"https://h0.example/0": timedelta(seconds=1)}
    assert do(feeds.clamp, now=NOW, horizon=timedelta(minutes=10), longest=own) <= 1


def test_listing_counts_entries_and_puts_trouble_first(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, document("a", "b"))
    do(feeds.sync, seeds(2), now=NOW)
    (second,) = do(claim_feeds)
    do(feeds.finish, replace(second, failures=2, last_error="down"), now=NOW)
    rows = store.read_now(lambda conn: feeds.listing(conn, now=NOW))
    assert [(row["url"][-1], row["entries"], row["new_24h"], row["failures"]) for row in rows] == [("1", 0, 0, 2), ("0", 2, 2, 0)]
    assert store.read_now(lambda conn: feeds.listing(conn, now=NOW, limit=1, offset=1))[0]["url"][-1] == "0"


def test_ten_thousand_feeds_are_configured_in_bounded_statements(store, do):
    do(feeds.sync, seeds(10_000, hosts=1), now=NOW)
    assert len(do(claim_feeds, per_host=2)) == 2 * feeds.BATCH_PER_HOST, "one host, however many of its feeds are due"
    do(feeds.sync, [], now=NOW)
    assert store.read_now(lambda conn: conn.scalar(select(func.count()).where(feeds.feeds.c.due_at.is_not(None)))) == 0


def test_a_feed_that_is_just_being_polled_is_there_and_keeps_its_claim(do):
    """`feeds poll NAME` must not say that there is no such feed."""
    do(feeds.sync, seeds(1), now=NOW)
    (claimed,) = do(claim_feeds)
    assert do(feeds.make_due, ["Feed 0"], now=later(5)) == 1
    assert do(feeds.renew, [(claimed.id, claimed.epoch)], later(60)) == frozenset()
    assert do(feeds.next_due_at) == later(60)


def test_feeds_that_failed_are_left_out_where_only_well_ones_are_wanted(store, do):
    do(feeds.sync, seeds(3), now=NOW)
    ill, *_ = do(claim_feeds)
    assert do(feeds.finish, replace(ill, failures=1, due_at=NOW), now=NOW) is not None
    do(feeds.take_all_back, now=NOW)
    well = do(feeds.claim, now=NOW, lease=LEASE, limit=10, per_host=2, well_only=True)
    assert {state.id for state in well} == {1, 2, 3} - {ill.id}
    assert [state.id for state in do(claim_feeds)] == [ill.id]
