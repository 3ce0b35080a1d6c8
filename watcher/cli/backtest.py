"""``watcher backtest``: rules on the past, beside the running ones."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli import boundary, comparison, lookback, opened, output
from watcher.cli.alerts import span
from watcher.errors import ConfigError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.daemon.replay import Rules
    from watcher.model import Entity, Feed, Match, Rule, Terms
    from watcher.rules import Rulebook
    from watcher.rules.closure import Named, Things
    from watcher.store import Store
    from watcher.store.archive import Archived

MOST_RULES = 100  # beyond that the index is not asked: most articles would be meant anyway


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sets of rules. ``book``: None where it has no rule."""

    book: Rulebook | None
    deciders: Rules


@dataclass(frozen=True, slots=True)
class _Trial:
    """An article before both sets of rules; called in the workers. What comes back: both sets' matches, what the new rules cost."""

    running: Rulebook | None
    tried: Rulebook | None
    feeds: Mapping[str, Feed]

    def __call__(self, row: Archived) -> tuple[tuple[Match, ...], tuple[Match, ...], dict[str, float]]:
        article = lookback.article_of(row, self.feeds)
        tried, costs = self.tried.timed(article, time.perf_counter) if self.tried else ((), {})
        return self.running.match(article) if self.running else (), tried, costs


def backtest(
    ctx: typer.Context,
    rules: Annotated[list[Path], typer.Argument(metavar="RULES...", help="Files, or folders of them, with rules, entities and terms.")],
    since: Annotated[str, typer.Option(help="Over the articles read in the last 30m, 6h, 7d …", metavar="SPAN")] = "30d",
    replace_all: Annotated[
        bool, typer.Option("--replace", help="RULES are all rules there will be: others of the configuration count as removed.")
    ] = False,
    fail: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit 1 when any alert is added or removed: for checks before a merge.")
    ] = False,
    as_json: output.AsJson = False,
) -> None:
    """Run rules over the archive: what would they have alerted on, and what is added and removed against the running rules?

    RULES are laid over the configuration: a rule, entity or list of the same name is replaced, others are added. Compared are the rules
    in RULES and those that use what changed. Every decision is made as the daemon makes it (stories, repeats, limits, sources, silences).
    Nothing is stored and nobody is told.

    \b
    Examples:
      watcher backtest rules.d/japan.toml --since 30d
      watcher backtest draft/ --since 7d --json
      watcher backtest rules.d/ --replace --fail-on-change
    """
    from watcher import config

    loaded = opened.configuration(ctx)
    given = config.load_rules(rules)
    with opened.store(loaded.database) as database:
        result = compare(database, loaded, given, span(since), replace_all=replace_all)
    if as_json:
        output.emit(result.record())
    else:
        result.show()
    raise typer.Exit(boundary.NO if fail and result.changed else boundary.FINE)


def compare(database: Store, loaded: Config, given: Things, past: timedelta, *, replace_all: bool = False) -> comparison.Comparison:
    """Return what rules would have done over the last ``past``, beside those of the configuration.

    :param given: what is laid over the configuration. ``replace_all``: its rules are all there will be.
    :raises ConfigErrors: the rules have errors.
    """
    running, tried, statuses = _sides(loaded, given, replace_all=replace_all)
    now = database.clock()
    result = comparison.Comparison(statuses, since=now - past, until=now)
    _run(database, running, tried, {feed.url: feed for feed in loaded.feeds}, result)
    return result


# --- the two sets of rules ----------------------------------------------------------------------------------------------


def _sides(loaded: Config, given: Things, *, replace_all: bool) -> tuple[_Side, _Side, dict[str, str]]:
    """The rules that run and those that are tried, as far as they differ or were named, and by rule how it differs."""
    from watcher.rules import closure

    old: Things = (loaded.rules, loaded.entities, loaded.terms)
    new = _laid_over(old, given)
    if replace_all:
        new = (given[0], *new[1:])
    statuses = _statuses(closure.named(old), closure.named(new), {("%", rule.name) for rule in given[0]})
    _warn(loaded, new[0], statuses)
    wanted: set[Named] = {("%", name) for name in statuses}
    return (
        _side(loaded, closure.needed(wanted, old), statuses, ours=True),
        _side(loaded, closure.needed(wanted, new), statuses, ours=False),
        statuses,
    )


def _laid_over(old: Things, new: Things) -> Things:
    """Both, where the new ones stand in the places of old ones of the same name."""

    def over(before: Sequence[Rule | Entity | Terms], after: Sequence[Rule | Entity | Terms], key: str) -> tuple[object, ...]:
        return tuple({getattr(thing, key): thing for thing in (*before, *after)}.values())

    return over(old[0], new[0], "name"), over(old[1], new[1], "id"), over(old[2], new[2], "name")  # type: ignore[return-value]


def _statuses(old: Mapping[Named, object], new: Mapping[Named, object], given: set[Named]) -> dict[str, str]:
    """How each rule that is compared differs: new, changed, unchanged or removed."""
    from watcher.rules import closure

    def same(name: Named) -> bool:
        one, other = old.get(name), new.get(name)
        return one is not None and other is not None and replace(one, file=None, line=None) == replace(other, file=None, line=None)  # type: ignore[type-var]

    found: dict[str, str] = {}
    for name in dict.fromkeys((*old, *new)):
        if name[0] != "%":
            continue
        if name not in new:
            found[name[1]] = "removed"
        elif name not in old:
            found[name[1]] = "new"
        else:
            alike = all(same(each) for each in closure.reach([name], new))  # type: ignore[arg-type]
            if name in given or not alike:
                found[name[1]] = "unchanged" if alike else "changed"
    return found


