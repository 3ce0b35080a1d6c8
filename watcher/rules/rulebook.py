"""The rulebook: all rules, compiled once, matched against one article after another.

One pass of the automata finds every term of every rule; only rules of which a needed term was found are judged, so the cost grows
with what is found, not with the number of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from watcher.errors import QueryError, WatcherError
from watcher.model import Entity, Evidence, Match, MatchInput, Rule, Terms
from watcher.rules import meta, nodes
from watcher.rules.automaton import Automaton
from watcher.rules.compiler import Compiler, Thing
from watcher.rules.document import Document, Flavour
from watcher.rules.terms import Pattern
from watcher.text.fold import fold

MOST_EVIDENCE = 50


class RulebookErrors(WatcherError):
    """Everything that does not compile. ``errors``: (rule, entity or list of terms, what is wrong with it)."""

    def __init__(self, errors: Sequence[tuple[Thing, QueryError]]) -> None:
        super().__init__(errors)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(f"{_name(thing)}: {error}" for thing, error in self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A sentence of ``must_match`` that does not match, or of ``must_not_match`` that does."""

    kind: str
    name: str
    key: str
    text: str
    explanation: str = ""
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One clause, whether it held, what shows it, and the clauses below."""

    clause: str
    holds: bool
    evidence: tuple[Evidence, ...] = ()
    parts: tuple[Trace, ...] = field(default=())

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> list[str]:
        shown = "" if self.parts or not self.evidence else "  " + "; ".join(f"{e.field}[{e.start}:{e.end}] {e.text!r}" for e in self.evidence[:3])
        lines = [f"{'  ' * depth}{'yes' if self.holds else 'no '}  {self.clause}{shown}"]
        for part in self.parts:
            lines += part._lines(depth + 1)  # noqa: SLF001  of our own kind
        return lines


@dataclass(frozen=True, slots=True, eq=False)
class _Compiled:
    rule: Rule
    node: nodes.Node
    languages: frozenset[str]
    feeds: tuple[str, ...]
    tags: tuple[str, ...]

    def applies(self, article: MatchInput) -> bool:
        """Whether the rule's ``languages`` and ``feeds`` admit an article."""
        if self.languages and (article.language or "").partition("-")[0].lower() not in self.languages:
            return False
        if not (self.feeds or self.tags):
            return True
        return any(meta.same(article.feed, name) for name in self.feeds) or any(
            meta.same(tag, wanted) for tag in article.feed_tags for wanted in self.tags
        )


