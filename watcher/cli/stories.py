"""``watcher stories``: what belongs together, why, and what a person knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import opened, output
from watcher.cli.alerts import span
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.store import Connection

app = typer.Typer(no_args_is_help=True, help="Stories: what belongs together and why; split what does not, join what does.")

_BASES = {
    "new": "opened the story",
    "url": "the same address",
    "text": "the same text",
    "title": "the same headline",
    "event": "the same event",
    "hand": "moved by hand",
}


@app.command("list")
def list_(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="SPAN", help="How far back: 12h, 3d.")] = "24h",
    least: Annotated[int, typer.Option("--articles", min=1, help="Only stories with so many articles.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: output.AsJson = False,
) -> None:
    """The stories that something joined lately, newest first.

    \b
    Example:
      watcher stories list --since 3d --articles 3
    """
    from watcher.store import byhand

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        found = database.read_now(lambda conn: byhand.listing(conn, since=now - span(since), limit=limit, least=least))
    if as_json:
        for row in found:
            output.emit(row)
        return
    rows = [(row["id"], output.when(row["last_at"]), row["articles"], row["sources"], row["alerts"], row["title"]) for row in found]
    output.table(("story", "last", "articles", "sources", "alerts", "headline"), rows, empty="no story has grown since then")


@app.command()
def show(
    ctx: typer.Context,
    story: Annotated[int, typer.Argument(help="Its number, as `stories list`, `why` and alerts name it.")],
    as_json: output.AsJson = False,
) -> None:
    """One story: its reports in order of time, whose they are and why each is in it, and what was told.

    \b
    Example:
      watcher stories show 17
    """
    with opened.store(opened.database(ctx)) as database:
        found = database.read_now(lambda conn: _found(conn, story))
    if as_json:
        output.emit(found)
        return
    output.say(f"story {found['id']}: {found['title']}")
    output.say(f"  {len(found['articles'])} articles, {len(found['sources'])} independent sources: {', '.join(found['sources'])}")
    lines = [(row["added_at"], _report(row)) for row in found["articles"]] + [(row["created_at"], _told(row)) for row in found["alerts"]]
    for at, line in sorted(lines, key=lambda pair: pair[0]):
        output.say(f"  {output.when(at)}  {line}")


@app.command()
def split(
    ctx: typer.Context,
    articles: Annotated[list[int], typer.Argument(metavar="ARTICLE...", help="Numbers of articles, as `stories show` names them.")],
    as_json: output.AsJson = False,
) -> None:
    """Put articles that were merged by mistake into a story of their own. What copies or follows them later goes there too.

    \b
    Example:
      watcher stories split 412 415
    """
    from watcher import store
    from watcher.model import EntryId
    from watcher.store import byhand

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()

        def unit(conn: Connection) -> int:
            store.stories.lock(conn)
            try:
                return byhand.split(conn, [EntryId(each) for each in articles], now=now)
            except ValueError as error:
                raise WatcherError(f"{error}; `watcher stories show STORY` names them") from error

        made = database.write_now(unit)
    if as_json:
        output.emit({"story": made, "articles": articles})
    else:
        moved = len(set(articles))
        output.say(f"{moved} article{'s are' if moved > 1 else ' is'} story {made} now")


@app.command()
def join(
    ctx: typer.Context,
    story: Annotated[int, typer.Argument(help="The story that stays.")],
    other: Annotated[int, typer.Argument(help="The story that becomes part of it.")],
    as_json: output.AsJson = False,
) -> None:
    """Make one story of two. What copies or follows either of them later goes there too.

    \b
    Example:
      watcher stories join 17 23
    """
    from watcher import store
    from watcher.model import StoryId
    from watcher.store import byhand

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()

        def unit(conn: Connection) -> int:
            store.stories.lock(conn)
            kept, gone = (StoryId(_found(conn, each)["id"]) for each in (story, other))
            if kept == gone:
                raise WatcherError(f"{story} and {other} are one story already")
            return byhand.join(conn, kept, gone, now=now)

        moved = database.write_now(unit)
    if as_json:
        output.emit({"story": story, "moved": moved})
    else:
        output.say(f"{moved} article{'s' if moved != 1 else ''} of story {other} {'are' if moved != 1 else 'is'} in story {story} now")


def _found(conn: Connection, story: int) -> dict[str, Any]:
    from watcher.model import StoryId
    from watcher.store import byhand

    found = byhand.show(conn, StoryId(story))
    if found is None:
        raise WatcherError(f"no story {story}; `watcher stories list` names them")
    return found


def _report(row: dict[str, Any]) -> str:
    who = row["feed_name"] or row["feed_title"] or row["host"]
    credit = f", credits {row['origin']}" if row["origin"] and row["origin"] != row["host"] else ""
    copy = f" (copy of {row['copy_of']})" if row["copy_of"] else ""
    return f"[{row['entry_id']}] {who}{credit}: {row['title']} - {because(row)}{copy}"


def because(row: dict[str, Any]) -> str:
    """Why an article is in its story, in words: what it rests on, and how alike they are."""
    basis: str = _BASES.get(row["basis"], row["basis"])
    if row["basis"] == "event" and row["parts"]:
        names, phrases, figures = (f"{part:.0%}" for part in row["parts"])
        return f"{basis} as {row['near_id']}: chance {row['similarity']:.0%}; shares names {names}, phrases {phrases}, figures {figures}"
    if row["basis"] == "text":
        return f"{basis}, {row['similarity']:.0%}"
    return basis


def _told(row: dict[str, Any]) -> str:
    return f"alert {row['id']} by rule {row['rule']}" + (" (update)" if row["is_update"] else "")
