"""``watcher routes``: who would be told, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.errors import StoreError, WatcherError

if TYPE_CHECKING:
    from watcher.alerts import plan
    from watcher.config import Config
    from watcher.model import Route, Rule
    from watcher.store import Connection

app = typer.Typer(no_args_is_help=True, help="Who would be told of an alert, when, and why.")

_CONDITIONS = ("severity", "rule", "entity", "tag", "language", "feed", "min_sources", "min_articles")


@dataclass(frozen=True, slots=True)
class _Case:
    """An alert that could be: its rule, and what routes ask about."""

    rule: Rule
    occasion: plan.Occasion


@app.callback()
def group() -> None:
    """Keep `routes` a group of commands."""


@app.command("test")
def dry_run(
    ctx: typer.Context,
    url: Annotated[
        str | None, typer.Option(metavar="URL|ID", help="An article that was read: each rule that it matched, with its story as it is now.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="The rule; default: one without channels of its own.")] = None,
    severity: Annotated[str | None, typer.Option(help="In place of the rule's own.")] = None,
    entity: Annotated[list[str] | None, typer.Option(help="An entity that was found; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the feed; may be repeated.")] = None,
    feed: Annotated[str, typer.Option(help="The feed's name.")] = "",
    language: Annotated[str | None, typer.Option(help="The article's language.")] = None,
    sources: Annotated[int, typer.Option(min=1, help="Independent sources of the story.")] = 1,
    articles: Annotated[int | None, typer.Option(min=1, help="Articles of the story. Default: as many as sources.")] = None,
    as_json: output.AsJson = False,
) -> None:
    """Show which channels an alert would go to, when, and what each route says to it. Exits 1 when nobody would be told.

    \b
    Examples:
      watcher routes test --severity urgent --entity patriot --tag ukraine
      watcher routes test --url https://example.org/news/1
    """
    from watcher.alerts import plan

    loaded = opened.configuration(ctx)
    disabled = _disabled(loaded)
    if url is not None:
        cases = _of_article(loaded, url, disabled)
    else:
        of = _rule(loaded, rule, severity)
        occasion = plan.Occasion(
            feed=feed, tags=tuple(tag or ()), entities=tuple(entity or ()), language=language, sources=sources, articles=articles or sources,
            disabled=disabled,
        )  # fmt: skip
        cases = [_Case(of, occasion)]
    answers = [_answer(loaded, case) for case in cases]
    for answer in answers:
        output.emit(answer) if as_json else _show(answer)
    raise typer.Exit(boundary.FINE if any(answer["channels"] for answer in answers) else boundary.NO)


def _rule(loaded: Config, name: str | None, severity: str | None) -> Rule:
    """The rule of that name, or a nameless one without channels.

    :raises WatcherError: there is no such rule. :raises typer.BadParameter: no severity.
    """
    from watcher.model import Rule, Severity

    if severity is not None and severity not in list(Severity):
        raise typer.BadParameter(f"a severity is one of {', '.join(Severity)}, not {severity!r}")
    known = {each.name: each for each in loaded.rules}
    if name is not None and name not in known:
        raise WatcherError(f"no rule is called {name!r}")
    of = Rule(name="", channels=()) if name is None else known[name]
    return of if severity is None else replace(of, severity=Severity(severity))


def _disabled(loaded: Config) -> frozenset[str]:
    """Channels whose receiver is gone, where there is a database to ask."""
    from watcher import store

    try:
        with opened.store(loaded.database) as database:
            return database.read_now(store.deliveries.disabled_channels)
    except StoreError:
        return frozenset()  # before the first run


def _of_article(loaded: Config, wanted: str, disabled: frozenset[str]) -> list[_Case]:
    from watcher import store
    from watcher.alerts import plan

    def read(conn: Connection) -> list[_Case]:
        row = store.entries.find(conn, wanted)
        if row is None:
            raise WatcherError(f"{wanted}: no feed has had an entry with this link or number")
        if row["story_id"] is None:
            raise WatcherError(f"{wanted}: the article has not been read yet")
        view = store.stories.view(conn, row["story_id"])
        tags = next((each.tags for each in loaded.feeds if each.url == row["feed_url"]), ())
        matches = store.entries.matches_of(conn, row["id"])
        found = tuple(dict.fromkeys(e["entity"] for match in matches for e in match["evidence"] if e.get("entity")))
        occasion = plan.Occasion(
            feed=row["feed_name"] or row["feed_title"] or "", tags=tags, entities=found, language=row["article_language"],
            sources=view.sources, articles=view.articles, disabled=disabled,
        )  # fmt: skip
        known = {rule.name: rule for rule in loaded.rules}
        return [_Case(known[match["rule"]], occasion) for match in matches if match["rule"] in known]

    with opened.store(loaded.database) as database:
        cases = database.read_now(read)
    if not cases:
        raise WatcherError(f"{wanted}: no rule of the configuration matched it; `watcher why-not URL RULE` shows each clause")
    return cases


def _answer(loaded: Config, case: _Case) -> dict[str, Any]:
    """What would happen, JSON-safe."""
    from datetime import UTC, datetime

    from watcher.alerts import plan
    from watcher.model import Alert, AlertId, Reason

    now = datetime.now(UTC)
    policies = {name: policy for name, (policy, _) in loaded.channels.items()}
    steps = plan.trace(case.rule, loaded.routes, policies, case.occasion)
    alert = Alert(id=AlertId(""), rule=case.rule.name, severity=case.rule.severity, reason=Reason.FIRST_SEEN, created_at=now, payload={})
    planned = {p.channel: p for p in plan.plan(alert, case.rule, loaded.routes, policies, case.occasion, now)}
    waiting = {each.channel: each for each in plan.escalations(alert, planned.values(), policies, now)}
    channels = []
    for name, delivery in planned.items():
        sent = [
            s
            for s in steps
            if s.followed and name in [plan.standing_for(c, policies, case.occasion.disabled) for c in s.channels if c in policies]
        ]
        escalate = waiting.get(name)
        channels.append({
            "channel": name,
            "why": [_origin(step, case.rule) for step in sent] + ([] if any(name in s.channels for s in sent) else ["fallback of a channel that is disabled"]),
            "due_at": output.when(delivery.due_at),
            "bundle": delivery.bundle or None,
            "escalates_to": list(escalate.targets) if escalate else [],
        })  # fmt: skip
    return {
        "rule": case.rule.name or None,
        "severity": case.rule.severity.value,
        "channels": channels,
        "routes": [
            {"route": step.route, "channels": list(step.channels), "matches": not step.missing, "followed": step.followed, "why": _verdict(step, loaded.routes)}
            for step in steps
            if step.route is not None
        ],
    }  # fmt: skip


def _origin(step: plan.Step, rule: Rule) -> str:
    if step.route is not None:
        return f"route {step.route}"
    return "every channel, since the rule names none" if rule.channels is None else "the rule's own channel"


def _verdict(step: plan.Step, routes: tuple[Route, ...]) -> str:
    assert step.route is not None
    route = routes[step.route - 1]
    if step.missing:
        return "does not match: " + ", ".join(f"{name} = {_plain(getattr(route, name))}" for name in step.missing)
    if step.over:
        return "would match, but an earlier route ended the search"
    asked = [f"{name} = {_plain(getattr(route, name))}" for name in _CONDITIONS if getattr(route, name)]
    return (f"matches: {', '.join(asked)}" if asked else "matches every alert") + (
        "; later routes are looked at too" if route.continue_ else ""
    )


def _plain(value: object) -> str:
    return " | ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _show(answer: dict[str, Any]) -> None:
    output.say(f"{'rule ' + answer['rule'] if answer['rule'] else 'an alert'}, severity {answer['severity']}")
    for each in answer["channels"]:
        held = f" in the next {each['bundle']}" if each["bundle"] else ""
        more = f"; {', '.join(each['escalates_to'])} if nobody acknowledges" if each["escalates_to"] else ""
        output.say(f"  {each['channel']}{held}, due {each['due_at']}: {', '.join(each['why'])}{more}")
    if not answer["channels"]:
        output.say("  nobody would be told")
    for route in answer["routes"]:
        output.say(f"  route {route['route']} to {', '.join(route['channels'])}: {route['why']}")
