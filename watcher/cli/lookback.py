"""Reading the archive for a command: the articles that may be meant, and the rules on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from watcher.cli import pool
from watcher.errors import StoreError, WatcherError

if TYPE_CHECKING:
    from watcher.model import Feed, MatchInput
    from watcher.rules.clues import Clue
    from watcher.store import Store
    from watcher.store.archive import Archived
    from watcher.store.fulltext import FullText

R = TypeVar("R")
PAGE = 100  # articles that are read at once, and travel to a worker together
FEW = 200  # articles that are not worth starting workers for


def index_of(database: Store) -> FullText | None:
    """The index of words, if there is one that fits and can be used."""
    from watcher.rules import clues
    from watcher.store import fulltext

    try:
        return fulltext.open_index(database, version=clues.VERSION, create=False)
    except StoreError:
        return None  # then every article is read


def article_of(row: Archived, feeds: Mapping[str, Feed]) -> MatchInput:
    """An article as the rules saw it, or as they would see it now where its feed's name or tags have changed since.

    :param feeds: the configured feeds by URL.
    """
    from watcher.daemon import seen
    from watcher.model import Feed

    feed = feeds.get(row.feed_url) or Feed(url=row.feed_url, name=row.feed_name)
    return seen.match_input(seen.article(row), feed, seen.feed_name(feed, row.feed_title))


def newest_first(database: Store, index: FullText | None, clues: Sequence[Clue], *, low: int, high: int) -> Iterator[list[Archived]]:
    """Yield the articles of a stretch of numbers that may be meant, newest first, some at a time: all that the index does not know
    yet, and those that it names."""
    from watcher.store import archive

    mark = index.mark() if index is not None and clues else low - 1
    at = high
    while at > max(mark, low - 1):
        rows = database.read_now(lambda conn, at=at: archive.back(conn, low=max(mark + 1, low), high=at, limit=PAGE))  # type: ignore[misc]
        if not rows:
            break
        yield rows
        at = rows[-1].seq - 1
    if index is not None and clues:
        for numbers in index.find(clues, low=low, high=min(high, mark)):
            for start in range(0, len(numbers), PAGE):
                some = numbers[start : start + PAGE]
                yield database.read_now(lambda conn, some=some: archive.numbered(conn, some))  # type: ignore[misc]


def oldest_first(database: Store, *, low: int, high: int) -> Iterator[list[Archived]]:
    """Yield all articles of a stretch of numbers in their order, some at a time."""
    from watcher.store import archive

    while low <= high:
        rows = database.read_now(lambda conn, low=low: archive.onward(conn, low=low, high=high, limit=PAGE))  # type: ignore[misc]
        if not rows:
            return
        yield rows
        low = rows[-1].seq + 1


def each(pages: Iterator[list[Archived]], work: Callable[[Archived], R]) -> Iterator[list[tuple[Archived, R]]]:
    """Apply ``work`` to every article, page by page in order: the first few here, the others on all cores.

    :raises WatcherError: ``work`` failed.
    """
    done = 0
    for page in pages:
        yield [(row, work(row)) for row in page]
        done += len(page)
        if done >= FEW:
            break
    runner: pool.Pool[Archived, R] = pool.Pool(work, seconds=60.0)
    for results in runner.map(pages):
        found: list[tuple[Archived, R]] = []
        for row, result in results:
            if isinstance(result, pool.Failed):
                raise WatcherError(f"article {row.entry_id} ({row.url}): {result.why}")
            found.append((row, result))
        yield found
