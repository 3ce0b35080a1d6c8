"""What `watcher feeds list` shows of a feed: how it is doing, how fast its news is seen, and when it is polled next and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from watcher.cli import output
from watcher.feeds import health, rhythm, schedule
from watcher.model import Feed, FeedState
from watcher.store.health import BLIND_AFTER, Pages

COLUMNS = ("feed", "last success", "last news", "delay", "yield", "next poll", "entries", "trouble", "url")
_STATE = tuple(field.name for field in fields(FeedState))


def row(found: Mapping[str, Any], pages: Pages | None, configured: Feed | None, hub: str | None = None) -> dict[str, Any]:
    """Return one feed as ``--json`` prints it.

    :param found: a row of ``store.feeds.listing``.
    :param hub: how its WebSub subscription stands.
    :param configured: the feed in the configuration, where that can be read.
    """
    state = FeedState(**{name: found[name] for name in _STATE})
    began = (state.baseline_at or state.last_polled_at or state.due_at or datetime.fromtimestamp(0).astimezone()).timestamp()
    delay = rhythm.unpack(state.rhythm, began).delay
    times = ("due_at", "last_polled_at", "last_success_at", "last_new_at", "gone_at", "quiet_at", "lied_at")
    shown = ("url", "name", "title", "host", "failures", "last_error", "entries", "new_24h")
    share = health.Yield(pages.had + pages.had_before, pages.lost + pages.lost_before).share if pages is not None else None
    return {
        **{key: found[key] for key in shown},
        **{key: output.when(found[key]) for key in times},
        "interval_seconds": state.interval.total_seconds(),
        "delay_seconds": round(delay, 1) if delay >= 0 else None,
        "yield": round(share, 3) if share is not None else None,
        "polling": found["claimed_at"] is not None,  # then due_at is when its claim would lapse
        "next_why": schedule.why(state, fixed=configured is not None and configured.interval is not None),
        "websub": hub,
        "trouble": trouble(state),
        "blind": _blind(state),
    }


def _blind(state: FeedState) -> bool:
    never_read = state.last_success_at is None and state.failures > 0
    return state.gone_at is not None or state.failures >= BLIND_AFTER or state.quiet_at is not None or never_read


def trouble(state: FeedState) -> str | None:
    """Return what is wrong with a feed, for people; None when nothing is."""
    if state.failures:
        return state.last_error or "failing"
    if state.gone_at is not None:
        return "gone (410)"
    if state.quiet_at is not None:
        return "quiet for longer than its rhythm allows"
    if state.lied_at is not None:
        return "its server answered 304 while it had news"
    return None


def cells(shown: Mapping[str, Any], found: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """Return the same feed as a line of the table."""
    delay, share = shown["delay_seconds"], shown["yield"]
    due = f"{output.ago(found['due_at'], now)}: {shown['next_why']}" if found["due_at"] else str(shown["next_why"])
    if shown["polling"]:
        due = "now: being polled"
    return (
        str(shown["name"] or shown["title"] or shown["host"]),
        output.ago(found["last_success_at"], now),
        output.ago(found["last_new_at"], now),
        _span(delay) if delay is not None else "",
        f"{share:.0%}" if share is not None else "",
        due,
        f"{shown['entries']} ({shown['new_24h']} new)",
        str(shown["trouble"] or "").replace(f"{shown['url']}: ", ""),
        str(shown["url"]),
    )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
