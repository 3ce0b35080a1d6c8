"""A compiled set of rules: immutable, so that a new one can be built in a thread while the old one is in use."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from watcher.errors import QueryError, WatcherError
from watcher.model import Entity, Match, MatchInput, Rule, Terms
from watcher.rules import clues, conditions, evidence, lint, logic, triggers
from watcher.rules.clues import Clue
from watcher.rules.compiler import Compiler, Thing
from watcher.rules.conditions import AllOf, AnyOf, Condition, Mentioned, Outcome, Weighted
from watcher.rules.document import Document
from watcher.rules.evidence import Mention, Trace
from watcher.rules.run import Run


class RulebookErrors(WatcherError, ValueError):
    """All that is wrong with a set of rules. ``errors``: the rule, entity or list, and its error."""

    def __init__(self, errors: Iterable[tuple[Thing, QueryError]]) -> None:
        self.errors = list(errors)
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n".join(f"{_place(thing)}{error}" for thing, error in self.errors)


def _place(thing: Thing) -> str:
    where = f"{thing.file}:{thing.line}: " if thing.file else ""
    kind, name = ("entity", thing.id) if isinstance(thing, Entity) else ("rule" if isinstance(thing, Rule) else "terms", thing.name)
    return f"{where}{kind} {name}: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A ``must_match`` text that did not match, or a ``must_not_match`` text that did. ``explanation``: the trace as lines."""

    kind: str  # rule | entity
    name: str
    key: str  # must_match | must_not_match
    text: str
    explanation: str
    file: str | None = None
    line: int | None = None


