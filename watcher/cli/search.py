"""``watcher search``: the archive, in the language of rules."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, lookback, opened, output, pool
from watcher.cli.alerts import span
from watcher.errors import QueryError, WatcherError

if TYPE_CHECKING:
    from rich.text import Text

    from watcher.model import Evidence, Feed, Match
    from watcher.rules import Rulebook
    from watcher.store import Store
    from watcher.store.archive import Archived
    from watcher.store.fulltext import FullText, Row

SENTENCES = 3  # of one article that are shown
_NAME = "search"
_AT_ONCE = 1_000  # articles of one addition to the index
_MANY = 5_000  # articles outside of the index that are worth a word
_AROUND = 60  # characters of a query that are shown on either side of a fault


@dataclass(frozen=True, slots=True)
class _Question:
    """The query compiled as a rule called ``name``, and the configured feeds by URL, if the query asks for any of the configuration."""

    book: Rulebook
    name: str
    feeds: Mapping[str, Feed]

    def __call__(self, row: Archived) -> Match | None:
        found = self.book.match(lookback.article_of(row, self.feeds))
        return next((match for match in found if match.rule == self.name), None)


def search(
    ctx: typer.Context,
    query: Annotated[str | None, typer.Argument(metavar="QUERY", help="In quotes, as in a rule.")] = None,
    since: Annotated[str | None, typer.Option(help="Only articles read in the last 30m, 6h, 7d …", metavar="SPAN")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most this many, newest first.")] = 20,
    feed: Annotated[list[str] | None, typer.Option(metavar="FEED", help="Only of this feed: its name, or tag:NAME. Repeatable.")] = None,
    inflect: Annotated[bool, typer.Option("--inflect", help="Find the other forms of words too, as `inflect = true` in a rule.")] = False,
    reindex: Annotated[bool, typer.Option("--reindex", help="Make the index anew first; without a query, that is all.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Search the articles that were read, in the language of rules: fields, NEAR, @entity, $terms … Exits 1 when nothing is found.

    The daemon keeps an index of words in the background. What is not in it yet, and what a query without any plain word asks
    for, is found by reading article after article, newest first; --since bounds that.

    \b
    Examples:
      watcher search 'Patriot NEAR/10 (Kyiv OR Київ)' --since 7d
      watcher search '岸田 AND lang:ja' --json
      watcher search '@patriot NOT title:opinion' --feed tag:ukraine
    """
    if query is None and not reindex:
        raise typer.BadParameter("give a query, in quotes: watcher search 'Patriot AND Kyiv'")
    asked = _asked(ctx, query, feed or (), inflect=inflect) if query is not None else None
    with opened.store(asked.database if asked else opened.database(ctx)) as database:
        if reindex:
            _reindex(database, quiet=as_json)
        if asked is None:
            return
        question = asked.question(database)
        start = database.clock() - span(since) if since else None
        found = _find(database, question, start, limit)
    if as_json:
        for row, match in found:
            output.emit(_record(row, match))
    else:
        _show(found)
    raise typer.Exit(boundary.FINE if found else boundary.NO)


# --- the question -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query that parses. ``rule``: the query as a rule; ``config``: where it asks for names of the configuration."""

    database: str
    rule: Any
    config: Any

    def question(self, database: Store) -> _Question:
        """Compile it."""
        from watcher import rules
        from watcher.rules import closure

        things = (self.config.rules, self.config.entities, self.config.terms) if self.config else ((), (), ())
        try:
            book = rules.compile(*closure.needed([("%", self.rule.name)], ((*things[0], self.rule), *things[1:])))
        except rules.RulebookErrors as errors:
            _refuse(errors.errors[0][1])
        feeds = {feed.url: feed for feed in self.config.feeds} if self.config else {}
        self._check_feeds(database, feeds)
        return _Question(book, self.rule.name, feeds)

    def _check_feeds(self, database: Store, feeds: Mapping[str, Feed]) -> None:
        """A feed that does not exist would find nothing, and not say why."""
        from watcher.daemon import seen
        from watcher.model import Feed
        from watcher.rules import query, scope
        from watcher.store import archive

        if not self.rule.feeds:
            return
        known = [
            (seen.feed_name(feeds.get(url) or Feed(url=url, name=name), title), url)
            for _, url, name, title in database.read_now(archive.named)
        ]
        tagged = [(name, feeds[url].tags if url in feeds else ()) for name, url in known]
        for wanted in self.rule.feeds:
            if not any(scope.admits_feed((wanted,), name, tags) for name, tags in tagged):
                names = [name for name, _ in tagged] + [f"tag:{tag}" for _, tags in tagged for tag in tags]
                raise WatcherError(f'no feed is called "{wanted}"{query.suggest(wanted, names)}; `watcher feeds list` shows them')


