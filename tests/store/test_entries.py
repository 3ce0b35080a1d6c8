"""The reader's queue, and what is known of articles and stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.store.factories import LONG, NOW, claim_entries, document, later, poll, read, seeds, some_entries
from watcher.errors import StoreError
from watcher.model import Decision, Entry, Evidence, Match, Reason, Story
from watcher.store import entries, feeds, retention, stories
from watcher.store.schema import articles as articles_table
from watcher.store.schema import entries as entries_table
from watcher.store.schema import stories as stories_table


def test_an_entry_comes_back_as_the_feed_gave_it(do):
    entry = Entry(
        identity="id", title="Ünï 日本", url="https://a.example/1", summary="s" * 500, content="", author="A", tags=("x", "y"), language="uk",
        published_at=NOW - timedelta(days=1), updated_at=None,
    )  # fmt: skip
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, replace(document(), entries=(entry,), total=1))
    (claimed,) = do(claim_entries)
    assert claimed.entry == entry
    assert (claimed.feed_url, claimed.first_seen_at, claimed.attempts, claimed.looks, claimed.backfill) == (
        "https://h0.example/0",
        NOW,
        0,
        0,
        False,
    )


def test_claims_run_out_and_fence(store, do):
    (old,) = do(some_entries, 1)
    assert do(claim_entries, now=later(29)) == []
    (new,) = do(claim_entries, now=later(31))
    assert not store.write_now(lambda conn: entries.owned(conn, old.id, old.epoch))
    assert store.write_now(lambda conn: entries.owned(conn, new.id, new.epoch))
    do(entries.retry, old, due_at=NOW, reason="late")
    do(entries.dead, old, reason="late", now=NOW)
    assert do(claim_entries, now=later(40)) == []
    assert do(entries.renew, [(old.id, old.epoch), (new.id, new.epoch)], later(60)) == {old.id} - {new.id} or old.id == new.id


def test_an_entry_without_its_page_keeps_its_texts_and_comes_back(store, do):
    (claimed,) = do(some_entries, 1)
    do(read, claimed, again_at=later(60))
    assert do(claim_entries, now=later(59)) == []
    (again,) = do(claim_entries, now=later(60))
    assert (again.looks, again.entry) == (1, claimed.entry)
    do(entries.look_no_more, again, again_at=later(600))
    (last,) = do(claim_entries, now=later(600))
    assert (last.looks, last.entry) == (2, claimed.entry)
    do(read, last, found=((Match(rule="r", evidence=()), Decision(rule="r", reason=Reason.FIRST_SEEN)),))
    assert do(claim_entries, now=later(10**6)) == []
    assert store.read_now(lambda conn: entries.matched_rules(conn, claimed.id)) == {"r"}


def test_a_story_is_free_to_be_left_while_nothing_else_is_in_it(store, do):
    one, two = do(some_entries, 2)
    story = do(read, one)
    assert store.read_now(lambda conn: entries.story_of(conn, one.id)) == (story.id, True)
    do(read, two, story=story)
    assert store.read_now(lambda conn: entries.story_of(conn, one.id)) == (story.id, False)


def test_retry_counts_and_dead_ends(store, do):
    (claimed,) = do(some_entries, 1)
    do(entries.retry, claimed, due_at=later(5), reason="it broke" * 1000)
    assert do(claim_entries, now=later(4)) == []
    (again,) = do(claim_entries, now=later(5))
    assert (again.attempts, again.looks) == (1, 0)
    do(entries.dead, again, reason="it broke", now=NOW)
    assert do(claim_entries, now=later(10**6)) == []
    assert store.read_now(lambda conn: entries.find(conn, str(claimed.id)))["status"] == "dead"


def test_what_was_read_is_found_by_id_by_link_and_by_canonical_url(store, do):
    (claimed,) = do(some_entries, 1)
    found = Match(rule="r", evidence=(Evidence(field="body", start=1, end=3, text="ab", term="ab"),), score=2.5)
    decision = Decision(rule="r", reason=Reason.SILENCED, detail="silence 1")
    story = do(read, claimed, found=((found, decision),), canonical_url="https://canonical.example/1")
    for wanted in (str(claimed.id), "https://a.example/e0", "https://canonical.example/1"):
        row = store.read_now(lambda conn, wanted=wanted: entries.find(conn, wanted))
        assert (row["id"], row["text"], row["story_id"], row["status"], row["content"]) == (claimed.id, "A text.", story.id, "done", None)
    assert store.read_now(lambda conn: entries.find(conn, "https://nobody.example/")) is None
    (told,) = store.read_now(lambda conn: entries.matches_of(conn, claimed.id))
    assert (told["reason"], told["detail"], told["score"], told["evidence"][0]["text"]) == ("silenced", "silence 1", 2.5, "ab")
    assert do(claim_entries, now=later(10**6)) == []


def test_sequence_numbers_grow_without_gaps_within_a_group_and_after_a_failed_unit(store, do):
    claimed = do(some_entries, 4)
    do(read, claimed[0])

    def broken(conn):
        read(conn, claimed[1])
        raise ValueError("after the article was written")

    with pytest.raises(ValueError, match="after"):
        store.write_now(broken)
    do(read, claimed[2])
    rows = do(stories.sketches_since, 0, since=NOW)
    assert [(row.seq, row.entry_id) for row in rows] == [(1, claimed[0].id), (2, claimed[2].id)]
    assert [row.seq for row in do(stories.sketches_since, 1, since=NOW)] == [2]
    assert rows[0].entities == ("patriot",)
    assert rows[0].sketch == b"12345678"


def test_a_mirror_begins_where_its_window_begins(do):
    claimed = do(some_entries, 3)
    for n, each in enumerate(claimed):
        do(read, each, now=NOW + timedelta(days=n))
    assert [row.seq for row in do(stories.sketches_since, 0, since=NOW + timedelta(days=1))] == [2, 3]


def test_a_story_counts_articles_and_independent_sources(store, do):
    claimed = do(some_entries, 4)
    story = do(read, claimed[0], host="a.example")
    old = replace(story, new=False)
    do(read, claimed[1], story=old, host="b.example", copy_of=claimed[0].id)
    do(read, claimed[2], story=old, host="c.example")
    do(read, claimed[3], story=old, host="a.example")
    view = store.read_now(lambda conn: stories.view(conn, story.id))
    assert (view.articles, view.sources, view.first_seen_at) == (4, 2, NOW)
    assert [host for _, _, host in view.others] == ["a.example", "b.example", "c.example", "a.example"]


def test_an_article_needs_its_story(store, do):
    (claimed,) = do(some_entries, 1)
    with pytest.raises(StoreError):
        do(read, claimed, story=Story(id=999, new=False))
    assert store.read_now(lambda conn: conn.execute(select(articles_table)).all()) == []


def test_a_clock_that_jumped_back_does_not_hold_entries_up(do):
    do(some_entries, 2)
    assert do(claim_entries, now=later(-86_400)) == []
    assert do(entries.clamp, now=later(-86_400), horizon=timedelta(minutes=10)) == 2
    assert len(do(claim_entries, now=later(-86_400))) == 2


# --- retention ---------------------------------------------------------------------------------------------------------


def prune_all(do, now, keep=LONG):
    total = 0
    while step := do(retention.prune, now=now, retention=keep):
        total += step
    return total


def identities(conn):
    return set(conn.scalars(select(entries_table.c.identity)))


def test_an_entry_that_is_still_in_its_feed_is_never_forgotten(store, do):
    """P23: a feed of old entries, polled daily for a year; none of them may look new again."""
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, document("old1", "old2"))
    year = NOW + timedelta(days=365)
    prune_all(do, year)
    assert do(poll, document("old1", "old2"), now=year).readable == 0


def test_what_left_its_feed_is_forgotten_after_ninety_days_but_twice_the_window_is_kept(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, document(*(f"old{n}" for n in range(10))))
    do(poll, document("new1", "new2"), now=NOW + timedelta(days=1))
    for each in do(claim_entries, now=NOW + timedelta(days=1)):
        do(read, each, now=NOW + timedelta(days=1))
    prune_all(do, NOW + timedelta(days=90), keep=timedelta(days=1))
    assert len(store.read_now(identities)) == 12, "89 days after they left"
    prune_all(do, NOW + timedelta(days=92), keep=timedelta(days=1))
    left = store.read_now(identities)
    assert {"new1", "new2"} <= left
    assert len(left) == 4


def test_articles_go_after_retention_and_numbers_are_never_given_twice(store, do):
    """The newest article stays: the mirrors of running daemons read on from its number."""
    claimed = do(some_entries, 3)
    for each in claimed[:2]:
        do(read, each)
    assert prune_all(do, NOW + timedelta(days=91)) >= 1
    assert [row.seq for row in do(stories.sketches_since, 0, since=NOW)] == [2]
    do(read, do(claim_entries, now=NOW + timedelta(days=91))[0], now=NOW + timedelta(days=91))
    assert [row.seq for row in do(stories.sketches_since, 2, since=NOW)] == [3]


def test_short_retention_keeps_what_stories_may_still_refer_to(store, do):
    claimed = do(some_entries, 2)
    story = do(read, claimed[0])
    do(read, claimed[1])
    prune_all(do, NOW + timedelta(days=14), keep=timedelta(days=1))
    assert store.read_now(lambda conn: stories.view(conn, story.id)).articles == 1
    prune_all(do, NOW + timedelta(days=16), keep=timedelta(days=1))
    assert store.read_now(lambda conn: len(conn.execute(select(stories_table)).all())) == 1


def test_removed_feeds_are_forgotten_with_their_entries(store, do):
    claimed = do(some_entries, 3)
    do(read, claimed[0])
    do(feeds.sync, [], now=NOW)
    prune_all(do, NOW + timedelta(days=89))
    assert len(store.read_now(identities)) == 3
    prune_all(do, NOW + timedelta(days=91))
    assert len(store.read_now(identities)) <= 1, "all but perhaps the one with the newest article"
