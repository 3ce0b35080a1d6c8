"""Which entry people mean by an address."""

from __future__ import annotations

from dataclasses import replace

from tests.store.factories import NOW, article, some_entries
from watcher.model import Story
from watcher.store import entries, lookup, stories


def finish(conn, claimed, **changed):
    entries.finish(
        conn, claimed, article=replace(article(), url=f"https://a.example/{claimed.entry.identity}", **changed),
        canonical_url=f"https://a.example/canonical/{claimed.id}", host="a.example", sketch=b"12345678",
        story=Story(id=stories.create(conn, title="", now=NOW), new=True), entities=(), found=(), now=NOW,
    )  # fmt: skip


def test_an_entry_is_named_by_link_canonical_address_and_page(store):
    def unit(conn):
        first, second, third = some_entries(conn, 3)
        finish(conn, first, page_url="https://b.example/after/redirects")
        finish(conn, second, page_url=f"https://a.example/{second.entry.identity}")
        assert lookup.ids_of(conn, ["https://b.example/after/redirects"]) == [first.id]
        assert lookup.ids_of(conn, [f"https://a.example/canonical/{second.id}"]) == [second.id]
        assert lookup.ids_of(conn, [third.entry.url, f"https://a.example/{first.entry.identity}"]) == sorted([first.id, third.id])
        assert lookup.ids_of(conn, ["https://a.example/none"]) == []
        assert entries.find(conn, str(first.id))["page_url"] == "https://b.example/after/redirects"
        assert entries.find(conn, str(second.id))["page_url"] is None  # the link itself
        assert [each.status for each in lookup.appearances(conn, [first.id, third.id])] == ["done", "new"]

    store.write_now(unit)


def test_a_part_of_a_link_is_looked_for_as_it_stands(store):
    def unit(conn):
        (only,) = some_entries(conn, 1)
        assert lookup.linked_with(conn, f"/{only.entry.identity}") == [(only.id, only.entry.url)]
        assert lookup.linked_with(conn, "/e%") == []  # no pattern

    store.write_now(unit)


def test_feeds_are_told_with_how_their_polls_go(store):
    def unit(conn):
        some_entries(conn, 1)
        (feed,) = lookup.feed_states(conn)
        assert (feed.name, feed.url, feed.failures) == ("Feed 0", "https://h0.example/0", 0)

    store.write_now(unit)