def _asked(ctx: typer.Context, text: str, feeds: Sequence[str], *, inflect: bool) -> _Asked:
    """Parse the query, and load the configuration if that asks for anything of it: the database alone is there much sooner."""
    from watcher.model import Rule
    from watcher.rules import closure
    from watcher.rules import query as language
    from watcher.rules.syntax import Field, Reference

    try:
        nodes = list(closure.nodes(language.parse(text)))
    except QueryError as error:
        _refuse(error)
    rule = Rule(name=_NAME, query=text, feeds=tuple(feeds), inflect=inflect)
    if feeds or any(isinstance(node, Reference) or (isinstance(node, Field) and node.name in ("tag", "feed")) for node in nodes):
        config = opened.configuration(ctx)
        while rule.name in {known.name for known in config.rules}:
            rule = Rule(name=f"{rule.name} ", query=text, feeds=tuple(feeds), inflect=inflect)
        return _Asked(config.database, rule, config)
    return _Asked(opened.database(ctx), rule, None)


def _refuse(error: QueryError) -> Any:
    """Say what is wrong with the query, point at it, and leave."""
    output.warn(f"watcher: {error.message}")
    if error.query and error.position is not None:
        start = max(0, error.position - _AROUND)
        shown = error.query[start : error.position + _AROUND]
        before = ("…" if start else "") + shown[: error.position - start]
        output.warn(f"  {'…' if start else ''}{' '.join(shown.splitlines())}")
        output.warn(f"  {' ' * sum(2 if unicodedata.east_asian_width(char) in 'WF' else 1 for char in before)}^")
    raise typer.Exit(boundary.USAGE)


# --- looking ------------------------------------------------------------------------------------------------------------


