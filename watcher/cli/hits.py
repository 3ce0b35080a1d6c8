"""``watcher rules list``: what each rule did lately, and which feeds it listens to."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import opened, output
from watcher.errors import StoreError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Rule
    from watcher.store.hits import Hits

DAYS = (1, 7, 30)


class Order(StrEnum):
    """What the list is sorted by."""

    NAME = "name"
    MATCHED = "matched"
    ALERTED = "alerted"
    LAST = "last"


def list_(
    ctx: typer.Context,
    sort: Annotated[Order, typer.Option(help="By name, by matches or alerts of 30 days, or by the last hit.")] = Order.NAME,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only rules that matched nothing in the last 30 days.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """List the rules with what they matched and told in the last 1, 7 and 30 days, and the feeds that they listen to.

    \b
    Examples:
      watcher rules list --sort alerted
      watcher rules list --quiet --json
    """
    loaded = opened.configuration(ctx)
    done, titles, blind, note = _history(loaded)
    ears = _Ears(loaded, titles, blind)
    rows = [_row(rule, done.get(rule.name), ears) for rule in loaded.rules]
    known = {rule.name for rule in loaded.rules}
    rows += [_gone(name, hits) for name, hits in sorted(done.items()) if name not in known]
    if quiet:
        rows = [row for row in rows if not row["matched"]["30d"] and row["configured"]]
    rows.sort(key=_KEYS[sort])
    if as_json:
        for row in rows:
            output.emit(row)
        return
    if note:
        output.warn(note)
    shown = [
        (
            row["rule"] if row["configured"] else f"{row['rule']} (no longer configured)",
            *(_count(row, span) for span in ("1d", "7d", "30d")),
            output.ago(datetime.fromisoformat(row["last_hit"]) if row["last_hit"] else None, datetime.now(UTC)),
            _heard(row, len(loaded.feeds)),
            row["severity"] or "",
        )
        for row in rows
    ]
    columns = ("rule", "in 1 day", "in 7 days", "in 30 days", "last hit", "feeds", "severity")
    output.table(columns, shown, empty="no rules" if not quiet else "every rule has matched something")


def _count(row: dict[str, Any], span: str) -> str:
    return f"{row['matched'][span]} ({row['alerted'][span]} told)" if row["matched"][span] else "–"


def _heard(row: dict[str, Any], every: int) -> str:
    blind = f", {len(row['blind'])} blind" if row["blind"] else ""
    return f"{len(row['feeds'])} of {every}{blind}" if row["configured"] else ""


def _history(loaded: Config) -> tuple[dict[str, Hits], dict[str, str], frozenset[str], str]:
    """The rules' hits, the feeds' own titles by URL, the URLs of blind feeds, and what to say where there is no database yet."""
    from watcher import store

    try:
        with opened.store(loaded.database) as database:
            now = database.clock()
            done = database.read_now(lambda conn: store.hits.of_rules(conn, now=now, days=DAYS))
            return done, database.read_now(store.feeds.titles), database.read_now(store.health.blind), ""
    except StoreError as error:
        return {}, {}, frozenset(), f"no hits are known: {error}"


class _Ears:
    """Which feeds a rule listens to, and which of them are blind; asked once for all rules with the same ``feeds``."""

    def __init__(self, loaded: Config, titles: dict[str, str], blind: frozenset[str]) -> None:
        from watcher.daemon import seen

        self._feeds = [(feed, seen.feed_name(feed, titles.get(feed.url, ""))) for feed in loaded.feeds]
        self._blind = blind
        self._known: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def of(self, rule: Rule) -> dict[str, list[str]]:
        """The names of both, in the order of the configuration."""
        from watcher.rules import scope

        if rule.feeds not in self._known:
            heard = [(feed, name) for feed, name in self._feeds if not rule.feeds or scope.admits_feed(rule.feeds, name, feed.tags)]
            blind = [name for feed, name in heard if feed.url in self._blind]
            self._known[rule.feeds] = {"feeds": [name for _, name in heard], "blind": blind}
        return self._known[rule.feeds]


def _row(rule: Rule, hits: Hits | None, ears: _Ears) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "configured": True,
        **_counts(hits),
        **ears.of(rule),
        "languages": list(rule.languages),
        "severity": rule.severity.value,
        "file": rule.file,
        "line": rule.line,
    }


def _gone(name: str, hits: Hits) -> dict[str, Any]:
    return {
        "rule": name,
        "configured": False,
        **_counts(hits),
        "feeds": [],
        "blind": [],
        "languages": [],
        "severity": None,
        "file": None,
        "line": None,
    }


def _counts(hits: Hits | None) -> dict[str, Any]:
    spans = [f"{days}d" for days in DAYS]
    none = (0,) * len(DAYS)
    return {
        "matched": dict(zip(spans, hits.matched if hits else none, strict=True)),
        "alerted": dict(zip(spans, hits.alerted if hits else none, strict=True)),
        "last_hit": output.when(hits.last_at) if hits else None,
    }


_KEYS: dict[Order, Any] = {
    Order.NAME: lambda row: row["rule"].casefold(),
    Order.MATCHED: lambda row: (-row["matched"]["30d"], row["rule"].casefold()),
    Order.ALERTED: lambda row: (-row["alerted"]["30d"], row["rule"].casefold()),
    Order.LAST: lambda row: ([-ord(char) for char in row["last_hit"]] if row["last_hit"] else [0], row["rule"].casefold()),
}
