"""``watcher why`` and ``why-not``: the trace of one entry through every stage."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import opened, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.model import MatchInput
    from watcher.store import Connection, Store

Wanted = Annotated[str, typer.Argument(metavar="URL|ID", help="The entry's link, its article's canonical URL, or its number.")]


def why(ctx: typer.Context, entry: Wanted, as_json: output.AsJson = False) -> None:
    """Show what became of an entry: fetch, text, matches with evidence, story, decisions, deliveries. Exits 1 when it was never seen.

    \b
    Example:
      watcher why https://example.org/news/1
    """
    with opened.store(opened.database(ctx)) as database:
        facts = database.read_now(lambda conn: _trace(conn, entry))
    if as_json:
        output.emit(facts)
        return
    _show(facts)


def why_not(
    ctx: typer.Context, entry: Wanted, rule: Annotated[str, typer.Argument(metavar="RULE")], as_json: output.AsJson = False
) -> None:
    """Show why a rule of the present configuration holds, or does not, for an entry: each clause with its evidence.

    \b
    Example:
      watcher why-not https://example.org/news/1 japan-ammunition
    """
    loaded = opened.configuration(ctx)
    if rule not in {known.name for known in loaded.rules}:
        raise WatcherError(f"no rule is called {rule!r}")
    with opened.store(loaded.database) as database:
        facts, seen = _article(database, entry, {feed.url: feed.tags for feed in loaded.feeds})
    trace = loaded.rulebook.explain(seen, rule)
    decided = next((match for match in facts["matches"] if match["rule"] == rule), None)
    if as_json:
        output.emit({"entry": facts["id"], "rule": rule, "then": decided, "now": dataclasses.asdict(trace)})
    else:
        output.say(f"{facts['title']} ({facts['url']})")
        output.say(
            f"when it was read: {decided['reason']} {decided['detail']}".rstrip() if decided else "when it was read: the rule did not match"
        )
        output.say("with the present configuration:")
        output.say(str(trace))


def _trace(conn: Connection, wanted: str) -> dict[str, Any]:
    """Everything that the store knows of an entry, JSON-safe.

    :raises WatcherError: it was never seen.
    """
    from watcher import store
    from watcher.alerts import ids

    row = store.entries.find(conn, wanted)
    if row is None:
        raise WatcherError(f"{wanted}: no feed has had an entry with this link or number")
    matches = []
    for match in store.entries.matches_of(conn, row["id"]):
        alert = store.alerts.get(conn, ids.alert_id(match["rule"], row["feed_url"], row["identity"]))
        deliveries = store.alerts.deliveries_of(conn, alert.id) if alert else []
        matches.append(
            {**match, "matched_at": output.when(match["matched_at"]), "alert": alert.id if alert else None, "deliveries": deliveries}
        )
    times = ("published_at", "first_seen_at", "finished_at", "due_at")
    return {
        "id": row["id"],
        "title": row["article_title"] or row["title"],
        "url": row["url"],
        "feed": row["feed_name"] or row["feed_title"] or row["feed_url"],
        "feed_url": row["feed_url"],
        "status": row["status"],
        "reason": row["reason"],
        "attempts": row["attempts"],
        **{key: output.when(row[key]) for key in times},
        "article": {
            "source": row["source"],
            "quality": row["quality"],
            "note": row["note"],
            "characters": len(row["text"] or ""),
            "language": row["article_language"],
            "canonical_url": row["canonical_url"],
        },
        "story": {"id": row["story_id"], "copy_of": row["copy_of"], "similarity": row["similarity"], "basis": row["basis"]},
        "matches": matches,
    }


def _article(database: Store, wanted: str, tags: dict[str, tuple[str, ...]]) -> tuple[dict[str, Any], MatchInput]:
    """The trace, and the article as the rules saw it."""
    from watcher import store
    from watcher.model import MatchInput

    def read(conn: Connection) -> tuple[dict[str, Any], MatchInput]:
        facts, row = _trace(conn, wanted), store.entries.find(conn, wanted) or {}
        if row["text"] is None:
            raise WatcherError(f"{wanted}: the article has not been read yet (status {row['status']}), or is older than retention keeps")
        return facts, MatchInput(
            title=row["article_title"],
            text=row["text"],
            url=row["article_url"] or "",
            author=row["article_author"],
            feed=facts["feed"],
            feed_tags=tags.get(row["feed_url"], ()),
            tags=tuple(row["article_tags"] or ()),
            language=row["article_language"],
            published_at=row["article_published_at"],
        )

    return database.read_now(read)


def _show(facts: dict[str, Any]) -> None:
    article, story = facts["article"], facts["story"]
    output.say(f"{facts['title']} ({facts['url']})")
    output.say(f"feed: {facts['feed']}; published {facts['published_at'] or 'without a date'}, first seen {facts['first_seen_at']}")
    if facts["status"] != "done":
        waits = {
            "new": f"not read yet; due {facts['due_at']}",
            "known": "part of the feed's first document, so it was recorded and not read (backfill)",
        }
        output.say(f"status: {waits.get(facts['status'], facts['status'])} {facts['reason']}".rstrip())
        return
    output.say(
        f"text: {article['characters']} characters of the {article['source']}, quality {article['quality']}. {article['note']}".rstrip()
    )
    copied = f", a copy of entry {story['copy_of']} ({story['similarity']:.0%} by {story['basis']})" if story["copy_of"] else ""
    output.say(f"story {story['id']}{copied}")
    if not facts["matches"]:
        output.say("no rule matched; `watcher why-not URL RULE` shows each clause")
    for match in facts["matches"]:
        output.say(f"rule {match['rule']}: {match['reason']} {match['detail']}".rstrip())
        for found in match["evidence"]:
            doubt = f" (confidence {found['confidence']})" if found.get("confidence") in ("medium", "low") else ""
            output.say(f"  {found['term']} in {found['field']} at {found['start']}{doubt}: {found.get('sentence') or found['text']}")
        for delivery in match["deliveries"]:
            said = " ".join(part for part in (delivery["reason"], delivery["answer"]) if part)
            output.say(f"  {delivery['channel']}: {delivery['state']} after {delivery['attempts']} attempts {said}".rstrip())
