"""Telling the operators: once for each trouble, at once, and through a channel that is not the one in trouble.

Without ``[operators]`` in the configuration the log and STATUS say it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from watcher import store
from watcher.alerts import ids, payload, plan
from watcher.daemon import log
from watcher.daemon.runtime import Runtime, Wiring
from watcher.model import Notice, Severity

SHOWN_OF_SILENCE = 10


def raise_notice(
    conn: store.Connection, wiring: Wiring, notice: Notice, *, now: datetime, avoid: str | None = None, again: bool = False
) -> bool:
    """Tell the operators of ``notice`` unless they know already; part of the caller's transaction.

    :param avoid: a channel that is itself in trouble; used only where there is no other.
    :param again: tell each time.
    """
    if not store.alerts.raise_once(conn, notice.key, now=now, again=again):
        return False
    log.get().warning("operators.notice", key=notice.key, subject=notice.subject)
    settings = wiring.config.operators
    if settings is None:
        return True
    names = [name for name in settings.channels if name != avoid] or list(settings.channels)
    alert = payload.notice(notice, now)
    planned = plan.notice(names, wiring.policies, now, disabled=store.deliveries.disabled_channels(conn))
    outgoing = [
        store.alerts.Outgoing(channel=p.channel, due_at=p.due_at, rank=p.rank, message_key=ids.message_key([alert.id], p.channel))
        for p in planned
    ]
    store.alerts.insert(conn, alert, outgoing, notice_key=notice.key)
    return True


def clear_notices(conn: store.Connection, wiring: Wiring, keys: Sequence[str], *, now: datetime) -> None:
    """Note that troubles are over, and say so for each that had been told."""
    for key in keys:
        if store.alerts.clear(conn, key, now=now):
            what = in_words(key)
            over = Notice(key=f"over:{key}", subject=f"Over: {what}", text=f"This is over: {what}", severity=Severity.NORMAL)
            raise_notice(conn, wiring, over, now=now, again=True)


def in_words(key: str) -> str:
    """Return a notice's key for people: ``feed failing: URL``."""
    return key.replace("_", " ", 1).replace(":", ": ", 1)


def bury_orphans(conn: store.Connection, wiring: Wiring, *, now: datetime) -> None:
    """Deliveries of channels that a reload removed become dead with a reason, and are told."""
    for name, count in store.deliveries.orphans(conn, list(wiring.policies), now=now).items():
        text = f"{count} deliveries waited for the channel {name!r}, which is no longer configured. They can be seen with: watcher alerts list --failed"
        raise_notice(
            conn,
            wiring,
            Notice(key=f"channel_removed:{name}", subject=f"Channel {name} was removed with deliveries waiting", text=text),
            now=now,
            again=True,
        )


def silences_ended(conn: store.Connection, wiring: Wiring, *, now: datetime) -> None:
    """Tell of each silence whose time has run out: what it was for, and what it muted."""
    for silence in store.silences.take_ended(conn, now=now):
        what = ", ".join(
            f"{name} {value!r}" for name in ("rule", "feed", "entity", "severity", "text") if (value := getattr(silence, name)) is not None
        )
        count = store.silences.muted(conn, [silence.id])[silence.id]
        newest = store.silences.muted_matches(conn, silence.id, limit=SHOWN_OF_SILENCE)
        lines = [
            f"Silence {silence.id} by {silence.author} ({what}) ended at {silence.until_at:%Y-%m-%d %H:%M} UTC; from now on alerts come again.",
            f"Its comment: {silence.comment}" if silence.comment else "",
            f"It muted {count} match{'es' if count != 1 else ''}" + (", the newest:" if count > len(newest) else ":" if count else "."),
            *(f"- [{match['rule']}] {match['title'] or match['url']}" for match in newest),
            f"All: watcher silence show {silence.id}" if count > len(newest) else "",
        ]
        text = "\n".join(line for line in lines if line)
        over = Notice(key=f"silence_ended:{silence.id}", subject=f"Silence {silence.id} has ended", text=text, severity=Severity.NORMAL)
        raise_notice(conn, wiring, over, now=now, again=True)
        store.alerts.clear(conn, over.key, now=now)  # it is over as it is told: nothing that stays open in `status`


async def tell(runtime: Runtime, notice: Notice, *, again: bool = False) -> None:
    """Tell the operators of something outside of any other transaction."""
    now = runtime.now()
    await runtime.store.write(lambda conn: raise_notice(conn, runtime.wiring, notice, now=now, again=again))
    runtime.hints.deliveries.set()


async def all_clear(runtime: Runtime, keys: Sequence[str]) -> None:
    """Say that troubles are over."""
    now = runtime.now()
    await runtime.store.write(lambda conn: clear_notices(conn, runtime.wiring, keys, now=now))
    runtime.hints.deliveries.set()
