"""``watcher silence``: mute a rule, a feed, an entity, a severity or some words for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.cli.alerts import span
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.model import Silence

app = typer.Typer(no_args_is_help=True, help="Mute a rule, a feed or an entity for a while; what was muted is counted and kept.")

_MATCHERS = ("rule", "feed", "entity", "severity", "text")


@app.command()
def add(
    ctx: typer.Context,
    rule: Annotated[str | None, typer.Option(help="Mute this rule …")] = None,
    feed: Annotated[str | None, typer.Option(help="… what comes from this feed (its name or URL) …")] = None,
    entity: Annotated[str | None, typer.Option(help="… and names this entity …")] = None,
    severity: Annotated[str | None, typer.Option(help="… and has this severity …")] = None,
    text: Annotated[str | None, typer.Option(help="… and has these words in headline or text. What is not given counts for all.")] = None,
    duration: Annotated[str, typer.Option("--for", metavar="SPAN", help="How long: 90m, 8h, 2d.")] = "8h",
    comment: Annotated[str, typer.Option(help="Why, for the others.")] = "",
    author: Annotated[str | None, typer.Option(help="Who; default: you.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Mute alerts from now on. A running daemon obeys at once, and tells the operators when it is over.

    \b
    Examples:
      watcher silence add --rule japan-ammunition --for 2d --comment "G7 week"
      watcher silence add --text "press review" --for 30d
    """
    import getpass

    from watcher import store
    from watcher.model import Severity

    if severity is not None and severity not in list(Severity):
        raise typer.BadParameter(f"a severity is one of {', '.join(Severity)}, not {severity!r}")
    what: dict[str, Any] = {"rule": rule, "feed": feed, "entity": entity, "severity": severity, "text": text}
    if not any(value and value.strip() for value in what.values()):
        raise typer.BadParameter("say what to mute: --rule, --feed, --entity, --severity or --text")
    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        values: dict[str, Any] = {"until_at": now + span(duration), "author": author or getpass.getuser(), "comment": comment}
        number = database.write_now(lambda conn: store.silences.add(conn, now=now, **what, **values))
    if as_json:
        output.emit({"id": number, "until": output.when(values["until_at"]), **what})
    else:
        output.say(f"silence {number} until {output.when(values['until_at'])}")


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Expired ones too.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """List the silences in force, with the number of matches that each has muted.

    \b
    Example:
      watcher silence list --all
    """
    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()

        def read(conn: store.Connection) -> tuple[list[Silence], dict[int, int]]:
            found = store.silences.everything(conn) if everything else store.silences.in_force(conn, now=now)
            return found, store.silences.muted(conn, [silence.id for silence in found])

        found, muted = database.read_now(read)
    if as_json:
        for silence in found:
            output.emit({**_row(silence), "muted": muted[silence.id], "in_force": silence.until_at > now})
        return
    rows = [(s.id, output.when(s.until_at), _what(s), muted[s.id], s.author, s.comment) for s in found]
    output.table(("id", "until", "mutes", "muted", "author", "comment"), rows, empty="no silences")


@app.command()
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many, newest first.")] = 50,
    as_json: output.AsJson = False,
) -> None:
    """Show what a silence has muted.

    \b
    Example:
      watcher silence show 3
    """
    from watcher import store

    with opened.store(opened.database(ctx)) as database:

        def read(conn: store.Connection) -> tuple[Silence, int, list[dict[str, Any]]]:
            silence = next((s for s in store.silences.everything(conn) if s.id == number), None)
            if silence is None:
                raise WatcherError(f"there is no silence {number}")
            return silence, store.silences.muted(conn, [number])[number], store.silences.muted_matches(conn, number, limit=limit)

        silence, muted, found = database.read_now(read)
        now = database.clock()
    if as_json:
        output.emit({**_row(silence), "muted": muted, "in_force": silence.until_at > now, "matches": found})
        return
    output.say(f"silence {number} by {silence.author}: {_what(silence)}, until {output.when(silence.until_at)}. {silence.comment}".rstrip())
    output.say(f"{muted} muted" + (f", the newest {len(found)}:" if len(found) < muted else ":" if muted else ""))
    for match in found:
        output.say(f"  {output.when(match['matched_at'])} [{match['rule']}] {match['title'] or ''} {match['url'] or ''}".rstrip())


@app.command()
def expire(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="ID")], as_json: output.AsJson = False) -> None:
    """End a silence now. Exits 1 when none with that id is in force.

    \b
    Example:
      watcher silence expire 3
    """
    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        done = database.write_now(lambda conn: store.silences.expire(conn, number, now=now))
    if as_json:
        output.emit({"id": number, "expired": done})
    else:
        output.say(f"silence {number} has ended" if done else f"no silence {number} is in force")
    raise typer.Exit(boundary.FINE if done else boundary.NO)


def _what(silence: Silence) -> str:
    return ", ".join(f"{name} {getattr(silence, name)!r}" for name in _MATCHERS if getattr(silence, name) is not None)


def _row(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "until": output.when(silence.until_at),
        "created": output.when(silence.created_at),
        **{name: getattr(silence, name) for name in _MATCHERS},
        "author": silence.author,
        "comment": silence.comment,
    }
