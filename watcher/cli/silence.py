"""``watcher silence``: mute a rule, a feed or an entity for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.cli.alerts import span

if TYPE_CHECKING:
    from watcher.model import Silence

app = typer.Typer(no_args_is_help=True, help="Mute a rule, a feed or an entity for a while; what was muted is counted and kept.")


@app.command()
def add(
    ctx: typer.Context,
    rule: Annotated[str | None, typer.Option(help="Mute this rule …")] = None,
    feed: Annotated[str | None, typer.Option(help="… what comes from this feed (its name or URL) …")] = None,
    entity: Annotated[str | None, typer.Option(help="… and names this entity. What is not given counts for all.")] = None,
    duration: Annotated[str, typer.Option("--for", metavar="SPAN", help="How long: 90m, 8h, 2d.")] = "8h",
    comment: Annotated[str, typer.Option(help="Why, for the others.")] = "",
    author: Annotated[str | None, typer.Option(help="Who; default: you.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Mute alerts from now on. A running daemon obeys at once.

    \b
    Example:
      watcher silence add --rule japan-ammunition --for 2d --comment "G7 week"
    """
    import getpass

    from watcher import store

    if not (rule or feed or entity):
        raise typer.BadParameter("say what to mute: --rule, --feed or --entity")
    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        values: dict[str, Any] = {"until_at": now + span(duration), "author": author or getpass.getuser(), "comment": comment}
        number = database.write_now(lambda conn: store.silences.add(conn, now=now, rule=rule, feed=feed, entity=entity, **values))
    if as_json:
        output.emit({"id": number, "until": output.when(values["until_at"]), "rule": rule, "feed": feed, "entity": entity})
    else:
        output.say(f"silence {number} until {output.when(values['until_at'])}")


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Expired ones too.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """List the silences in force."""
    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        found = database.read_now(lambda conn: store.silences.everything(conn) if everything else store.silences.in_force(conn, now=now))
    if as_json:
        for silence in found:
            output.emit({**_row(silence), "in_force": silence.until_at > now})
        return
    rows = [(s.id, output.when(s.until_at), s.rule or "any", s.feed or "any", s.entity or "any", s.author, s.comment) for s in found]
    output.table(("id", "until", "rule", "feed", "entity", "author", "comment"), rows, empty="no silences")


@app.command()
def expire(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="ID")], as_json: output.AsJson = False) -> None:
    """End a silence now. Exits 1 when none with that id is in force."""
    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        done = database.write_now(lambda conn: store.silences.expire(conn, number, now=now))
    if as_json:
        output.emit({"id": number, "expired": done})
    else:
        output.say(f"silence {number} has ended" if done else f"no silence {number} is in force")
    raise typer.Exit(boundary.FINE if done else boundary.NO)


def _row(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "until": output.when(silence.until_at),
        "created": output.when(silence.created_at),
        "rule": silence.rule,
        "feed": silence.feed,
        "entity": silence.entity,
        "author": silence.author,
        "comment": silence.comment,
    }
