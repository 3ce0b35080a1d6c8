"""``watcher rules suggest``: what marked alerts say a rule could leave out, tried on what it matched so far. It never edits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output
from watcher.cli.alerts import span
from watcher.cli.dialects import toml_string
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Entity, MatchInput, Rule
    from watcher.rules.suggest import Labelled, Proposal
    from watcher.store import Store

SAMPLE = 2_000  # articles of the archive that common words are known by
SHOWN = 5  # headlines that a proposal would have left out
_TITLES = {
    "exclude": "leave out what has one of these words",
    "sections": "leave out these sections of sites",
    "sources": "leave out these feeds",
    "context": "ask for one of these words besides",
}


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a proposal would have done in the archive: ``added``, ``removed`` and ``kept`` of matches and of alerts, and the latest headlines
    that would not have been told."""

    matches: dict[str, int]
    alerts: dict[str, int]
    removed: tuple[str, ...]


def suggest(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE")],
    since: Annotated[str, typer.Option(metavar="SPAN", help="Try proposals on what the rule matched in this time.")] = "30d",
    as_json: output.AsJson = False,
) -> None:
    """Propose what a rule could leave out, from its alerts marked noise or useful; prints patches and never edits.

    Each proposal is shown with its evidence, its effect on the marked alerts, the effect to expect on new ones (cross-validated), and what it
    would have done to the rule's matches so far. Exits 1 when there is nothing to propose.

    \b
    Example:
      watcher alerts mark 3f9c2a noise
      watcher rules suggest patriot
    """
    from watcher.rules import query
    from watcher.rules import suggest as engine

    loaded = opened.configuration(ctx)
    names = [known.name for known in loaded.rules]
    if rule not in names:
        raise WatcherError(f"no rule is called {rule!r}{query.suggest(rule, names)}")
    wanted = loaded.rules[names.index(rule)]
    with opened.store(loaded.database) as database:
        labelled, gone = _labelled(database, loaded, rule)
        few = sum(1 for each in labelled if each.useful) < engine.LEAST or sum(1 for each in labelled if not each.useful) < engine.LEAST
        advice = engine.suggest(wanted, labelled, () if few else _background(database, loaded))
        trials = [_trial(database, loaded, wanted, proposal, span(since)) for proposal in advice.proposals]
    rows = [_row(wanted, proposal, trial, loaded) for proposal, trial in zip(advice.proposals, trials, strict=True) if trial]
    missing = advice.missing or ("" if rows else "what the marks suggest contradicts the rule's own test sentences")
    if as_json:
        counts = {"useful": advice.useful, "noise": advice.noise, "no_longer_matched": gone}
        output.emit({"rule": rule, **counts, "missing": missing, "proposals": rows})
    else:
        since_changed = f" ({gone} more are no longer matched by the rule)" if gone else ""
        output.say(f"{rule}: {advice.useful} alerts marked useful, {advice.noise} marked noise{since_changed}")
        for line in (*([missing] if missing else []), *_lines(rows, since)):
            output.say(line)
    raise typer.Exit(boundary.FINE if rows else boundary.NO)


def _labelled(database: Store, loaded: Config, rule: str) -> tuple[list[Labelled], int]:
    """The marked articles that the rule still matches, as the rules saw them, and how many others there are."""
    from watcher import store
    from watcher.rules.suggest import Labelled

    told = database.read_now(lambda conn: store.marks.labelled(conn, rule))
    found = [Labelled(article=_seen(each, loaded), useful=each.verdict == store.marks.USEFUL, story=each.story) for each in told]
    kept = [each for each in found if loaded.rulebook.explain(each.article, rule).holds]
    return kept, len(found) - len(kept)


def _seen(told: Any, loaded: Config) -> MatchInput:
    from watcher.daemon import seen
    from watcher.model import Feed

    feed = next((each for each in loaded.feeds if each.url == told.feed_url), Feed(url=told.feed_url))
    return seen.match_input(told.article, feed, seen.feed_name(feed, told.feed_title))


def _background(database: Store, loaded: Config) -> list[MatchInput]:
    """The newest articles of the archive, whatever they are about."""
    from watcher import store
    from watcher.cli import lookback

    feeds = {feed.url: feed for feed in loaded.feeds}
    low, high = database.read_now(store.archive.bounds)
    rows = database.read_now(lambda conn: store.archive.back(conn, low=low, high=high, limit=SAMPLE))
    return [lookback.article_of(row, feeds) for row in rows]


def _trial(database: Store, loaded: Config, rule: Rule, proposal: Proposal, past: timedelta) -> _Trial | None:
    """The changed rule on the archive, decided as the daemon decides; None where the rule's own test sentences contradict it."""
    from watcher.cli import backtest
    from watcher.config import ConfigErrors
    from watcher.rules.suggest import patched

    try:
        found = backtest.compare(database, loaded, ((patched(rule, proposal),), (), ()), past).rules[rule.name]
    except ConfigErrors:
        return None
    return _Trial(asdict(found.matches), asdict(found.alerts), tuple(sample["title"] for sample in found.removed))