def _find(database: Store, question: _Question, since: datetime | None, limit: int) -> list[tuple[Archived, Match]]:
    from watcher.store import archive

    clues = question.book.clues(question.name)
    low, high = database.read_now(lambda conn: archive.bounds(conn, since=since))
    index = lookback.index_of(database)
    try:
        mark = index.mark() if index is not None else low - 1
        unread = max(0, high - max(mark, low - 1)) if clues else max(0, high - low + 1)
        found: list[tuple[Archived, Match]] = []
        looked = 0
        with output.progress("reading the archive", unread // lookback.PAGE) as step:
            for page in lookback.each(lookback.newest_first(database, index, clues, low=low, high=high), question):
                found += [(row, match) for row, match in page if match is not None and (since is None or row.added_at >= since)]
                looked += len(page)
                if looked <= unread:
                    step()
                if len(found) >= limit:
                    break
    finally:
        if index is not None:
            index.close()
    if clues and min(looked, unread) > _MANY:
        output.warn(f"{unread:,} articles are not indexed yet and were read one by one; the daemon indexes them in the background, `watcher search --reindex` does it now")  # fmt: skip
    return found[:limit]


def _reindex(database: Store, *, quiet: bool) -> None:
    """Make the index anew, on all cores; a daemon that adds to it at the same time is no trouble."""
    from watcher.daemon.indexer import indexed
    from watcher.rules import clues
    from watcher.store import archive, fulltext

    index = fulltext.open_index(database, version=clues.VERSION, create=True)
    assert index is not None  # it was to be created
    try:
        index.clear()
        low, high = database.read_now(archive.bounds)
        runner: pool.Pool[Archived, Row] = pool.Pool(indexed, seconds=60.0)
        mark = index.mark()
        rows: list[Row] = []
        with output.progress("indexing", (high - low + 1) // lookback.PAGE) as step:
            for results in runner.map(lookback.oldest_first(database, low=low, high=high)):
                rows += [row for _, row in results if not isinstance(row, pool.Failed)]
                if any(isinstance(row, pool.Failed) for _, row in results):
                    raise WatcherError("an article could not be indexed; try again")
                if len(rows) >= _AT_ONCE:
                    mark, rows = _add(index, rows, mark), []
                step()
        _add(index, rows, mark)
        size = index.size()
    finally:
        index.close()
    if not quiet:
        output.say(f"{max(0, high - low + 1):,} articles indexed, {size:,} bytes")


def _add(index: FullText, rows: Sequence[Row], mark: int) -> int:
    """Add what is not there yet; return the new mark."""
    while True:
        rest = [row for row in rows if row[0] > mark]
        if not rest:
            return mark
        if index.add(rest, after=mark):
            return rest[-1][0]
        mark = index.mark()  # the daemon was quicker with some


# --- showing ------------------------------------------------------------------------------------------------------------


def _record(row: Archived, match: Match) -> dict[str, Any]:
    return {
        "id": row.entry_id,
        "title": row.title,
        "url": row.url,
        "feed": row.feed_name or row.feed_title or row.feed_url,
        "author": row.author,
        "language": row.language,
        "published": output.when(row.published_at),
        "first_seen": output.when(row.first_seen_at),
        "story": row.story_id,
        "evidence": [asdict(evidence) for evidence in match.evidence],
    }


def _show(found: Sequence[tuple[Archived, Match]]) -> None:
    from rich.console import Console
    from rich.text import Text

    if not found:
        output.say("nothing found")
        return
    console = Console(highlight=False, soft_wrap=True)
    for number, (row, match) in enumerate(found):
        if number:
            console.print()
        head = Text(
            f"{row.first_seen_at:%Y-%m-%d %H:%M}  {output.harmless(row.feed_name or row.feed_title or row.feed_url)}  ", style="dim"
        )
        console.print(head, _marked(row.title, [(e.start, e.end) for e in match.evidence if e.field == "title"], "bold"), sep="")
        console.print(Text(f"  {output.harmless(row.url or '')}  (watcher why {row.entry_id})", style="dim"))
        for sentence in _sentences(match.evidence):
            console.print(Text("  "), sentence, sep="")


def _sentences(evidence: Sequence[Evidence]) -> Iterator[Text]:
    """The sentences that were found outside of the title, each once, with what was found in them."""
    places: dict[tuple[str, int], list[Evidence]] = {}
    for item in evidence:
        if item.field != "title" and item.sentence:
            places.setdefault((item.field, item.sentence_start), []).append(item)
    apart = {items[0].sentence: (start, items) for (_, start), items in reversed(places.items())}  # a text may say the same twice
    for start, items in list(reversed(apart.values()))[:SENTENCES]:
        yield _marked(items[0].sentence, [(item.start - start, item.end - start) for item in items], "")


def _marked(text: str, spans: Sequence[tuple[int, int]], style: str) -> Text:
    """The text on one line with its spans marked; control characters cannot reach the terminal."""
    from rich.text import Text

    shown = Text(style=style)
    at = 0
    for start, end in sorted(spans):
        if start < at or end > len(text):
            continue
        shown.append(output.harmless(" ".join(text[at:start].split("\n"))))
        shown.append(output.harmless(" ".join(text[start:end].split("\n"))), style="bold reverse")
        at = end
    shown.append(output.harmless(" ".join(text[at:].split("\n"))))
    return shown
