"""``watcher why`` and ``why-not``: the trace of one entry through every stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import opened, output, verdict
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.store import Connection
    from watcher.store.lookup import Appearance

Wanted = Annotated[
    str,
    typer.Argument(metavar="URL|ID", help="The entry's link, with or without tracking parameters; where its page was found; its number."),
]


def why(
    ctx: typer.Context,
    entry: Wanted,
    everything: Annotated[bool, typer.Option("--all", help="Every clause of every rule, also of those that did not match.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Show what became of an entry: feed, text, story, each rule's decision with its clauses, each delivery with its attempts.

    Exits 1 when it was never seen, and says what is known of its site.

    \b
    Examples:
      watcher why https://example.org/news/1
      watcher why 4711 --json
    """
    from watcher.daemon import trace

    loaded, trouble = _configuration(ctx)
    with opened.store(opened.database(ctx)) as database:
        found, others = database.read_now(lambda conn: _found(conn, entry))
        facts = database.read_now(lambda conn: trace.trace(conn, found.id, loaded, everything=everything))
    facts["elsewhere"] = [_appearance(each) for each in others]
    if as_json:
        output.emit(facts)
        return
    for line in verdict.of_entry(facts, everything=everything):
        output.say(line)
    if trouble:
        output.warn(f"rules are shown without their clauses: {trouble}")


def why_not(
    ctx: typer.Context, entry: Wanted, rule: Annotated[str, typer.Argument(metavar="RULE")], as_json: output.AsJson = False
) -> None:
    """Show why a rule of the present configuration holds, or does not, for an entry: each clause with its evidence.

    \b
    Example:
      watcher why-not https://example.org/news/1 japan-ammunition
    """
    from watcher.daemon import trace
    from watcher.rules import query

    loaded = opened.configuration(ctx)
    names = [known.name for known in loaded.rules]
    if rule not in names:
        raise WatcherError(f"no rule is called {rule!r}{query.suggest(rule, names)}")
    with opened.store(loaded.database) as database:
        found, others = database.read_now(lambda conn: _found(conn, entry))
        facts = database.read_now(lambda conn: trace.explain(conn, found.id, loaded, rule))
    facts["elsewhere"] = [_appearance(each) for each in others]
    if facts["now"] is None and facts["then"] is None and facts["status"] == "done":
        raise WatcherError(f"{entry}: its text is older than retention keeps, so clauses can no longer be tried")
    if as_json:
        output.emit(facts)
        return
    for line in verdict.of_rule(facts):
        output.say(line)


def _configuration(ctx: typer.Context) -> tuple[Config | None, str]:
    """The configuration, or why it cannot be had: what was decided can be told without it."""
    from watcher.config import ConfigErrors

    try:
        return opened.configuration(ctx), ""
    except ConfigErrors as errors:
        return None, f"the configuration does not load: {str(errors).splitlines()[0]}"


def _found(conn: Connection, wanted: str) -> tuple[Appearance, list[Appearance]]:
    """The entry to tell of, and where else the same address was seen.

    :raises WatcherError: nowhere; with what may be the reason.
    """
    from watcher.daemon import trace

    everywhere = trace.resolve(conn, wanted)
    if everywhere:
        chosen = trace.choose(everywhere)
        return chosen, [each for each in everywhere if each is not chosen]
    if wanted.isdecimal():
        raise WatcherError(f"{wanted}: there is no entry with this number")
    if not wanted.lower().startswith(("http://", "https://")):
        raise WatcherError(f"{wanted!r} is neither the link of an entry (https://…) nor its number")
    lines = [f"{wanted}: no feed has had an entry with this link"]
    feeds = trace.unknown(conn, wanted)
    for feed in feeds:
        polled = f"last polled {output.when(feed.last_polled_at)}" if feed.last_polled_at else "not polled yet"
        failing = f", failed {feed.failures} time{'s' if feed.failures != 1 else ''} in a row: {feed.last_error}" if feed.failures else ""
        due = f", due {output.when(feed.due_at)}" if feed.due_at else ", stopped"
        lines.append(f"  its site has the feed {feed.name} ({feed.url}): {polled}{failing}{due}")
    if feeds:
        lines.append("  it may not be in that feed, may have left it before it was polled, or its link may differ: watcher feeds poll NAME")
    else:
        lines.append("  no configured feed is on its site: watcher feeds discover URL finds one, watcher feeds add URL follows it")
    raise WatcherError("\n".join(lines))


def _appearance(each: Appearance) -> dict[str, Any]:
    return {"id": each.id, "feed": each.feed, "url": each.url, "first_seen_at": output.when(each.first_seen_at), "status": each.status}
