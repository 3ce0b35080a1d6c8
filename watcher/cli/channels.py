"""``watcher channels``: does a message get through?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output, wake
from watcher.errors import DeliveryError, StoreError, WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import ChannelPolicy, Receipt


class Form(StrEnum):
    """How :func:`preview` shows a message."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


app = typer.Typer(no_args_is_help=True, help="Does a message get through?")

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("list")
def list_(ctx: typer.Context, as_json: output.AsJson = False) -> None:
    """List the configured channels: when they send, who stands in for them, and how they are.

    \b
    Example:
      watcher channels list --json
    """
    loaded = opened.configuration(ctx)
    states = _states(loaded)
    rows = [{**_plan(policy), "state": states.get(policy.name, "ok")} for policy, _ in loaded.channels.values()]
    if as_json:
        for row in rows:
            output.emit(row)
        return
    shown = ("digest", "group", "quiet", "fallback", "escalate")
    table = [(r["name"], r["type"], "; ".join(f"{key} {r[key]}" for key in shown if r[key]) or "at once", r["state"]) for r in rows]
    output.table(("channel", "type", "when", "state"), table, empty="no channels")


def _plan(policy: ChannelPolicy) -> dict[str, Any]:
    from watcher.config.units import duration_text

    group = [duration_text(span) for span in policy.group] if policy.group else None
    quiet = [f"{at:%H:%M}" for at in policy.quiet] if policy.quiet else None
    escalate = policy.escalate
    return {
        "name": policy.name,
        "type": policy.type,
        "timezone": policy.timezone,
        "digest": policy.digest,
        "group": f"{group[0]} / {group[1]}" if group else None,
        "quiet": "-".join(quiet) if quiet else None,
        "fallback": policy.fallback,
        "escalate": f"after {duration_text(escalate[0])} to {', '.join(escalate[1])}" if escalate else None,
    }


def _states(loaded: Config) -> dict[str, str]:
    """What is wrong with channels, by name; nothing before the first run."""
    from watcher import store

    try:
        with opened.store(loaded.database) as database:
            now = database.clock()
            return database.read_now(lambda conn: store.deliveries.troubles(conn, now=now))
    except StoreError:
        return {}


@app.command()
def test(ctx: typer.Context, name: Name, as_json: output.AsJson = False) -> None:  # noqa: PT028  a command, no test
    """Send one test message by a channel now and show what the receiver says. Exits 1 when it was not accepted.

    \b
    Example:
      watcher channels test desk
    """
    import asyncio

    loaded = opened.configuration(ctx)
    if name not in loaded.channels:
        raise WatcherError(f"no channel is called {name!r}; configured: {', '.join(loaded.channels) or 'none'}")
    try:
        receipt = asyncio.run(_send(loaded, name))
    except DeliveryError as error:
        if not as_json:
            raise
        output.emit({"channel": name, "ok": False, "reason": error.reason, "error": str(error), "recipients": []})
        raise typer.Exit(boundary.NO) from None
    refused = [outcome for outcome in receipt.recipients if outcome.state != "sent"]
    if as_json:
        recipients = [{"address": r.address, "state": r.state.value, "answer": r.answer} for r in receipt.recipients]
        output.emit({"channel": name, "ok": not refused, "answer": receipt.answer, "recipients": recipients})
    else:
        output.say(f"{name}: accepted: {receipt.answer or 'ok'}" if not refused else f"{name}: not accepted for everybody")
        for outcome in refused:
            output.say(f"  {outcome.address}: {outcome.state}: {outcome.answer}")
    raise typer.Exit(boundary.NO if refused else boundary.FINE)


@app.command()
def preview(
    ctx: typer.Context,
    name: Name,
    kind: Annotated[
        Form | None, typer.Option("--format", help="text: as read; html: a mail's HTML part; json: what is sent. Default: text, or json.")
    ] = None,
    alert: Annotated[str | None, typer.Option("--alert", metavar="ID", help="An alert of the database; default: a sample.")] = None,
    several: Annotated[int, typer.Option("--several", metavar="N", min=1, max=1000, help="A digest of this many samples.")] = 1,
    as_json: output.AsJson = False,
) -> None:
    """Show a message as a channel's readers would get it; nothing is sent. Links in it are samples.

    \b
    Examples:
      watcher channels preview desk
      watcher channels preview desk --format html --alert 3f9c2a > alert.html
    """
    from watcher.cli import previews

    loaded = opened.configuration(ctx)
    if name not in loaded.channels:
        raise WatcherError(f"no channel is called {name!r}; configured: {', '.join(loaded.channels) or 'none'}")
    message = previews.render(loaded, name, wanted=alert, several=several)
    if as_json:
        output.emit(previews.as_json(message))
    else:
        print(previews.shown(message, kind.value if kind else None))


@app.command()
def enable(ctx: typer.Context, name: Name, as_json: output.AsJson = False) -> None:
    """Use a channel again that was disabled because its receiver was gone (410), or that asked us to wait.

    \b
    Example:
      watcher channels enable defence
    """
    from watcher import store

    url = opened.database(ctx)
    with opened.store(url) as database:
        database.write_now(lambda conn: store.deliveries.enable_channels(conn, [name]))
    told = wake.daemons(url)
    if as_json:
        output.emit({"channel": name, "daemons": told})
    else:
        output.say(f"{name} is used again" + ("" if told else " when the daemon runs"))


async def _send(loaded: Config, name: str) -> Receipt:
    """Render a notice as the daemon would and hand it to the channel; nothing is stored."""
    from datetime import UTC, datetime

    from watcher.alerts import ids, payload
    from watcher.daemon import wire
    from watcher.model import Delivery, DeliveryId, Notice, Severity

    now = datetime.now(UTC)
    text = f"This is a test of the channel {name}, sent by `watcher channels test`. Nothing has happened."
    alert = payload.notice(Notice(key=f"test:{name}", subject=f"Test of channel {name}", text=text, severity=Severity.LOW), now)
    delivery = Delivery(
        id=DeliveryId(0),
        channel=name,
        alerts=(alert,),
        message_key=ids.message_key([alert.id], name),
        epoch=0,
        attempts=0,
        due_at=now,
        created_at=now,
    )
    wiring = wire.wire(loaded)
    try:
        return await wiring.channels[name].send(wiring.renderer.render(delivery, name, now))
    finally:
        await wiring.close()
