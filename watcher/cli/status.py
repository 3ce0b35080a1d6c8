"""``watcher status``: is it running, and is anything wrong?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from watcher.cli import boundary, opened, output

if TYPE_CHECKING:
    from watcher.store import Connection, Store


def status(ctx: typer.Context, as_json: output.AsJson = False) -> None:
    """Say in a few lines whether the daemon runs and what is wrong: feeds that fail, alerts that were not delivered.

    Exits 1 when no daemon runs or something needs you: a dead channel, a delivery that was given up.
    """
    from watcher import store

    url = opened.database(ctx)
    daemons = running(url)
    with opened.store(url) as database:
        now = database.clock()

        def read(conn: Connection) -> dict[str, Any]:
            notices = [{"condition": key, "since": output.when(at)} for key, at in store.alerts.open_notices(conn)]
            letters = [{**each, "since": output.when(each["since"])} for each in store.history.dead_letters(conn)]
            return {**asdict(store.status.summary(conn, now=now)), "dead_letters": letters, "notices": notices}

        facts = database.read_now(read)
        facts["coverage"] = _coverage(ctx, database)
        facts |= _pace(database, now)
    needs_you = bool(facts["deliveries_dead"] or facts["channels_down"])
    if as_json:
        output.emit({"running": bool(daemons), "daemons": daemons, "ok": bool(daemons) and not needs_you, **facts})
    else:
        _show(facts, daemons, now)
    raise typer.Exit(boundary.NO if needs_you or not daemons else boundary.FINE)


def _coverage(ctx: typer.Context, database: Store) -> list[dict[str, Any]]:
    """Per rule: its sources, and those from which nothing can be expected."""
    from watcher import store
    from watcher.daemon import coverage

    loaded = opened.readable(ctx)
    if loaded is None:
        return []
    blind, names = database.read_now(lambda conn: (store.health.blind(conn), dict(store.health.names(conn))))
    found = coverage.coverage(loaded.rules, loaded.feeds, blind, names)
    return [{"rule": each.rule, "sources": each.sources, "blind": len(each.blind), "blind_sources": list(each.blind)} for each in found]


def _pace(database: Store, now: datetime) -> dict[str, Any]:
    """How fast news is seen, how much of the articles, and when the next feed is polled."""
    from watcher import store
    from watcher.feeds import rhythm
    from watcher.feeds.health import Yield

    packed, pages, due_at = database.read_now(
        lambda conn: (store.health.rhythms(conn), store.health.pages(conn, now=now), store.feeds.next_due_at(conn))
    )
    delays = sorted(delay for delay in (rhythm.unpack(each, 0).delay for each in packed) if delay >= 0)
    share = Yield(sum(row.had + row.had_before for row in pages), sum(row.lost + row.lost_before for row in pages)).share
    return {
        "delay_seconds": {f"p{part}": round(delays[len(delays) * part // 100], 1) if delays else None for part in (50, 95)},
        "yield": round(share, 3) if share is not None else None,
        "next_poll_at": output.when(due_at),
    }


def running(url: str) -> list[dict[str, Any]]:
    """What the daemons on this database that answer say of themselves."""
    from watcher.daemon import control

    found = []
    for socket in control.find(url):
        try:
            found.append(control.ask(socket, "status", seconds=5))
        except control.NoDaemonError:
            continue  # the left-over of a daemon that was killed
    return found


def _show(facts: dict[str, Any], daemons: list[dict[str, Any]], now: datetime) -> None:
    for daemon in daemons:
        output.say(
            f"running: process {daemon.get('pid')}, version {daemon.get('version')}, {daemon.get('feeds')} feeds, {daemon.get('rules')} rules"
        )
    if not daemons:
        output.say("NOT RUNNING: no daemon answers on this database")
    output.say(
        f"feeds: {facts['feeds']}, of these {facts['failing']} failing, {facts['quiet']} quiet and {facts['stopped']} stopped; "
        f"last success {output.ago(facts['last_success_at'], now)}; {facts['feeds_due']} due now"
    )
    half, most = facts["delay_seconds"]["p50"], facts["delay_seconds"]["p95"]
    if half is not None:
        output.say(f"from publication to detection, mean of a feed: half of them within {half:.0f} s, 95 % within {most:.0f} s")
    if facts["yield"] is not None:
        output.say(f"article pages: {facts['yield']:.0%} gave text in the last three days")
    output.say(f"entries: {facts['entries_waiting']} waiting, {facts['entries_dead']} given up in the last week")
    output.say(
        f"alerts: {facts['alerts_24h']} in the last 24 hours; deliveries: {facts['deliveries_due']} on their way, {facts['deliveries_dead']} given up"
    )
    if facts["channels_down"]:
        output.say("channels in trouble: " + ", ".join(facts["channels_down"]))
    if facts["deliveries_dead"]:
        for letter in facts["dead_letters"]:
            output.say(f"  {letter['channel']}: {letter['count']} given up since {letter['since']}: {letter['reason']}")
        output.say("see `watcher deliveries list --failed`, then `watcher alerts resend ID` or `watcher deliveries dismiss ID`")
    for each in facts["coverage"]:
        if each["blind"]:
            output.say(f"{each['rule']}: {each['blind']} of {each['sources']} sources blind: {', '.join(each['blind_sources'][:5])}")
    for notice in facts["notices"]:
        output.say(f"since {notice['since']}: {notice['condition']}")
