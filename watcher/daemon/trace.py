"""What became of one entry, stage by stage, as values that are safe for JSON: for ``why``, ``why-not`` and whoever shows it.

    which entry?        by number, link, canonical address, or where its page was found
    the feed            where and when it was seen
    the article         page or feed's text, and why
    the story           alone, or beside which, and on what grounds
    each rule           decided then (stored), and each clause now: explained by the code that matches
    each alert          the channels, why these, and every attempt

What was decided is read from the store, not decided again. Clauses are those of the present configuration: where it has changed since, the two are
shown side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from watcher import store
from watcher.alerts import ids, plan
from watcher.config import Config
from watcher.daemon import seen
from watcher.model import Article, Feed, MatchInput, TextSource
from watcher.rules import closure, scope
from watcher.stories.canonical import canonical_url, host_of

FEW = 12  # rules that are explained without being asked for, though they did not match

Row = Mapping[str, Any]


def resolve(conn: store.Connection, wanted: str) -> list[store.lookup.Appearance]:
    """Return the entries that ``wanted`` names: a number, or an address with or without tracking parameters. Oldest first."""
    if wanted.isdecimal():
        return store.lookup.appearances(conn, [int(wanted)] if len(wanted) < 19 else [])
    canonical = canonical_url(wanted)
    found = store.lookup.ids_of(conn, {wanted, wanted.partition("#")[0], canonical})
    part = urlsplit(canonical).path.rstrip("/") if host_of(canonical) else ""
    if not found and part:  # never read: its link may carry parameters that were not asked with
        found = [entry for entry, link in store.lookup.linked_with(conn, part) if canonical_url(link) == canonical]
    return store.lookup.appearances(conn, found)


def choose(appearances: list[store.lookup.Appearance]) -> store.lookup.Appearance:
    """Return the appearance to tell of: the first that was read, else the first."""
    return next((each for each in appearances if each.status == "done"), appearances[0])


def unknown(conn: store.Connection, wanted: str) -> list[store.lookup.FeedState]:
    """Return the configured feeds of the site that ``wanted`` is on: the entry may still come, or have been missed."""
    site = _site(wanted)
    return [feed for feed in store.lookup.feed_states(conn) if site and _site(feed.url) == site]


def _site(url: str) -> str:
    """The last two labels of a host, near enough to tell whose it is; "" for what is no web address."""
    return ".".join(host_of(url).partition(":")[0].split(".")[-2:])


def article_of(row: Row) -> Article | None:
    """Return the article of an entry as it was read, from its row (``store.entries.find``); None where it was not, or is forgotten."""
    if row["text"] is None:
        return None
    return Article(
        title=row["article_title"],
        text=row["text"],
        url=row["article_url"],
        canonical_url=row["canonical_url"],
        author=row["article_author"],
        language=row["article_language"],
        published_at=row["article_published_at"],
        source=TextSource(row["source"]),
        quality=row["quality"],
        note=row["note"],
        tags=tuple(row["article_tags"] or ()),
    )


def as_seen(row: Row, loaded: Config) -> MatchInput | None:
    """Return what the rules saw of an entry, with its feed as it is configured now; None where there is no article."""
    article = article_of(row)
    if article is None:
        return None
    feed = next((each for each in loaded.feeds if each.url == row["feed_url"]), Feed(url=row["feed_url"], name=row["feed_name"]))
    return seen.match_input(article, feed, seen.feed_name(feed, row["feed_title"]))


def trace(conn: store.Connection, entry: int, loaded: Config | None, *, everything: bool = False) -> dict[str, Any]:
    """Return everything about an entry that exists.

    :param loaded: the present configuration, for the clauses and for why a channel was chosen; None where it cannot be loaded.
    :param everything: the clauses of rules that did not match, too, however many there are.
    """
    row = store.entries.find(conn, str(entry))
    assert row is not None
    known = {each["rule"]: each for each in store.entries.matches_of(conn, entry)}
    article = as_seen(row, loaded) if loaded else None
    rules = [_decided(conn, row, known[name], loaded, article) for name in known]
    if loaded is not None and article is not None:
        rules += [_new(loaded, article, match.rule) for match in loaded.rulebook.match(article) if match.rule not in known]
    return {
        "id": row["id"],
        "title": row["article_title"] or row["title"],
        "url": row["url"],
        "feed": row["feed_name"] or row["feed_title"] or row["feed_url"],
        "feed_url": row["feed_url"],
        "status": row["status"],
        "outcome": _outcome(row, rules),
        "reason": row["reason"],
        "attempts": row["attempts"],
        **{key: _when(row[key]) for key in ("published_at", "first_seen_at", "finished_at", "due_at")},
        "article": _article(row),
        "story": _story(conn, row),
        "matches": [rule for rule in rules if rule["then"]],
        "changed": [rule for rule in rules if not rule["then"]],
        **_others(loaded, article, {rule["rule"] for rule in rules}, everything=everything),
    }


def _others(loaded: Config | None, article: MatchInput | None, shown: set[str], *, everything: bool) -> dict[str, Any]:
    """The rules that did not match and do not: how many, and the clauses of each where there are few or all were asked for."""
    if loaded is None:
        return {"other_rules": None, "others": []}
    names = [rule.name for rule in loaded.rules if rule.name not in shown]
    asked = names if article is not None and (everything or len(names) <= FEW) else []
    return {"other_rules": len(names), "others": [_now(loaded, article, name) for name in asked if article is not None]}


def _now(loaded: Config, article: MatchInput, rule: str) -> dict[str, Any]:
    return {"rule": rule, "now": asdict(loaded.rulebook.explain(article, rule))}


def explain(conn: store.Connection, entry: int, loaded: Config, rule: str) -> dict[str, Any]:
    """Return one rule's side of an entry: what was decided then, and each clause now.

    :raises KeyError: there is no such rule in the configuration.
    """
    row = store.entries.find(conn, str(entry))
    assert row is not None
    known = {each["rule"]: each for each in store.entries.matches_of(conn, entry)}
    article = as_seen(row, loaded)
    found = next(each for each in loaded.rules if each.name == rule)
    now = loaded.rulebook.explain(article, rule) if article else None
    return {
        "entry": row["id"],
        "title": row["article_title"] or row["title"],
        "url": row["url"],
        "feed": row["feed_name"] or row["feed_title"] or row["feed_url"],
        "status": row["status"],
        "first_seen_at": _when(row["first_seen_at"]),
        "article": _article(row),
        "rule": rule,
        "file": found.file,
        "line": found.line,
        "then": _decided(conn, row, known[rule], None, None) if rule in known else None,
        "now": asdict(now) if now else None,
        "entities": _entities(loaded, article, rule) if article else {},
        "scope": None if article is None else {
            "feeds": not found.feeds or scope.admits_feed(found.feeds, article.feed, article.feed_tags),
            "languages": not found.languages or scope.admits_language(found.languages, article.language),
        },
    }  # fmt: skip


def _outcome(row: Row, rules: list[dict[str, Any]]) -> str:
    """The whole in a word: ``known`` (the feed's first document), ``waiting``, ``dead``, ``alerted``, ``not_told``, ``no_match``."""
    if row["status"] != "done":
        return "waiting" if row["status"] == "new" else str(row["status"])
    then = [rule for rule in rules if rule["then"]]
    return "no_match" if not then else "alerted" if any(rule["alert"] for rule in then) else "not_told"


def _article(row: Row) -> dict[str, Any]:
    return {
        "source": row["source"],
        "quality": row["quality"],
        "note": row["note"],
        "characters": len(row["text"] or ""),
        "language": row["article_language"],
        "canonical_url": row["canonical_url"],
        "page_url": row["page_url"] or (row["article_url"] if row["source"] == "page" else None),
    }


def _story(conn: store.Connection, row: Row) -> dict[str, Any]:
    beside = [each for each in store.lookup.story_of(conn, row["story_id"]) if each["entry"] != row["id"]] if row["story_id"] else []
    return {
        "id": row["story_id"],
        "copy_of": row["copy_of"],
        "similarity": row["similarity"],
        "basis": row["basis"],
        "near": row["near_id"],
        "parts": row["parts"],
        "origin": row["origin"],
        "beside": beside,
    }


def _decided(conn: store.Connection, row: Row, match: Row, loaded: Config | None, article: MatchInput | None) -> dict[str, Any]:
    """A rule that matched then: the stored decision, its deliveries, and the clauses now."""
    alert = store.alerts.get(conn, ids.alert_id(match["rule"], row["feed_url"], row["identity"]))
    now, because = None, {}
    if loaded is not None and (rule := next((each for each in loaded.rules if each.name == match["rule"]), None)):
        now = loaded.rulebook.explain(article, rule.name) if article else None
        because = _because(conn, loaded, row, match)
    deliveries = [
        _safe(each) | {"because": because.get(each["channel"])} for each in (store.alerts.deliveries_of(conn, alert.id) if alert else ())
    ]
    return {
        "rule": match["rule"],
        "then": True,
        "reason": match["reason"],
        "detail": match["detail"],
        "is_update": match["is_update"],
        "score": match["score"],
        "matched_at": _when(match["matched_at"]),
        "evidence": match["evidence"],
        "alert": alert.id if alert else None,
        "mark": _safe(store.marks.of(conn, [alert.id]).get(alert.id)) if alert else None,
        **_safe(store.escalations.acknowledgement(conn, alert.id) if alert else {"acknowledged_at": None, "acknowledged_by": None}),
        "escalations": _safe(store.escalations.of_alert(conn, alert.id)) if alert else [],
        "deliveries": deliveries,
        "now": asdict(now) if now else None,
        "holds_now": now.holds if now else None,
        "entities": _entities(loaded, article, match["rule"]) if loaded and article and now else {},
    }


def _new(loaded: Config, article: MatchInput, rule: str) -> dict[str, Any]:
    """A rule that did not match then and does now: it was changed, or added."""
    return {**_now(loaded, article, rule), "then": False, "holds_now": True, "alert": None, "reason": "not_matched"}


def _entities(loaded: Config, article: MatchInput, rule: str) -> dict[str, list[dict[str, Any]]]:
    """Each occurrence of the entities that a rule names, with its context and the verdict on it."""
    named = closure.reach([("%", rule)], closure.named((loaded.rules, loaded.entities, loaded.terms)))
    wanted = [entity.id for entity in loaded.entities if ("@", entity.id) in named]
    return {name: [asdict(each) for each in found] for name, found in loaded.rulebook.mentions(article, wanted).items() if found}


def _because(conn: store.Connection, loaded: Config, row: Row, match: Row) -> dict[str, str]:
    """Why each channel is one of the rule's, by the present configuration: ``all channels``, ``the rule``, ``route 2``, ``fallback of NAME``."""
    rule = next(each for each in loaded.rules if each.name == match["rule"])
    feed = next((each for each in loaded.feeds if each.url == row["feed_url"]), Feed(url=row["feed_url"], name=row["feed_name"]))
    view = store.stories.view(conn, row["story_id"])
    occasion = plan.Occasion(
        feed=seen.feed_name(feed, row["feed_title"]),
        tags=feed.tags,
        entities=tuple(row["article_entities"] or ()),
        language=row["article_language"],
        sources=view.sources,
        articles=view.articles,
        disabled=store.deliveries.disabled_channels(conn),
    )
    policies = {name: policy for name, (policy, _) in loaded.channels.items()}
    found: dict[str, str] = {}
    for step in plan.trace(rule, loaded.routes, policies, occasion):
        own = "all channels" if rule.channels is None else "the rule"
        because = own if step.route is None else f"route {step.route}"
        for name in step.channels if step.followed else ():
            if name in policies:
                standing = plan.standing_for(name, policies, occasion.disabled)
                found.setdefault(standing, because if standing == name else f"fallback of {name}")
    return found


def _safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return _when(value) if isinstance(value, datetime) else value


def _when(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at is not None else None
