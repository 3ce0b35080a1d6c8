"""``watcher rules test``: the rules against a text, a file or a page, clause by clause, before they bite."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, inputs, opened, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Match, MatchInput, Rule
    from watcher.rules import Rulebook, Trace

FEW = 12  # rules whose trees are shown without being asked for


@dataclass(frozen=True, slots=True)
class _Bench:
    """The rules on trial. ``loaded`` is None for rules from files of their own: they have no channels. ``set_aside``: rules whose ``feeds``
    do not count."""

    book: Rulebook
    loaded: Config | None
    set_aside: frozenset[str] = frozenset()

    def targets(self, rule: Rule, article: MatchInput, entities: tuple[str, ...]) -> list[str] | None:
        """The channels that an alert would go to; None where no configuration names any."""
        if self.loaded is None:
            return None
        from watcher.alerts import plan

        policies = {name: policy for name, (policy, _) in self.loaded.channels.items()}
        occasion = plan.Occasion(feed=article.feed, tags=article.feed_tags, entities=entities, language=article.language)
        return list(plan.targets(rule, self.loaded.routes, policies, occasion))


@dataclass(frozen=True, slots=True)
class _Tried:
    """One article before the rules. ``traces``: of the rules that are shown; ``channels``: by rule that matches."""

    source: str
    note: str
    article: MatchInput
    matches: tuple[Match, ...]
    severities: dict[str, str]
    channels: dict[str, list[str] | None]
    traces: tuple[Trace, ...]
    tried: int

    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "source": self.source,
            "title": self.article.title,
            "language": self.article.language,
            "characters": len(self.article.text),
            "note": self.note,
            "matches": [
                {
                    "rule": match.rule,
                    "severity": self.severities[match.rule],
                    "channels": self.channels[match.rule],
                    "score": match.score,
                    "evidence": [asdict(evidence) for evidence in match.evidence],
                }
                for match in self.matches
            ],
            "rules": [{"rule": trace.clause, "trace": asdict(trace)} for trace in self.traces],
            "tried": self.tried,
        }


def try_(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="TEXT|FILE|URL", help="A text in quotes, a file (text, HTML or JSON lines), a page; -: stdin.")
    ],
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="NAME", help="Only this rule; may be given several times.")] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="FILE", help="Rules, entities and terms in these files instead of the configuration's."),
    ] = None,
    title: Annotated[str, typer.Option(help="A headline for a text.")] = "",
    lang: Annotated[str | None, typer.Option(help="The text's language, instead of the detected one.")] = None,
    feed: Annotated[str | None, typer.Option(help="As if from this feed (its name or URL); else the rules' `feeds` are set aside.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the clauses of every rule, however many there are.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Match the rules against a text, a file or a page, and show each clause, true or false, with what was found.

    Nothing is stored and nobody is told. Exits 1 when no rule matches.

    \b
    Examples:
      watcher rules test "Germany sends a third Patriot battery to Kyiv."
      watcher rules test https://example.org/news/1 --rule patriot
      watcher rules test --rules rules.d/japan.toml article.html --json
    """
    bench = _bench(ctx, rules, keep_feeds=feed is not None)
    chosen = _chosen(bench.book, rule)
    matched = False
    for source, article, note in _articles(what, bench.loaded):
        seen = _dressed(article, bench, title=title, lang=lang, feed=feed)
        found = _try(bench, source, seen, chosen, note, everything=everything or bool(rule))
        matched = matched or bool(found.matches)
        if as_json:
            output.emit(found.record())
        else:
            _show(found, bench.set_aside)
    raise typer.Exit(boundary.FINE if matched else boundary.NO)


def _bench(ctx: typer.Context, files: list[Path] | None, *, keep_feeds: bool) -> _Bench:
    from watcher import config
    from watcher import rules as engine

    if files:
        loaded, book = None, config.load_rulebook(files)
        parts = config.load_rules(files)
    else:
        loaded = opened.configuration(ctx)
        parts, book = (loaded.rules, loaded.entities, loaded.terms), loaded.rulebook
    if not parts[0]:
        raise WatcherError("there are no rules to try")
    set_aside = frozenset(rule.name for rule in parts[0] if rule.feeds and not keep_feeds)
    if set_aside:
        book = engine.compile([replace(rule, feeds=()) for rule in parts[0]], *parts[1:])
    return _Bench(book, loaded, set_aside)


def _chosen(book: Rulebook, names: list[str] | None) -> list[str]:
    from watcher.rules import query

    known = [rule.name for rule in book.rules]
    for name in names or ():
        if name not in known:
            raise WatcherError(f'no rule is called "{name}"{query.suggest(name, known)}')
    return list(dict.fromkeys(names)) if names else known


def _dressed(article: MatchInput, bench: _Bench, *, title: str, lang: str | None, feed: str | None) -> MatchInput:
    """The article with what the options say, and its language as the reader finds it."""
    from watcher.text import language

    tags, name = article.feed_tags, article.feed
    if feed is not None:
        known = next((each for each in (bench.loaded.feeds if bench.loaded else ()) if feed in (each.name, each.url)), None)
        if known is None and bench.loaded is not None:
            raise WatcherError(f'no feed has the name or URL "{feed}"')
        name, tags = (known.name or feed, known.tags) if known else (feed, tags)
    spoken = lang or article.language or language.detect(f"{title or article.title}\n{article.text}")
    return replace(article, title=title or article.title, language=spoken, feed=name, feed_tags=tags)


