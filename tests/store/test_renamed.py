"""New identities that are no news: session ids in guids, and sites that move. Nothing that is news is taken for one."""

from __future__ import annotations

from dataclasses import replace

from tests.store.factories import NOW, document, poll, seeds
from watcher.model import Document, Entry, FeedInfo
from watcher.store import feeds
from watcher.store.schema import entries


def of(*items: tuple[str, str, str | None]) -> Document:
    """A document of (identity, title, link) items, the newest first."""
    found = tuple(Entry(identity=identity, title=title, url=link, content="text") for identity, title, link in items)
    return Document(format="rss20", info=FeedInfo(), entries=found, total=len(found))


def news(count: int, *, prefix: str, host: str) -> list[tuple[str, str, str | None]]:
    return [(f"{prefix}{n}", f"Headline number {n}", f"https://{host}/{n}") for n in range(count)]


def rows(store):
    return store.read_now(lambda conn: {row.identity: row for row in conn.execute(entries.select())})


def test_a_guid_that_changes_at_each_poll_brings_nothing_and_stores_nothing(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    assert do(poll, of(("id?sid=1", "A headline", "https://a.example/1"))).readable == 1
    for sid in range(2, 6):
        finished = do(poll, of((f"id?sid={sid}", "A  HEADLINE", "https://a.example/1")))
        assert (finished.readable, finished.moved) == (0, False)
    assert list(rows(store)) == ["id?sid=5"]


def test_the_same_link_under_another_headline_is_news(do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, of(("1", "Talks begin", "https://a.example/live")))
    assert do(poll, of(("2", "Talks end", "https://a.example/live"))).readable == 1


def test_the_same_headline_under_another_link_is_news(do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, of(*news(9, prefix="a", host="a.example")))
    assert do(poll, of(("b", "Headline number 3", "https://a.example/another"), *news(8, prefix="a", host="a.example"))).readable == 1


def test_two_items_that_share_link_and_title_are_told_apart_by_their_guids_at_first_sight(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    assert do(poll, of(("1", "Notes", "https://a.example/"), ("2", "Notes", "https://a.example/"))).readable == 2
    third = of(("3", "Notes", "https://a.example/"), ("1", "Notes", "https://a.example/"), ("2", "Notes", "https://a.example/"))
    for _ in range(3):
        assert do(poll, third).readable == 0
    assert set(rows(store)) == {"1", "2"}, "an identity that is still in the document is not taken away"


def test_a_site_that_moves_is_recognised_and_what_is_new_on_it_is_read(store, do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, of(*news(20, prefix="old-", host="a.example")))
    moved = of(("new-x", "Really new", "https://b.example/x"), *news(19, prefix="new-", host="b.example"))
    finished = do(poll, moved)
    assert (finished.readable, finished.known, finished.moved) == (1, 19, True)
    again = do(poll, moved)
    assert (again.readable, again.moved) == (0, False), "told once"
    assert rows(store)["new-3"].url == "https://b.example/3"


def test_a_site_that_moves_after_its_first_poll_is_recognised_by_the_titles_of_the_baseline(do):
    do(feeds.sync, seeds(1), now=NOW)
    old = news(20, prefix="old-", host="a.example")
    first = replace(document(), known=tuple(item[0] for item in old), known_titles=tuple(item[1] for item in old), total=20)
    do(poll, first, baseline=True)
    finished = do(poll, of(*news(20, prefix="new-", host="b.example")))
    assert (finished.readable, finished.moved) == (0, True)


def test_a_busy_feed_whose_every_item_is_new_is_read_whole(do):
    do(feeds.sync, seeds(1), now=NOW)
    do(poll, of(*news(20, prefix="a", host="a.example")))
    fresh = [(f"b{n}", f"Other news {n}", f"https://a.example/b{n}") for n in range(20)]
    assert do(poll, of(*fresh)).readable == 20
    mixed = [(f"c{n}", "Headline number 1" if n < 5 else f"Third news {n}", f"https://a.example/c{n}") for n in range(20)]
    assert do(poll, of(*mixed)).readable == 20, "a recurring headline or two is no move"