def _side(loaded: Config, things: Things, statuses: Mapping[str, str], *, ours: bool) -> _Side:
    """Compile one side. Rules that are only referred to are in the book, and nobody asks what they match.

    :raises ConfigErrors: the new rules have errors.
    """
    from watcher import rules as engine
    from watcher.config import ConfigErrors
    from watcher.daemon.replay import Rules

    asked = tuple(rule for rule in things[0] if rule.name in statuses)
    deciders = Rules(
        rules={rule.name: rule for rule in asked},
        entities={entity.id: entity for entity in things[1]},
        policies={name: policy for name, (policy, _) in loaded.channels.items()},
        routes=loaded.routes,
    )
    if not asked:
        return _Side(None, deciders)
    try:
        book = engine.compile(*things)
    except engine.RulebookErrors as errors:
        raise ConfigErrors(
            tuple(ConfigError(f"{_called(thing)}: {error}", file=thing.file, line=thing.line) for thing, error in errors.errors)
        ) from None
    failures = () if ours else book.self_test()
    if failures:
        verb = {"must_match": "does not match", "must_not_match": "matches"}
        raise ConfigErrors(
            tuple(
                ConfigError(f'the {f.kind} "{f.name}" {verb[f.key]} "{f.text[:120]}"', file=f.file, line=f.line, key=f.key)
                for f in failures
            )
        )
    return _Side(book, deciders)


def _called(thing: Rule | Entity | Terms) -> str:
    from watcher.model import Entity, Rule

    return f"entity {thing.id}" if isinstance(thing, Entity) else f"{'rule' if isinstance(thing, Rule) else 'terms'} {thing.name}"


def _warn(loaded: Config, rules: Sequence[Rule], statuses: Mapping[str, str]) -> None:
    """A rule that can tell nobody, or hear nobody, is hardly meant."""
    from watcher.rules import scope

    for rule in rules:
        if rule.name not in statuses:
            continue
        unknown = [name for name in rule.channels or () if name not in loaded.channels]
        if unknown:
            output.warn(f"{rule.file}:{rule.line}: {rule.name}: the configuration has no channel {', '.join(unknown)}")
        deaf = [name for name in rule.feeds if not any(scope.admits_feed((name,), feed.name, feed.tags) for feed in loaded.feeds)]
        if deaf:
            output.warn(f"{rule.file}:{rule.line}: {rule.name}: the configuration names no feed {', '.join(deaf)}")


# --- over the archive ---------------------------------------------------------------------------------------------------


def _run(database: Store, running: _Side, tried: _Side, feeds: Mapping[str, Feed], result: comparison.Comparison) -> None:
    """Match, decide and compare, article after article."""
    from watcher.daemon.replay import Replay
    from watcher.store import archive

    low, high = database.read_now(lambda conn: archive.bounds(conn, since=result.since))
    first = database.read_now(lambda conn: archive.onward(conn, low=low, high=high, limit=1))
    result.articles = max(0, high - low + 1)
    if not first or not result.statuses:
        return
    start_at = max(first[0].added_at, result.since)
    trial = _Trial(running.book, tried.book, feeds)
    with ExitStack() as stack:
        old = stack.enter_context(Replay(database, running.deciders, feeds, start_at=start_at))
        new = stack.enter_context(Replay(database, tried.deciders, feeds, start_at=start_at))
        count, pages = _pages(database, [side.book for side in (running, tried) if side.book is not None], result, low=low, high=high)
        step = stack.enter_context(output.progress("trying the rules", -(-count // lookback.PAGE)))
        for page in lookback.each(pages, trial):
            for row, (before, after, costs) in page:
                if row.added_at < result.since:  # a clock that was wrong
                    continue
                result.cost(costs)
                before = tuple(match for match in before if match.rule in running.deciders.rules)  # noqa: PLW2901
                after = tuple(match for match in after if match.rule in tried.deciders.rules)  # noqa: PLW2901
                if before or after:
                    decided = old.judge(row, before) if before else None, new.judge(row, after) if after else None
                    result.add(row, *decided, (*before, *after))
            step()
        result.days(old.by_day(), new.by_day())


def _pages(
    database: Store, books: Sequence[Rulebook], result: comparison.Comparison, *, low: int, high: int
) -> tuple[int, Iterator[list[Archived]]]:
    """The articles to look at, in their order, and how many: only those that may be meant, where the index can tell."""
    from watcher.store import archive

    clues = [book.clues(rule.name) for book in books for rule in book.rules if rule.name in result.statuses]
    index = lookback.index_of(database) if all(clues) and len(clues) <= MOST_RULES else None
    if index is None:
        return high - low + 1, lookback.oldest_first(database, low=low, high=high)
    try:
        mark = index.mark()
        numbers = sorted({number for clue in dict.fromkeys(clues) for page in index.find(clue, low=low, high=high) for number in page})
    finally:
        index.close()

    def pages() -> Iterator[list[Archived]]:
        for start in range(0, len(numbers), lookback.PAGE):
            some = numbers[start : start + lookback.PAGE]
            yield database.read_now(lambda conn, some=some: archive.numbered(conn, some))  # type: ignore[misc]
        yield from lookback.oldest_first(database, low=max(low, mark + 1), high=high)

    return len(numbers) + max(0, high - max(low - 1, mark)), pages()