def _try(bench: _Bench, source: str, article: MatchInput, chosen: Sequence[str], note: str, *, everything: bool) -> _Tried:
    from watcher.alerts.decide import entities_of

    known, wanted = {rule.name: rule for rule in bench.book.rules}, set(chosen)
    matches = tuple(match for match in bench.book.match(article) if match.rule in wanted)
    entities = tuple(dict.fromkeys(entity for match in matches for entity in entities_of(match)))
    held = {match.rule for match in matches}
    shown = chosen if everything or len(chosen) <= FEW else [name for name in chosen if name in held]
    return _Tried(
        source=source,
        note=note,
        article=article,
        matches=matches,
        severities={name: known[name].severity.value for name in held},
        channels={name: bench.targets(known[name], article, entities) for name in held},
        traces=tuple(bench.book.explain(article, name) for name in shown),
        tried=len(chosen),
    )


# --- what is on trial ---------------------------------------------------------------------------------------------------


def _articles(what: str, loaded: Config | None) -> Iterator[tuple[str, MatchInput, str]]:
    """The articles that the argument stands for: each with its source and a note on its quality."""
    from watcher.model import MatchInput

    if what.lower().startswith(("http://", "https://")) and not any(char.isspace() for char in what):
        yield _fetched(what, loaded)
    elif what == inputs.STDIN:
        yield from _read(inputs.Source(what, sys.stdin.buffer.read(inputs.MOST + 1)))
    elif _is_file(what):
        yield from _read(inputs.Source(what))
    elif what.strip():
        yield "text", MatchInput(text=what), ""
    else:
        raise typer.BadParameter("an empty text: give a text, a file or a URL")


def _is_file(what: str) -> bool:
    try:
        path = Path(what)
        if path.is_dir():
            raise WatcherError(f"{what} is a folder: give a file")
        return path.exists()  # also <(…)
    except (OSError, ValueError):  # too long for a name, or a NUL in it: a text
        return False


def _read(source: inputs.Source) -> Iterator[tuple[str, MatchInput, str]]:
    """The articles of a file: JSON lines, a web page, or plain text."""
    from watcher.model import MatchInput

    try:
        body = source.read()
    except ValueError as error:
        raise WatcherError(f"{source.name}: {error}") from None
    name = "standard input" if source.name == inputs.STDIN else source.name
    start = body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"{"):
        yield from _lines(name, body)
    elif start.startswith(b"%pdf"):
        yield _page(name, body, url="", headers=None)
    elif b"\0" in body[:2000]:
        raise WatcherError(f"{name}: this is no text")
    elif source.name.lower().endswith((".html", ".htm", ".xhtml")) or start.startswith((b"<!doctype html", b"<html")):
        yield _page(name, body, url="", headers=None)
    else:
        yield name, MatchInput(text=body.decode("utf-8", "replace")), ""


def _lines(name: str, body: bytes) -> Iterator[tuple[str, MatchInput, str]]:
    from watcher.cli import articles
    from watcher.model import MatchInput

    for number, text in enumerate(body.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            given = articles.read(inputs.record_of(inputs.Line(name, number, text)))
        except ValueError as error:
            raise WatcherError(f"{name}:{number}: {error}") from None
        yield (
            f"{name}:{number}",
            MatchInput(
                title=given.title, text=given.text, url=given.url, author=given.author, feed=given.feed, feed_tags=given.feed_tags,
                tags=given.tags, language=given.lang, published_at=given.published_at,
            ),
            "",
        )  # fmt: skip


def _page(name: str, body: bytes, *, url: str, headers: dict[str, str] | None) -> tuple[str, MatchInput, str]:
    from watcher.articles import extract
    from watcher.errors import ExtractError
    from watcher.model import MatchInput

    try:
        page = extract.extract(body, url=url, headers=headers)
    except ExtractError as error:
        raise WatcherError(f"{name}: {error.detail or error.reason}") from None
    note = "" if page.quality == "ok" else f"the page's quality is {page.quality}: the daemon would match the feed's own text instead"
    return name, MatchInput(title=page.title, text=page.text, url=url, author=page.author, language=page.language), note


def _fetched(url: str, loaded: Config | None) -> tuple[str, MatchInput, str]:
    import asyncio

    from watcher.articles import fetch
    from watcher.daemon.runtime import user_agent
    from watcher.model import Feed
    from watcher.net import Client, Limits

    settings = loaded.fetch if loaded else None
    limits, proxy = Limits(), None
    allow: tuple[str, ...] = ()
    if settings is not None:
        limits = Limits(total=settings.timeout.total_seconds(), max_wire=settings.max_body, max_decoded=2 * settings.max_body)
        allow, proxy = settings.allow_private, settings.proxy

    async def get() -> fetch.Fetched:
        agent = user_agent(loaded.contact if loaded else None)
        async with Client(user_agent=agent, limits=limits, allow_private=allow, proxy=proxy) as client:
            return await fetch.fetch(client, url, Feed(url=url), limits)

    answer = asyncio.run(get())
    return _page(url, answer.body, url=answer.url, headers=answer.headers)


# --- for people -----------------------------------------------------------------------------------------------------------


def _show(found: _Tried, set_aside: frozenset[str]) -> None:
    article = found.article
    head = " · ".join(part for part in (article.title, article.language or "", f"{len(article.text)} characters") if part)
    output.say(f"{found.source}: {head}")
    if found.note:
        output.say(f"note: {found.note}")
    for trace in found.traces:
        for line in trace.lines(1):
            output.say(line)
    for match in found.matches:
        channels = found.channels[match.rule]
        where = "" if channels is None else f" → {', '.join(channels)}" if channels else " → no channel: nobody would be told"
        only = " (its `feeds` are set aside: --feed)" if match.rule in set_aside else ""
        output.say(f"would alert: {match.rule} ({found.severities[match.rule]}){where}{only}")
    if not found.matches:
        hint = "; --rule NAME or --all shows why" if found.tried > len(found.traces) else ""
        output.say(f"no rule matches ({found.tried} tried{hint})")
