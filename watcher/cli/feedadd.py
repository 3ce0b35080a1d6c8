"""``watcher feeds add`` and ``discover``: find the feeds of a site, try them, show what they hold, and write one down."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from watcher.cli import boundary, feedfile, opened, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.feeds.discover import Found
    from watcher.model import Feed

SHOWN_TITLES = 5

InFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Write into this file of the configuration. Default: the main file.")
]


def discover(ctx: typer.Context, url: Annotated[str, typer.Argument(metavar="URL")], as_json: output.AsJson = False) -> None:
    """Find the feeds of a site: its headers, link tags, links, news sitemaps, and where feeds usually are. Each is fetched and tried.

    Exits 1 when there is none.

    \b
    Examples:
      watcher feeds discover https://example.org/
      watcher feeds discover example.org --json
    """
    loaded = opened.readable(ctx)
    known = {_alike(feed.url) for feed in loaded.feeds} if loaded is not None else set()
    rows = [(found, _alike(found.url) in known) for found in asyncio.run(_find(_whole(url), loaded))]
    if as_json:
        for found, configured in rows:
            output.emit({**_facts(found), "configured": configured})
    else:
        cells = [
            (
                found.title or "",
                found.document.format,
                str(found.document.total or len(found.document.entries)),
                output.when(found.newest_at) or "",
                _language(found) or "",
                found.source + (", configured already" if configured else ""),
                found.url,
            )
            for found, configured in rows
        ]
        output.table(("title", "format", "entries", "newest", "language", "found by", "url"), cells, empty=f"no feed was found at {url}")
    raise typer.Exit(boundary.FINE if rows else boundary.NO)


def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    name: Annotated[str, typer.Option(help="Default: the feed's own title.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be given several times.")] = None,
    interval: Annotated[str, typer.Option(help="Poll it always at this interval, such as 5m. Default: as it publishes.")] = "",
    file: InFile = None,
    test: Annotated[bool, typer.Option(help="Fetch it first and show what it contains.")] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; of a page's feeds take the first.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Try a feed, show what it holds, and add it to the configuration; comments stay. Of a page, its feeds are found.

    `watcher reload` then makes it known to the daemon. Exits 1 when it is no feed, is configured already, or a page has several
    feeds and nobody can be asked which.

    \b
    Examples:
      watcher feeds add https://example.org/rss --tag news
      watcher feeds add https://example.org/ --yes --interval 5m
    """
    from watcher.model import Feed

    path, loaded = opened.path(ctx), opened.configuration(ctx)
    asking = not (yes or as_json) and sys.stdin.isatty() and sys.stderr.isatty()
    feed = Feed(url=_whole(url), name=name, tags=tuple(tag or ()), interval=_duration(interval))
    _refuse_known(feed.url, loaded)
    found = None
    if test:
        found = _choose(feed.url, asyncio.run(_find(feed.url, loaded)), asking=asking, yes=yes)
        for other in (found.url, found.document.info.self_url):
            if other is not None:
                _refuse_known(other, loaded)
        if found.url != feed.url and not as_json:
            output.say(f"{feed.url} leads to {found.url}")
        feed = replace(feed, url=found.url)
        if not as_json:
            _show(found)
        if asking and not typer.confirm("Add it?", default=True, err=True):
            raise typer.Exit(boundary.NO)
    target = file or path
    feedfile.add(target, [feed], lambda: with_these(opened.configuration(ctx), {feed.url}, target))
    if found is not None:
        _remember(loaded, feed, found)
    if as_json:
        nothing: dict[str, Any] = {"format": None, "newest": []}
        output.emit({**(_facts(found) if found else nothing), "url": feed.url, "file": str(target)})
    else:
        output.say(f"added to {target}; `watcher reload` makes it known to the daemon")


def with_these(loaded: Config, urls: set[str], target: Path) -> None:
    """Make sure that the file that was written belongs to the configuration."""
    if not urls <= {feed.url for feed in loaded.feeds}:
        raise WatcherError(f"{target} is not among the files that the configuration includes; add it to [watcher] include first")


def distinct(feeds: Iterable[Feed], taken: set[str]) -> list[Feed]:
    """Give feeds whose name is taken another one, with their host: names tell feeds apart in rules."""
    from watcher.feeds import host_of

    found = []
    for feed in feeds:
        names = (feed.name, f"{feed.name} ({host_of(feed.url)})", "")
        name = next(name for name in names if not name or name not in taken)
        taken.add(name)
        found.append(replace(feed, name=name))
    return found


