"""``watcher feeds``: which feeds, how they are doing, and more or fewer of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli import boundary, feedfile, opened, output, wake
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Document, Feed

app = typer.Typer(no_args_is_help=True, help="Which feeds, how they are doing, and more or fewer of them.")

InFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Write into this file of the configuration. [default: the main file]")
]


@app.command("list")
def list_(
    ctx: typer.Context,
    failing: Annotated[bool, typer.Option("--failing", help="Only those in trouble.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """List the feeds, those in trouble first: the last success, the mean delay from publication to detection, the share of
    articles whose page gave text, and when they are polled next and why.

    \b
    Examples:
      watcher feeds list --failing
      watcher feeds list --json
    """
    from watcher import store
    from watcher.cli import feedlist

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        found = database.read_now(lambda conn: store.feeds.listing(conn, now=now, limit=10**9))
        pages = {each.url: each for each in database.read_now(lambda conn: store.health.pages(conn, now=now))}
    configured = {feed.url: feed for feed in opened.feeds(ctx)}
    listed = [(feedlist.row(row, pages.get(row["url"]), configured.get(row["url"])), row) for row in found]
    chosen = [(shown, row) for shown, row in listed if not failing or shown["trouble"]]
    if as_json:
        for shown, _ in chosen:
            output.emit(shown)
        return
    output.table(feedlist.COLUMNS, [feedlist.cells(shown, row, now) for shown, row in chosen], empty="no feeds")


@app.command()
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL")],
    name: Annotated[str, typer.Option(help="Default: the feed's own title.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be given several times.")] = None,
    file: InFile = None,
    test: Annotated[bool, typer.Option(help="Fetch it first and show what it contains.")] = True,
    as_json: output.AsJson = False,
) -> None:
    """Try a feed and add it to the configuration; comments stay. `watcher reload` then makes it known to the daemon.

    \b
    Example:
      watcher feeds add https://example.org/rss --tag news
    """
    import asyncio

    from watcher.model import Feed

    path, loaded = opened.path(ctx), opened.configuration(ctx)
    feed = Feed(url=url, name=name, tags=tuple(tag or ()))
    if any(url == known.url for known in loaded.feeds):
        raise WatcherError(f"{url} is configured already")
    document = asyncio.run(_try(feed, loaded)) if test else None
    target = file or path
    feedfile.add(target, [feed], lambda: _with(opened.configuration(ctx), {url}, target))
    titles = [entry.title for entry in document.entries[:5]] if document else []
    if as_json:
        output.emit({"url": url, "file": str(target), "format": document.format if document else None, "newest": titles})
        return
    if document is not None:
        output.say(f"{document.format}: {document.info.title}: {document.total or len(document.entries)} entries")
        for title in titles:
            output.say(f"  {title}")
    output.say(f"added to {target}; `watcher reload` makes it known to the daemon")


@app.command()
def remove(ctx: typer.Context, feed: Annotated[str, typer.Argument(metavar="URL|NAME")], as_json: output.AsJson = False) -> None:
    """Take a feed out of the configuration; comments stay. What it brought is kept.

    \b
    Example:
      watcher feeds remove https://example.org/rss
    """
    loaded = opened.configuration(ctx)
    changed = feedfile.remove(loaded.files, feed, lambda: opened.configuration(ctx))
    if changed is None:
        where = next((str(path) for path in loaded.files if path.suffix != ".toml"), "")
        hint = f" (an OPML file is edited by hand: {where})" if where and any(feed in (f.url, f.name) for f in loaded.feeds) else ""
        raise WatcherError(f"no [[feeds]] table has the URL or name {feed!r}{hint}")
    if as_json:
        output.emit({"feed": feed, "file": str(changed)})
    else:
        output.say(f"removed from {changed}; `watcher reload` makes it known to the daemon")


@app.command("import")
def import_(
    ctx: typer.Context, opml: Annotated[Path, typer.Argument(metavar="OPML")], file: InFile = None, as_json: output.AsJson = False
) -> None:
    """Add the feeds of an OPML file to the configuration; folders become tags, known feeds are left alone.

    \b
    Example:
      watcher feeds import subscriptions.opml --file feeds.d/imported.toml
    """
    from watcher.feeds import opml as outlines

    loaded = opened.configuration(ctx)
    known = {feed.url for feed in loaded.feeds}
    listed = outlines.parse(opml.read_bytes())
    new = _distinct([feed for feed in listed if feed.url not in known], {feed.name for feed in loaded.feeds})
    target = file or opened.path(ctx)
    if new:
        feedfile.add(target, new, lambda: _with(opened.configuration(ctx), {feed.url for feed in new}, target))
    if as_json:
        output.emit({"added": len(new), "known": len(listed) - len(new), "file": str(target)})
    else:
        output.say(f"{len(new)} feeds added to {target}, {len(listed) - len(new)} known already")


@app.command()
def export(ctx: typer.Context) -> None:
    """Print the configured feeds as OPML, for another program.

    \b
    Example:
      watcher feeds export > feeds.opml
    """
    from watcher.feeds import opml

    sys.stdout.write(opml.dump(opened.configuration(ctx).feeds).decode())


@app.command()
def poll(
    ctx: typer.Context,
    feeds: Annotated[list[str] | None, typer.Argument(metavar="[URL|NAME]...", help="Default: all feeds.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Make feeds due now, also ones that had stopped. Per-host limits and Retry-After still count. Exits 1 when there is no such feed.

    \b
    Example:
      watcher feeds poll Example
    """
    from watcher import store

    url = opened.database(ctx)
    with opened.store(url) as database:
        now = database.clock()
        count = database.write_now(lambda conn: store.feeds.make_due(conn, feeds, now=now))
    told = wake.daemons(url)
    if as_json:
        output.emit({"feeds": count, "daemons": told})
    else:
        output.say(f"{count} feeds are due now" + ("" if told else "; they are polled when the daemon runs"))
    raise typer.Exit(boundary.FINE if count else boundary.NO)


async def _try(feed: Feed, loaded: Config) -> Document:
    """Fetch a feed as the daemon would, and parse it."""
    from datetime import UTC, datetime

    from watcher.daemon import wire
    from watcher.feeds import fetch, host_of, parse
    from watcher.model import FeedId, FeedState

    wiring = wire.wire(loaded)
    try:
        state = FeedState(id=FeedId(0), url=feed.url, host=host_of(feed.url), epoch=0, due_at=datetime.now(UTC), fetch_url=feed.url)
        answer = await fetch.fetch(wiring.client, feed, state, wiring.limits)
    finally:
        await wiring.close()
    if isinstance(answer, fetch.NotModified):
        raise WatcherError(f"{feed.url}: the server says that nothing has changed, although it was not asked")
    return parse.parse(answer.body, url=answer.url, headers=answer.headers)


def _distinct(feeds: list[Feed], taken: set[str]) -> list[Feed]:
    """Give feeds whose name is taken another one, with their host: names tell feeds apart in rules."""
    from dataclasses import replace

    from watcher.feeds import host_of

    found = []
    for feed in feeds:
        names = (feed.name, f"{feed.name} ({host_of(feed.url)})", "")
        name = next(name for name in names if not name or name not in taken)
        taken.add(name)
        found.append(replace(feed, name=name))
    return found


def _with(loaded: Config, urls: set[str], target: Path) -> None:
    """Make sure that the file that was written belongs to the configuration."""
    if not urls <= {feed.url for feed in loaded.feeds}:
        raise WatcherError(f"{target} is not among the files that the configuration includes; add it to [watcher] include first")