# --- patches --------------------------------------------------------------------------------------------------------------


def _patch(rule: Rule, proposal: Proposal, loaded: Config) -> str:
    """The change as lines of TOML, the old value beside it as a comment."""
    from watcher.rules.suggest import patched

    entity = _only_entity(rule, loaded)
    if entity is not None and proposal.kind == "exclude" and entity.within.unit == "article":
        return _entity_patch(entity, proposal)
    changed = patched(rule, proposal)
    lines = [f"# {rule.file or 'the rule'}{f', line {rule.line}' if rule.line else ''}: [[rules]] {rule.name}"]
    if changed.query != rule.query:
        lines += ([f"# - query = {toml_string(rule.query)}"] if rule.query is not None else []) + [
            f"query = {toml_string(changed.query or '')}"
        ]
    if changed.none_ != rule.none_:
        lines += ([f"# - none = {_list(rule.none_)}"] if rule.none_ else []) + [f"none = {_list(changed.none_)}"]
    return "\n".join(lines)


def _entity_patch(entity: Entity, proposal: Proposal) -> str:
    """For a rule that is nothing but an entity: every rule that names it profits from its ``rejects``."""
    from watcher.rules import candidates

    rejects = (*entity.rejects, *(candidates.plain(support.term) for support in proposal.supports))
    place = f"# {entity.file or 'the entity'}{f', line {entity.line}' if entity.line else ''}: [entities.{entity.id}], for all rules that name it"
    return "\n".join([place, *([f"# - rejects = {_list(entity.rejects)}"] if entity.rejects else []), f"rejects = {_list(rejects)}"])


def _only_entity(rule: Rule, loaded: Config) -> Entity | None:
    """The entity that the rule consists of, if that is all it says."""
    lists = (*rule.any_, *rule.all_, *rule.none_, *rule.score)
    if rule.query is None or lists:
        return None
    return next((entity for entity in loaded.entities if rule.query.strip() == f"@{entity.id}"), None)


def _list(items: Sequence[str]) -> str:
    return "[" + ", ".join(toml_string(item) for item in items) + "]"


# --- output ---------------------------------------------------------------------------------------------------------------


def _row(rule: Rule, proposal: Proposal, trial: _Trial, loaded: Config) -> dict[str, Any]:
    return {
        "kind": proposal.kind,
        "recommended": proposal.recommended,
        "clause": proposal.clause,
        "evidence": [asdict(support) for support in proposal.supports],
        "marked": _effect(proposal.labelled),
        "expected": _effect(proposal.unseen),
        "useful_lost_at_most": round(proposal.lost_at_most, 4),
        "archive": {"matches": trial.matches, "alerts": trial.alerts, "samples": list(trial.removed)},
        "patch": _patch(rule, proposal, loaded),
    }


def _effect(effect: Any) -> dict[str, Any]:
    return {
        **asdict(effect),
        "precision": round(effect.precision, 4),
        "precision_after": round(effect.precision_after, 4),
        "useful_lost": effect.lost,
    }


def _lines(rows: list[dict[str, Any]], since: str) -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        marked, expected, archive = row["marked"], row["expected"], row["archive"]
        yield ""
        yield f"{number}. {_TITLES[row['kind']]}{'' if row['recommended'] else ' (not recommended: see what to expect)'}"
        for support in row["evidence"]:
            yield f"   {support['term']}: in {support['noise']} of noise ({support['stories']} stories), {support['useful']} useful; by chance {support['p']:.2g}"
        yield (
            f"   marked alerts: precision {marked['precision']:.0%} → {marked['precision_after']:.0%}, noise {marked['noise']} → {marked['noise_kept']}, "
            f"useful lost {marked['useful_lost']} of {marked['useful']} (with 95 % confidence fewer than {row['useful_lost_at_most']:.0%} of all)"
        )
        yield (
            f"   to expect on new ones: precision {expected['precision']:.0%} → {expected['precision_after']:.0%}, "
            f"noise {expected['noise']} → {expected['noise_kept']}, useful lost {expected['useful_lost']} of {expected['useful']}"
        )
        matches, alerts = archive["matches"], archive["alerts"]
        yield (
            f"   the last {since}: {matches['removed']} of {matches['removed'] + matches['kept']} matches and {alerts['removed']} of "
            f"{alerts['removed'] + alerts['kept']} alerts would be gone" + (", such as:" if archive["samples"] else "")
        )
        for title in archive["samples"]:
            yield f"     {title}"
        yield ""
        for line in row["patch"].splitlines():
            yield f"   {line}"
