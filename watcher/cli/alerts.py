"""``watcher alerts``: what was told, to whom, and with what answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.model import Alert
    from watcher.store import Connection


class FeedFormat(StrEnum):
    """The formats of :func:`feed`."""

    ATOM = "atom"
    JSON = "json"


app = typer.Typer(no_args_is_help=True, help="What was told, to whom, and with what answer.")


class Verdict(StrEnum):
    """What an alert was to its receiver."""

    NOISE = "noise"
    USEFUL = "useful"
    NONE = "none"


AlertIdentity = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, or the beginning of it.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    rule: Annotated[str | None, typer.Option(help="Only alerts of this rule.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 30m, 6h, 7d …", metavar="SPAN")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only alerts with a delivery that was given up.")] = False,
    marked: Annotated[Verdict | None, typer.Option("--marked", help="Only alerts that were marked so.")] = None,
    bundle: Annotated[
        int | None, typer.Option(metavar="NUMBER", min=1, help="Only what one summary, digest or gathered message told.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, help="At most this many, newest first. Default: 50; all of a bundle.")
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """List alerts, newest first.

    \b
    Examples:
      watcher alerts list --rule japan-ammunition --since 7d
      watcher alerts list --failed --json
      watcher alerts list --bundle 4711
    """
    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        start = now - span(since) if since else None
        most = limit or (store.deliveries.MOST_IN_BUNDLE if bundle else 50)

        def read(conn: Connection) -> list[dict[str, Any]]:
            verdict = marked.value if marked else None
            alerts = store.alerts.listing(conn, limit=most, rule=rule, since=start, failed=failed, marked=verdict, bundle=bundle)
            marks = store.marks.of(conn, [alert.id for alert in alerts])
            return [_row(alert, marks.get(alert.id)) for alert in alerts]

        found = database.read_now(read)
    if as_json:
        for row in found:
            output.emit(row)
        return
    rows = [(r["created_at"], r["id"][:12], r["rule"], r["reason"], (r["mark"] or {}).get("verdict", ""), r["title"]) for r in found]
    output.table(("when", "id", "rule", "reason", "mark", "title"), rows, empty="no alerts")


@app.command()
def show(ctx: typer.Context, alert: AlertIdentity, as_json: output.AsJson = False) -> None:
    """Show one alert with its evidence and every attempt to deliver it.

    \b
    Example:
      watcher alerts show 3f9c2a
    """
    from watcher import store

    def read(conn: Connection) -> dict[str, Any]:
        found = _one(conn, alert)
        mark = store.marks.of(conn, [found.id]).get(found.id)
        return {
            **_row(found, mark),
            **store.escalations.acknowledgement(conn, found.id),
            "escalations": store.escalations.of_alert(conn, found.id),
            "payload": dict(found.payload),
            "deliveries": store.alerts.deliveries_of(conn, found.id),
        }

    with opened.store(opened.database(ctx)) as database:
        facts = database.read_now(read)
    if as_json:
        output.emit(facts)
        return
    for key in ("title", "url", "feed", "rule", "severity", "reason", "created_at", "id"):
        output.say(f"{key}: {facts[key]}")
    if facts["mark"]:
        output.say(_marked(facts["mark"]))
    if facts["acknowledged_at"]:
        output.say(f"acknowledged: {output.when(facts['acknowledged_at'])} by {facts['acknowledged_by']}")
    for each in facts["escalations"]:
        output.say(f"escalation: {', '.join(each['targets'])} in place of {each['channel']}: {_how_far(each)}")
    for match in facts["payload"].get("matches", ()):
        output.say(f"  {match.get('term')} in {match.get('field')}: {match.get('sentence') or ''}")
    for delivery in facts["deliveries"]:
        said = " ".join(part for part in (delivery["reason"], delivery["answer"]) if part)
        output.say(f"{delivery['channel']}: {delivery['state']} after {delivery['attempts']} attempts" + (f": {said}" if said else ""))
        for attempt in delivery["history"]:
            output.say(f"  {output.when(attempt['at'])} {attempt['outcome']} {attempt['answer']}")
        for recipient in delivery["recipients"]:
            output.say(f"  {recipient['address']}: {recipient['state']} {recipient['answer']}")


def _how_far(escalation: dict[str, Any]) -> str:
    if escalation["settled_at"] is None:
        return f"at {output.when(escalation['due_at'])} unless somebody acknowledges"
    return f"{escalation['outcome']} at {output.when(escalation['settled_at'])}"


@app.command()
def ack(
    ctx: typer.Context,
    alert: AlertIdentity,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who; default: you.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Say that somebody has seen an alert: what would follow if nobody did, does not. Exits 0 also when it was said before.

    \b
    Example:
      watcher alerts ack 3f9c2a
    """
    import getpass

    from watcher import store

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()

        def write(conn: Connection) -> tuple[str, tuple[bool, str, datetime]]:
            found = _one(conn, alert)
            return found.id, store.escalations.acknowledge(conn, found.id, by or getpass.getuser(), now=now)

        identity, (first, who, at) = database.write_now(write)
    if as_json:
        output.emit({"id": identity, "acknowledged_by": who, "acknowledged_at": output.when(at), "first": first})
    else:
        output.say(f"{identity}: acknowledged by {who}" + ("" if first else f" already, at {output.when(at)}"))


