"""``watcher feeds``: which feeds, how they are doing, and more or fewer of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli import boundary, feedadd, feedfile, opened, output, wake
from watcher.errors import WatcherError

if TYPE_CHECKING:
    pass

app = typer.Typer(no_args_is_help=True, help="Which feeds, how they are doing, and more or fewer of them.")


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
        hubs = database.read_now(store.subscriptions.states)
    configured = {feed.url: feed for feed in opened.feeds(ctx)}
    listed = [(feedlist.row(row, pages.get(row["url"]), configured.get(row["url"]), hubs.get(row["url"])), row) for row in found]
    chosen = [(shown, row) for shown, row in listed if not failing or shown["trouble"]]
    if as_json:
        for shown, _ in chosen:
            output.emit(shown)
        return
    output.table(feedlist.COLUMNS, [feedlist.cells(shown, row, now) for shown, row in chosen], empty="no feeds")


app.command()(feedadd.add)
app.command()(feedadd.discover)


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
    ctx: typer.Context, opml: Annotated[Path, typer.Argument(metavar="OPML")], file: feedadd.InFile = None, as_json: output.AsJson = False
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
    new = feedadd.distinct([feed for feed in listed if feed.url not in known], {feed.name for feed in loaded.feeds})
    target = file or opened.path(ctx)
    if new:
        feedfile.add(target, new, lambda: feedadd.with_these(opened.configuration(ctx), {feed.url for feed in new}, target))
    if as_json:
        output.emit({"added": len(new), "known": len(listed) - len(new), "file": str(target)})
    else:
        output.say(f"{len(new)} feeds added to {target}, {len(listed) - len(new)} known already")


@app.command()
def export(ctx: typer.Context, as_json: output.AsJson = False) -> None:
    """Print the configured feeds as OPML, for another program; with --json as one list of objects with url, name and tags.

    \b
    Examples:
      watcher feeds export > feeds.opml
      watcher feeds export --json
    """
    from watcher.feeds import opml

    if as_json:
        output.emit([{"url": feed.url, "name": feed.name, "tags": list(feed.tags)} for feed in opened.configuration(ctx).feeds])
        return
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