class Rulebook:
    """The rules, ready to be matched. Made by :func:`watcher.rules.compile`."""

    def __init__(self, rules: tuple[Rule, ...], entities: tuple[Entity, ...], terms: tuple[Terms, ...]) -> None:
        self.rules, self._entities, self._terms = rules, entities, terms
        compiler = Compiler(rules, entities, terms)
        self._compiled = [condition for rule in rules if (condition := compiler.rule(rule)) is not None]
        compiler.check_lists()
        if compiler.errors:
            raise RulebookErrors(compiler.errors)
        self._numbers = {rule.name: i for i, rule in enumerate(self.rules)}
        self._entity_terms = compiler.entities
        self._mentioned: dict[str, Condition] = {
            entity.id: Mentioned(compiler.entities[entity.id], None, f"@{entity.id}") for entity in entities
        }
        table = compiler.table
        self._vocabulary = table.vocabulary
        self._indexes = table.indexes()
        self._needs = [conditions.cheapest_first(condition.needs(table.weights), table.weights) for condition in self._compiled]
        self._always = frozenset(i for i, needs in enumerate(self._needs) if not needs)
        # By term, the rules whose only need it fulfils, whose first, and whose second: what is in both of the last two is worth a look at the rest.
        self._only, self._first, self._second = triggers.by_term(self._needs, len(table.flavours))
        self.warnings: tuple[tuple[Thing, str], ...] = (*compiler.warnings, *self._judge())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as what it was made of: an automaton cannot travel to a worker, and is built again there."""
        return Rulebook, (self.rules, self._entities, self._terms)

    def _judge(self) -> Iterable[tuple[Thing, str]]:
        anything = frozenset(number for number, expression in self._vocabulary.expressions.items() if expression.matches_anything)
        things: tuple[Thing, ...] = (*self.rules, *self._entities, *self._terms)
        for thing in things:
            yield from ((thing, warning) for warning in lint.remarks(thing))
        for rule, condition in zip(self.rules, self._compiled, strict=True):
            warning = logic.judge(condition, anything)
            if warning:
                yield rule, warning

    # --- matching --------------------------------------------------------------------------------------------------

    def match(self, article: MatchInput, *, sentences: bool = True) -> tuple[Match, ...]:
        """Return the rules that hold for an article, in the order of the rules, with their evidence.

        :param sentences: False leaves out each evidence's sentence and confidence, for those who want places only.
        """
        run = self._run(article, sentences=sentences)
        found = (self._match(i, run) for i in self._candidates(run))
        return tuple(match for match in found if match is not None)

    def _match(self, number: int, run: Run) -> Match | None:
        outcome = self._compiled[number].evaluate(run)
        if not outcome.holds:
            return None
        return Match(rule=self.rules[number].name, evidence=evidence.gather(outcome, run, self._entity_terms), score=_score(outcome))

    def timed(self, article: MatchInput, clock: Callable[[], float]) -> tuple[tuple[Match, ...], dict[str, float]]:
        """Return what :meth:`match` does, and what each rule cost that had to be looked at, in the clock's unit: the pass over the article that
        all rules share is not in it, and the first rule that asks where a term stands pays for those that ask again."""
        run = self._run(article)
        found: list[Match] = []
        costs: dict[str, float] = {}
        for i in self._candidates(run):
            began = clock()
            match = self._match(i, run)
            costs[self.rules[i].name] = clock() - began
            if match is not None:
                found.append(match)
        return tuple(found), costs

    def explain(self, article: MatchInput, rule: str) -> Trace:
        """Return every clause of a rule, true or false, with its evidence.

        :raises KeyError: when there is no rule of that name.
        """
        run = self._run(article, full=True)
        outcome = self._compiled[self._numbers[rule]].evaluate(run)
        traced = evidence.trace(outcome, run, self._entity_terms)
        return Trace(
            clause=rule,
            holds=outcome.holds,
            evidence=evidence.gather(outcome, run, self._entity_terms),
            children=(traced,),
            score=_score(outcome),
        )

    def explain_entity(self, article: MatchInput, entity: str) -> Trace:
        """Return whether an entity is mentioned, with its mentions or why there are none.

        :raises KeyError: when there is no entity of that id.
        """
        run = self._run(article, full=True)
        return evidence.trace(self._mentioned[entity].evaluate(run), run, self._entity_terms)

    def mentions(self, article: MatchInput, entities: Iterable[str] | None = None) -> dict[str, tuple[Mention, ...]]:
        """Return each occurrence of the aliases of entities, by default of all, with what was decided about it and why.

        :returns: by the entity's id, only those of which an alias occurs.
        :raises KeyError: when there is no entity of that id.
        """
        run = self._run(article, full=True)
        wanted = self._entity_terms if entities is None else {name: self._entity_terms[name] for name in entities}
        found = {name: evidence.judged(terms, run) for name, terms in wanted.items() if not run.found.isdisjoint(terms.aliases)}
        return {name: mentioned for name, mentioned in found.items() if mentioned}

    def clues(self, rule: str) -> tuple[Clue, ...]:
        """Return what an article must have in the archive's index for a rule to hold; none: it may be any article.

        :raises KeyError: when there is no rule of that name.
        """
        needs = self._needs[self._numbers[rule]]
        literals: dict[int, list[str]] = {number: [] for terms in needs for number in terms}
        for index in self._indexes:
            for number, literal in index.literals_of():
                if number in literals:
                    literals[number].append(literal)
        return clues.clues(needs, literals)

    def _run(self, article: MatchInput, *, full: bool = False, lenient: bool = False, sentences: bool = True) -> Run:
        return Run(Document(article), self._indexes, self._vocabulary, full=full, lenient=lenient, sentences=sentences)

    def _candidates(self, run: Run) -> list[int]:
        """Return the rules whose needs are met: all others cannot hold."""
        present = run.found
        both = self._first.reached(present) & self._second.reached(present)
        met = self._only.reached(present) | self._always
        met.update([i for i in both if all(map(present.intersection, self._needs[i][2:]))])
        return sorted(met)

    # --- self-tests ------------------------------------------------------------------------------------------------

    def self_test(self) -> list[Failure]:
        """Run every ``must_match`` and ``must_not_match``: the text as an article's body, ``feeds`` and ``languages`` aside."""
        failures: list[Failure] = []
        for rule, condition in zip(self.rules, self._compiled, strict=True):
            failures += self._test(rule, "rule", rule.name, condition)
        for entity in self._entities:
            failures += self._test(entity, "entity", entity.id, self._mentioned[entity.id])
        return failures

    def _test(self, thing: Rule | Entity, kind: str, name: str, condition: Condition) -> Iterable[Failure]:
        for key, wanted, texts in (("must_match", True, thing.must_match), ("must_not_match", False, thing.must_not_match)):
            for text in texts:
                run = self._run(MatchInput(text=text), full=True, lenient=True)
                outcome = condition.evaluate(run)
                if outcome.holds is not wanted:
                    explanation = "\n".join(evidence.trace(outcome, run, self._entity_terms).lines())
                    yield Failure(kind=kind, name=name, key=key, text=text, explanation=explanation, file=thing.file, line=thing.line)

    @property
    def size(self) -> tuple[int, int]:
        """The number of rules and of distinct terms."""
        return len(self.rules), len(self._vocabulary.flavours)


def _score(outcome: Outcome) -> float | None:
    """Return the score of a rule with weights."""
    if isinstance(outcome.condition, Weighted):
        return outcome.score
    if isinstance(outcome.condition, AllOf) and not isinstance(outcome.condition, AnyOf):
        return next((child.score for child in outcome.children if isinstance(child.condition, Weighted)), None)
    return None


def compile_rules(rules: Iterable[Rule], entities: Iterable[Entity] = (), terms: Iterable[Terms] = ()) -> Rulebook:
    """Compile rules, entities and lists of terms.

    :raises RulebookErrors: with everything that is wrong with them.
    """
    with _uncollected():
        return Rulebook(tuple(rules), tuple(entities), tuple(terms))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cyclic garbage collector off what is being built: it would walk through millions of young objects that all stay, for a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