@app.command()
def mark(
    ctx: typer.Context,
    alert: AlertIdentity,
    verdict: Annotated[Verdict, typer.Argument(metavar="noise|useful|none", help="What it was to you; none takes the mark away.")],
    note: Annotated[str, typer.Option(help="Why, for the others.")] = "",
    author: Annotated[str | None, typer.Option(help="Who; default: you.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Say whether an alert was of use. `rules suggest` learns from it what the rule could leave out.

    \b
    Examples:
      watcher alerts mark 3f9c2a noise --note "football again"
      watcher alerts mark 3f9c2a none
    """
    import getpass

    from watcher import store
    from watcher.model import Reason

    def write(conn: Connection) -> str:
        found = _one(conn, alert)
        if found.reason is Reason.NOTICE:
            raise WatcherError(f"{found.id} is a notice to the operators: only alerts of rules can be marked")
        if verdict is Verdict.NONE:
            store.marks.take(conn, found.id)
        else:
            store.marks.put(conn, found.id, verdict.value, note=note.strip(), author=author or getpass.getuser(), now=now)
        return found.id

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        identity = database.write_now(write)
    said = None if verdict is Verdict.NONE else verdict.value
    if as_json:
        output.emit({"id": identity, "verdict": said, "note": note.strip() if said else ""})
    else:
        output.say(f"{identity}: {f'marked {said}' if said else 'no mark'}")


@app.command()
def resend(
    ctx: typer.Context,
    alert: AlertIdentity,
    channel: Annotated[str | None, typer.Option(help="Only by this channel.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Send an alert again, with its first id, so that receivers that have it can tell.

    \b
    Example:
      watcher alerts resend 3f9c2a --channel desk
    """
    from watcher import store
    from watcher.cli import wake

    url = opened.database(ctx)
    with opened.store(url) as database:
        now = database.clock()

        def write(conn: Connection) -> tuple[str, int]:
            found = _one(conn, alert)
            return found.id, store.deliveries.resend(conn, found.id, now=now, channel=channel)

        identity, count = database.write_now(write)
    told = wake.daemons(url)
    if as_json:
        output.emit({"id": identity, "deliveries": count, "daemons": told})
    else:
        output.say(f"{identity}: {count} deliveries due again" + ("" if told else "; they go out when the daemon runs"))
    raise typer.Exit(boundary.FINE if count else boundary.NO)


@app.command()
def feed(
    ctx: typer.Context,
    kind: Annotated[FeedFormat, typer.Option("--format", help="Atom, or JSON Feed.")] = FeedFormat.ATOM,
    rule: Annotated[str | None, typer.Option(help="Only alerts of this rule.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there, all at once; default: stdout.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="At most this many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write the newest alerts as a feed, for those who read feeds. The web page has the same at /alerts.atom and /alerts.json.

    \b
    Example:
      watcher alerts feed --format atom -o /srv/www/alerts.atom
    """
    import sys

    from watcher import store
    from watcher.alerts.render import feed as feeds

    with opened.store(opened.database(ctx)) as database:
        now = database.clock()
        found = database.read_now(lambda conn: store.alerts.listing(conn, limit=limit, rule=rule, notices_too=False))
    body = feeds.json_feed(found) if as_json or kind is FeedFormat.JSON else feeds.atom(found, now=now)
    if out is None:
        sys.stdout.buffer.write(body + b"\n")
        return
    fresh = out.with_name(f".{out.name}.new")  # a reader never sees half of it
    try:
        fresh.write_bytes(body)
        fresh.replace(out)
    except OSError as error:
        raise WatcherError(f"{out} cannot be written: {error.strerror}") from None


def span(text: str) -> timedelta:
    """A duration as in the configuration: ``90s``, ``15m``, ``6h``, ``7d``.

    :raises typer.BadParameter: it is none.
    """
    from watcher.config import units

    try:
        return units.duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _one(conn: Connection, wanted: str) -> Alert:
    from watcher import store

    found = store.alerts.get(conn, wanted)
    if found is None:
        raise WatcherError(f"no alert, or more than one, has an id that begins with {wanted!r}")
    return found


def _marked(mark: dict[str, Any]) -> str:
    note = f": {mark['note']}" if mark["note"] else ""
    return f"marked {mark['verdict']} by {mark['author']} at {output.when(mark['marked_at'])}{note}"


def _row(alert: Alert, mark: dict[str, Any] | None) -> dict[str, Any]:
    article = alert.payload.get("article") or {}
    return {
        "id": alert.id,
        "created_at": output.when(alert.created_at),
        "rule": alert.rule,
        "severity": alert.severity.value,
        "reason": alert.reason.value,
        "update": alert.update,
        "title": article.get("title") or alert.payload.get("subject") or "",
        "url": article.get("url"),
        "feed": article.get("feed"),
        "mark": mark,
    }
