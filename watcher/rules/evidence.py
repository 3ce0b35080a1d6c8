"""From an outcome to what people see: the evidence of a match, and the trace of an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from watcher.model import Evidence
from watcher.rules import mentions
from watcher.rules.conditions import Named, NotOf, Often, OtherRule, Outcome
from watcher.rules.mentions import EntityTerms
from watcher.rules.run import Hit, Run

MAX_EVIDENCE = 50  # of one rule in one article


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One clause of a rule: whether it holds, what shows it, and the clauses that it is made of.

    ``note`` says what the truth value alone does not: why mentions of an entity were left out, what a score came to.
    """

    clause: str
    holds: bool
    evidence: tuple[Evidence, ...] = ()
    children: tuple[Trace, ...] = ()
    note: str = ""
    score: float | None = None

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, depth: int = 0) -> list[str]:
        """Return the tree as indented lines of plain text."""
        found = ", ".join(dict.fromkeys(_shown(item) for item in self.evidence[:5]))
        more = f" and {len(self.evidence) - 5} more" if len(self.evidence) > 5 else ""
        parts = [
            f"{'  ' * depth}{'✓' if self.holds else '✗'} {self.clause}",
            f": {found}{more}" if found else "",
            f" [{self.note}]" if self.note else "",
        ]
        return ["".join(parts), *(line for child in self.children for line in child.lines(depth + 1))]


def _shown(item: Evidence) -> str:
    """Evidence as a trace shows it; a high confidence goes without saying."""
    doubt = f", confidence {item.confidence}" if item.confidence in ("medium", "low") else ""
    return f'"{item.text}" ({item.field} {item.start}–{item.end}{doubt})'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One occurrence of an entity's alias, and what was decided about it.

    ``evidence``: the alias where it stands. ``reason``: why it is no mention, empty where it is one. ``requires``, ``rejects``: the
    terms of the entity's context that stand within reach.
    """

    evidence: Evidence
    holds: bool
    reason: str
    requires: tuple[Evidence, ...]
    rejects: tuple[Evidence, ...]


def judged(entity: EntityTerms, run: Run) -> tuple[Mention, ...]:
    """Return every occurrence of an entity's aliases in title and body with its verdict and context, in order."""
    return tuple(
        Mention(
            evidence=_evidence(found.hit, run, {entity.id: entity} if not found.objection else {}),
            holds=not found.objection,
            reason=found.objection,
            requires=tuple(_evidence(hit, run, {}) for hit in sorted(found.requires)),
            rejects=tuple(_evidence(hit, run, {}) for hit in sorted(found.rejects)),
        )
        for found in mentions.judge(entity, run)
    )


Entities = Mapping[str, EntityTerms]


def gather(outcome: Outcome, run: Run, entities: Entities, limit: int = MAX_EVIDENCE) -> tuple[Evidence, ...]:
    """Return the evidence of every true leaf, each place and term once, in the order of the text.

    Where there is more than ``limit``, each leaf gives its first in turn, so that no clause goes unshown.
    """
    leaves: list[list[Hit]] = []
    named: list[Named] = []
    _collect(outcome, leaves, named, set())
    chosen: dict[Hit, None] = {}
    for layer in zip_longest(*leaves):
        for hit in layer:
            if hit is not None and len(chosen) < limit:
                chosen[hit] = None
        if len(chosen) >= limit:
            break
    texts = [_evidence(hit, run, entities) for hit in sorted(chosen)]
    names = [Evidence(field=item.field, start=0, end=len(item.value), text=item.value, term=item.term) for item in dict.fromkeys(named)]
    return (*texts, *names[: max(0, limit - len(texts))])


def _collect(outcome: Outcome, leaves: list[list[Hit]], named: list[Named], seen: set[tuple[int, bool]], *, wanted: bool = True) -> None:
    """Collect what makes an outcome ``wanted``: under an even number of NOTs, what was found."""
    if outcome.holds is not wanted or (id(outcome), wanted) in seen:
        return
    seen.add((id(outcome), wanted))
    if isinstance(outcome.condition, NotOf):
        _collect(outcome.children[0], leaves, named, seen, wanted=not wanted)
        return
    if wanted and outcome.spans:
        leaves.append(list(dict.fromkeys(hit for span in outcome.spans for hit in span.hits)))
    if wanted:
        named += outcome.named
    if not (wanted and outcome.spans):
        for child in outcome.children:
            _collect(child, leaves, named, seen, wanted=wanted)


def _evidence(hit: Hit, run: Run, entities: Entities) -> Evidence:
    """Return a hit as evidence; several rules may show the same."""
    shown = run.shown.get(hit)
    if shown is None:
        shown = run.shown[hit] = _show(hit, run, entities)
    return shown


def _show(hit: Hit, run: Run, entities: Entities) -> Evidence:
    document = run.document
    field, start, end = document.local(hit.start, hit.end)
    text = document.text_of(field)
    if not run.sentences:
        return Evidence(field=field, start=start, end=end, text=text[start:end], term=hit.term, entity=hit.entity)
    first, last = document.sentence(hit.start, hit.end)
    base = hit.start - start
    sentence = text[first - base : last - base]
    return Evidence(
        field=field,
        start=start,
        end=end,
        text=text[start:end],
        term=hit.term,
        entity=hit.entity or None,
        sentence=sentence,
        sentence_start=first - base,
        confidence=mentions.confidence(entities[hit.entity], run, hit) if hit.entity in entities else "",
    )


def trace(outcome: Outcome, run: Run, entities: Entities) -> Trace:
    """Return the trace of an outcome; a rule that several clauses refer to is spelt out at the first only."""
    return _trace(outcome, run, entities, set())


def _trace(outcome: Outcome, run: Run, entities: Entities, seen: set[int]) -> Trace:
    children = outcome.children
    if isinstance(outcome.condition, OtherRule):
        known = id(children[0]) in seen
        seen.add(id(children[0]))
        children = () if known else children
    shown = gather(outcome, run, entities) if outcome.spans or outcome.named or isinstance(outcome.condition, Often) else ()
    return Trace(
        clause=str(outcome.condition),
        holds=outcome.holds,
        evidence=shown,
        children=tuple([_trace(child, run, entities, seen) for child in children]),
        note=outcome.note,
        score=outcome.score,
    )