def _remember(loaded: Config, feed: Feed, found: Found) -> None:
    """Hand over to the daemon what was fetched, where it has a database: a feed's server is asked for the whole only once."""
    from watcher import store
    from watcher.daemon import outcome
    from watcher.errors import StoreError
    from watcher.feeds import fetch, host_of
    from watcher.feeds.schedule import Policy
    from watcher.model import FeedId, FeedState

    if not found.document.complete:
        return
    policy = Policy(loaded.fetch.interval, loaded.fetch.min_interval, loaded.fetch.max_interval)
    try:
        with opened.store(loaded.database) as database:
            now = database.clock()
            fresh = FeedState(id=FeedId(0), url=feed.url, host=host_of(feed.url), epoch=0, due_at=None, fetch_url=feed.url)
            answer = fetch.response_of(found.reply)
            if found.url == answer.url:  # the address that is written is where it led
                answer = replace(answer, permanent=None, validators_url=None)
            after = outcome.changed(fresh, feed, policy, answer, found.document, now=now, jitter=0.0)
            seed = store.feeds.FeedSeed(feed.url, fresh.host, feed.name, feed.interval or policy.interval, now)
            database.write_now(lambda conn: store.feeds.plant(conn, seed, after, found.document, now=now))
    except StoreError:
        return  # no database yet, or one that is busy: the daemon's first poll asks for the whole again


async def _find(url: str, loaded: Config | None) -> list[Found]:
    """Return the feeds at an address, asked for as the daemon would ask."""
    from watcher.daemon import runtime, wire
    from watcher.feeds import discover
    from watcher.net import Client

    wiring = wire.wire(loaded) if loaded is not None else None
    client = wiring.client if wiring is not None else Client(user_agent=runtime.user_agent(None))
    try:
        with _telling() as note:
            return [found async for found in discover.discover(client, url, limits=wiring.limits if wiring else None, note=note)]
    finally:
        await client.close()


@contextlib.contextmanager
def _telling() -> Iterator[Any]:
    """Show on a terminal which address is being asked."""
    if not sys.stderr.isatty():
        yield lambda _url: None
        return
    from rich.console import Console

    with Console(stderr=True).status("asking") as status:
        yield lambda url: status.update(output.harmless(f"asking {url}"))


def _choose(url: str, found: list[Found], *, asking: bool, yes: bool) -> Found:
    """Return the feed that is meant.

    :raises WatcherError: there is none, or several and nobody to ask.
    """
    if not found:
        raise WatcherError(f"{url} is no feed, and none was found on its site")
    if found[0].source == "this address" or yes:
        return found[0]
    lines = [f"{number}. {each.url}  {each.title} ({each.source})" for number, each in enumerate(found, 1)]
    if not asking:
        listed = "\n".join(f"  {line}" for line in lines)
        raise WatcherError(f"{url} is a page. Its feeds, of which you add one by its address, or the first with --yes:\n{listed}")
    for line in lines:
        output.warn(line)
    number = int(typer.prompt("Which one?", default=1, type=int, err=True))
    if not 1 <= number <= len(found):
        raise WatcherError(f"there is no feed number {number}")
    return found[number - 1]


def _refuse_known(url: str, loaded: Config) -> None:
    same = next((feed for feed in loaded.feeds if _alike(feed.url) == _alike(url)), None)
    if same is not None:
        raise WatcherError(f"{url} is configured already" + (f", as {same.url}" if same.url != url else ""))


def _alike(url: str) -> str:
    """Return what two addresses of one feed have in common: neither scheme, nor ``www.``, nor a last slash, nor a fragment counts."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").removeprefix("www.")
    where = f"{host}:{port}" if port not in (None, 80, 443) else host
    return f"{where}{parts.path.rstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _whole(url: str) -> str:
    return url if "://" in url else f"https://{url}"


def _duration(text: str) -> timedelta | None:
    if not text:
        return None
    from watcher.config import units

    try:
        return units.duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--interval") from None


def _language(found: Found) -> str | None:
    info, entries = found.document.info, found.document.entries
    return info.language or next((entry.language for entry in entries if entry.language), None)


def _facts(found: Found) -> dict[str, Any]:
    return {
        "url": found.url,
        "title": found.title,
        "format": found.document.format,
        "entries": found.document.total or len(found.document.entries),
        "newest_at": output.when(found.newest_at),
        "language": _language(found),
        "source": found.source,
        "newest": [entry.title for entry in found.document.entries[:SHOWN_TITLES]],
    }


def _show(found: Found) -> None:
    facts = _facts(found)
    more = [f"{facts['entries']} entries"]
    more += [f"newest {facts['newest_at']}"] if facts["newest_at"] else ["no dates"]
    more += [f"language {facts['language']}"] if facts["language"] else []
    output.say(f"{facts['format']}: {facts['title']}: {', '.join(more)}")
    for title in facts["newest"]:
        output.say(f"  {title}")
