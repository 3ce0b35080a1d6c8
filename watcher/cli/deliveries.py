"""``watcher deliveries``: every message, every try, every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.cli.alerts import span
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.store import Connection

app = typer.Typer(no_args_is_help=True, help="What was sent, what waits, what was given up; with every answer.")

_STATES = ("due", "sent", "dead", "moved", "dismissed")


@app.command("list")
def list_(
    ctx: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was given up; the same as --state dead.")] = False,
    state: Annotated[str | None, typer.Option(help="Only those that are due, sent, dead, moved (to a fallback) or dismissed.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only of this channel.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 30m, 6h, 7d …", metavar="SPAN")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many, newest first.")] = 50,
    as_json: output.AsJson = False,
) -> None:
    """List deliveries, newest first: an alert's way by one channel, its state and the receiver's last answer.

    \b
    Examples:
      watcher deliveries list --failed
      watcher deliveries list --channel desk --since 6h --json
    """
    from watcher import store

    if state is not None and state not in _STATES:
        raise typer.BadParameter(f"a state is one of {', '.join(_STATES)}, not {state!r}")
    with opened.store(opened.database(ctx)) as database:
        start = database.clock() - span(since) if since else None
        wanted = "dead" if failed else state
        found = database.read_now(lambda conn: store.history.listing(conn, limit=limit, state=wanted, channel=channel, since=start))
    if as_json:
        for row in found:
            output.emit(row)
        return
    rows = [
        (
            row["id"],
            output.when(row["created_at"]),
            row["channel"],
            row["state"] if row["state"] != "due" else f"due {output.when(row['due_at']) or 'with ' + str(row['message'])}",
            row["attempts"],
            row["alert"][:12],
            row["title"],
            " ".join(filter(None, (row["reason"], row["answer"]))),
        )
        for row in found
    ]
    output.table(("id", "made", "channel", "state", "tries", "alert", "title", "answer"), rows, empty="no deliveries")


@app.command()
def show(ctx: typer.Context, number: Annotated[int, typer.Argument(metavar="ID", min=1)], as_json: output.AsJson = False) -> None:
    """Show one message: the alerts that it told, and every try with its answer.

    \b
    Example:
      watcher deliveries show 4711
    """
    from watcher import store

    def read(conn: Connection) -> dict[str, Any]:
        found = store.history.message(conn, number)
        if found is None:
            raise WatcherError(f"there is no delivery {number}")
        return found

    with opened.store(opened.database(ctx)) as database:
        facts = database.read_now(read)
    if as_json:
        output.emit(facts)
        return
    output.say(f"delivery {number} by {facts['channel']}: {facts['state']} after {facts['attempts']} attempts; id {facts['message_key']}")
    if facts["note"]:
        output.say(facts["note"])
    for attempt in facts["history"]:
        output.say(f"  {output.when(attempt['at'])} {attempt['outcome']} {attempt['answer']}")
    for recipient in facts["recipients"]:
        output.say(f"  {recipient['address']}: {recipient['state']} {recipient['answer']}")
    for alert in facts["alerts"]:
        output.say(f"{alert['id'][:12]} [{alert['rule']}] {alert['title']}")


@app.command()
def dismiss(
    ctx: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Deliveries that were given up.")] = None,
    channel: Annotated[str | None, typer.Option(help="All of this channel.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that there are.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Say that what was given up needs nobody any more: `status` is well again, the history keeps it. Exits 1 when there was nothing.

    \b
    Examples:
      watcher deliveries dismiss 4711
      watcher deliveries dismiss --channel desk
    """
    from watcher import store

    if not (numbers or channel or everything):
        raise typer.BadParameter("say which: numbers, --channel or --all")
    with opened.store(opened.database(ctx)) as database:
        count = database.write_now(lambda conn: store.deliveries.dismiss(conn, numbers=numbers or (), channel=channel))
    if as_json:
        output.emit({"dismissed": count})
    else:
        output.say(f"{count} dismissed")
    raise typer.Exit(boundary.FINE if count else boundary.NO)