class Rulebook:
    """Rules, entities and terms, ready to match. Immutable; safe to use while another one is built."""

    def __init__(self, rules: Sequence[Rule], entities: Sequence[Entity], terms: Sequence[Terms]) -> None:
        """Compile.

        :raises RulebookErrors: with everything that does not compile.
        """
        self._made_of = (tuple(rules), tuple(entities), tuple(terms))
        compiler = Compiler({r.name: r for r in rules}, {e.id: e for e in entities}, {t.name: t for t in terms})
        errors: list[tuple[Thing, QueryError]] = []
        self._entities: dict[str, nodes.EntityNode] = {}
        for entity in entities:
            try:
                self._entities[entity.id] = compiler.entity(entity.id)
            except QueryError as error:
                errors.append((entity, error))
        for listed in terms:
            for text in listed.items:
                try:
                    compiler.vocabulary.number(text, Flavour())
                except QueryError as error:
                    errors.append((listed, QueryError(error.message, query=text)))
        broken = {thing.id for thing, _ in errors if isinstance(thing, Entity)}
        self._rules: list[_Compiled] = []
        for rule in rules:
            try:
                self._rules.append(_compiled(rule, compiler.rule(rule.name)))
            except QueryError as error:
                if not any(f"@{name}" in (rule.query or "") for name in broken):  # said once, where it is wrong
                    errors.append((rule, error))
        if errors:
            raise RulebookErrors(errors)
        self.warnings: tuple[tuple[Thing, str], ...] = tuple(_warnings(self._rules))
        self._scanners = _scanners(compiler.vocabulary.patterns)
        self._by_term, self._always = _index(self._rules)
        self._by_name = {compiled.rule.name: compiled for compiled in self._rules}

    def __reduce__(self) -> tuple[object, ...]:
        return (Rulebook, self._made_of)

    def match(self, article: MatchInput) -> tuple[Match, ...]:
        """Return the rules that hold for an article, in their order, with what shows it."""
        document = Document(article)
        scan = nodes.Scan(document, self._spans(document))
        candidates = set(self._always)
        for number in scan.spans:
            candidates.update(self._by_term.get(number, ()))
        found = []
        for position in sorted(candidates):
            compiled = self._rules[position]
            if compiled.applies(article) and (finding := compiled.node.judge(scan)).holds:
                found.append(Match(rule=compiled.rule.name, evidence=_evidence(document, finding), score=_score(compiled.node, scan)))
        return tuple(found)

    def explain(self, article: MatchInput, rule: str) -> Trace:
        """Return every clause of a rule, true or false, with its evidence; the first line is the outcome.

        :raises KeyError: there is no such rule.
        """
        compiled = self._by_name[rule]
        document = Document(article)
        scan = nodes.Scan(document, self._spans(document))
        trace = _trace(compiled.node, scan)
        admitted = compiled.applies(article)
        if not (compiled.languages or compiled.feeds or compiled.tags):
            return trace
        limits = Trace(clause=f"feeds {list(compiled.rule.feeds)}, languages {list(compiled.rule.languages)}", holds=admitted)
        return Trace(clause=f"rule {rule}", holds=admitted and trace.holds, evidence=trace.evidence if admitted else (), parts=(limits, trace))

    def self_test(self) -> list[Failure]:
        """Return the sentences of ``must_match`` and ``must_not_match`` that are not as they must be."""
        failures = []
        subjects: list[tuple[str, Rule | Entity, nodes.Node]] = [("rule", c.rule, c.node) for c in self._rules]
        subjects += [("entity", entity, self._entities[entity.id]) for entity in self._made_of[1]]
        for kind, thing, node in subjects:
            for key, wanted in (("must_match", True), ("must_not_match", False)):
                for text in getattr(thing, key):
                    document = Document(MatchInput(text=text))
                    scan = nodes.Scan(document, self._spans(document))
                    if node.judge(scan).holds is not wanted:
                        why = _first_no(node, scan) if wanted else _shown(_evidence(document, node.judge(scan)))
                        name = thing.name if isinstance(thing, Rule) else thing.id
                        failures.append(Failure(kind=kind, name=name, key=key, text=text, explanation=why, file=thing.file, line=thing.line))
        return failures

    def _spans(self, document: Document) -> dict[int, list[tuple[int, int]]]:
        """Scan an article once in each flavour: spans in coordinates, by term number."""
        spans: dict[int, list[tuple[int, int]]] = {}
        for flavour, automaton, patterns in self._scanners:
            view = document.view(flavour)
            scan, marks = view.scan, view.marks
            for literal, start, end in automaton.find(scan):
                for number, pattern in patterns[literal]:
                    span = pattern.find(scan, marks, start, end)
                    if span is not None:
                        spans.setdefault(number, []).append(view.locate(*span))
        for number, found in spans.items():
            if len(found) > 1:
                spans[number] = sorted(set(found))
        return spans


_Scanner = tuple[Flavour, Automaton, list[list[tuple[int, Pattern]]]]


def _scanners(vocabulary: Sequence[tuple[Flavour, tuple[Pattern, ...]]]) -> list[_Scanner]:
    """One automaton for each flavour, over the anchors of all its terms."""
    found: dict[Flavour, dict[str, list[tuple[int, Pattern]]]] = {}
    for number, (flavour, patterns) in enumerate(vocabulary):
        anchors = found.setdefault(flavour, {})
        for pattern in patterns:
            anchors.setdefault(pattern.anchor.text, []).append((number, pattern))
    return [(flavour, Automaton(list(anchors)), list(anchors.values())) for flavour, anchors in found.items()]


def _index(rules: Sequence[_Compiled]) -> tuple[dict[int, list[int]], list[int]]:
    """Rules by the terms of which one must occur, and those without such terms, which are always judged."""
    by_term: dict[int, list[int]] = {}
    always = []
    for position, compiled in enumerate(rules):
        if compiled.node.needs is None:
            always.append(position)
            continue
        for number in compiled.node.needs:
            by_term.setdefault(number, []).append(position)
    return by_term, always


