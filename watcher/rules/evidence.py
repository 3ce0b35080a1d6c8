"""From an outcome to what people see: the evidence of a match, and the trace of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from watcher.model import Evidence
from watcher.rules.conditions import Named, NotOf, Often, OtherRule, Outcome
from watcher.rules.document import Document
from watcher.rules.run import Hit

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
        found = ", ".join(dict.fromkeys(f'"{item.text}" ({item.field} {item.start}–{item.end})' for item in self.evidence[:5]))
        more = f" and {len(self.evidence) - 5} more" if len(self.evidence) > 5 else ""
        parts = [
            f"{'  ' * depth}{'✓' if self.holds else '✗'} {self.clause}",
            f": {found}{more}" if found else "",
            f" [{self.note}]" if self.note else "",
        ]
        return ["".join(parts), *(line for child in self.children for line in child.lines(depth + 1))]


def gather(outcome: Outcome, document: Document, limit: int = MAX_EVIDENCE) -> tuple[Evidence, ...]:
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
    texts = [_evidence(hit, document) for hit in sorted(chosen)]
    names = [Evidence(field=item.field, start=0, end=len(item.value), text=item.value, term=item.term) for item in dict.fromkeys(named)]
    return (*texts, *names[: max(0, limit - len(texts))])


def _collect(outcome: Outcome, leaves: list[list[Hit]], named: list[Named], seen: set[int]) -> None:
    if not outcome.holds or isinstance(outcome.condition, NotOf) or id(outcome) in seen:
        return
    seen.add(id(outcome))
    if outcome.spans:
        leaves.append(list(dict.fromkeys(hit for span in outcome.spans for hit in span.hits)))
    named += outcome.named
    if not outcome.spans:
        for child in outcome.children:
            _collect(child, leaves, named, seen)


def _evidence(hit: Hit, document: Document) -> Evidence:
    field, start, end = document.local(hit.start, hit.end)
    text = document.text_of(field)
    first, last = document.sentence(hit.start, hit.end)
    base = hit.start - start
    sentence = text[first - base : last - base]
    return Evidence(
        field=field,
        start=start,
        end=end,
        text=text[start:end],
        term=hit.term,
        entity=hit.entity,
        sentence=sentence,
        sentence_start=first - base,
    )


def trace(outcome: Outcome, document: Document) -> Trace:
    """Return the trace of an outcome; a rule that several clauses refer to is spelt out at the first only."""
    return _trace(outcome, document, set())


def _trace(outcome: Outcome, document: Document, seen: set[int]) -> Trace:
    children = outcome.children
    if isinstance(outcome.condition, OtherRule):
        known = id(children[0]) in seen
        seen.add(id(children[0]))
        children = () if known else children
    shown = gather(outcome, document) if outcome.spans or outcome.named or isinstance(outcome.condition, Often) else ()
    return Trace(
        clause=str(outcome.condition),
        holds=outcome.holds,
        evidence=shown,
        children=tuple([_trace(child, document, seen) for child in children]),
        note=outcome.note,
        score=outcome.score,
    )