def _compiled(rule: Rule, node: nodes.Node) -> _Compiled:
    return _Compiled(
        rule,
        node,
        frozenset(language.partition("-")[0].lower() for language in rule.languages),
        tuple(fold(name).text for name in rule.feeds if not name.startswith("tag:")),
        tuple(fold(name.removeprefix("tag:")).text for name in rule.feeds if name.startswith("tag:")),
    )


def _score(node: nodes.Node, scan: nodes.Scan) -> float | None:
    if isinstance(node, nodes.ScoreNode):
        return node.score(scan)
    return next((part.score(scan) for part in node.parts if isinstance(part, nodes.ScoreNode)), None)


def _evidence(document: Document, finding: nodes.Finding) -> tuple[Evidence, ...]:
    """What shows a finding, in text order, each place and term once, at most fifty: one of each term first."""
    leaves = sorted({leaf for hit in finding.hits for leaf in hit.leaves}, key=lambda leaf: (leaf.start, leaf.end, leaf.term))
    if len(leaves) > MOST_EVIDENCE:
        first = {(leaf.term, leaf.entity): leaf for leaf in reversed(leaves)}
        rest = [leaf for leaf in leaves if first[leaf.term, leaf.entity] is not leaf]
        leaves = sorted([*first.values(), *rest][:MOST_EVIDENCE])
    shown = []
    for leaf in leaves:
        where, start, end = document.local(leaf.start, leaf.end)
        first_of, last_of = document.sentence(leaf.start, leaf.end)
        _, sentence_start, sentence_end = document.local(first_of, last_of)
        text = document.text_of(where)
        shown.append(
            Evidence(
                field=where, start=start, end=end, text=text[start:end], term=leaf.term, entity=leaf.entity,
                sentence=text[sentence_start:sentence_end], sentence_start=sentence_start,
            )
        )  # fmt: skip
    shown += [Evidence(field=where, start=0, end=len(value), text=value, term=term) for where, value, term in dict.fromkeys(finding.meta)]
    return tuple(shown[:MOST_EVIDENCE])


def _trace(node: nodes.Node, scan: nodes.Scan) -> Trace:
    finding = node.judge(scan)
    return Trace(clause=node.source, holds=finding.holds, evidence=_evidence(scan.document, finding), parts=tuple(_trace(part, scan) for part in node.parts))


def _first_no(node: nodes.Node, scan: nodes.Scan) -> str:
    """The innermost clause that explains why a node does not hold."""
    if isinstance(node, nodes.AndNode):
        for part in node.items:
            if not part.judge(scan).holds:
                return _first_no(part, scan)
    if isinstance(node, nodes.EntityNode):
        return f"{node.source}: no alias was found" if not any(a.judge(scan).holds for a in node.aliases) else f"{node.source}: its context rejects the mention"
    return f"{node.source} was not found" if not isinstance(node, nodes.NotNode) else f"{node.source} does not hold"


def _shown(evidence: Iterable[Evidence]) -> str:
    found = ", ".join(dict.fromkeys(f"{e.term} ({e.text!r})" for e in evidence))
    return f"found: {found}" if found else "nothing in it stands against the rule"


def _warnings(rules: Iterable[_Compiled]) -> Iterable[tuple[Thing, str]]:
    """Queries that are matched as written and are hardly meant."""
    for compiled in rules:
        node = compiled.node
        if node.needs is not None and not node.needs:
            yield compiled.rule, "this can never hold: an empty list of terms is needed"
        elif _never(node):
            yield compiled.rule, "this can never hold: it asks for a term and its absence"
        elif node.needs is None and not _has_expression(node):
            document = Document(MatchInput())
            always = node.judge(nodes.Scan(document, {})).holds
            yield compiled.rule, "nothing positive is asked for: it holds for " + ("nearly every article" if always else "whole feeds, tags or languages")


def _never(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.AndNode):
        return False
    absent = {id(part.item) for part in node.items if isinstance(part, nodes.NotNode)}
    return any(id(part) in absent for part in node.items) or any(_never(part) for part in node.items)


def _has_expression(node: nodes.Node) -> bool:
    return isinstance(node, nodes.RegexNode) or any(_has_expression(part) for part in node.parts if not isinstance(node, nodes.NotNode))


def _name(thing: Thing) -> str:
    return thing.id if isinstance(thing, Entity) else thing.name
