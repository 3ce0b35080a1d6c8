"""From what users wrote to conditions: queries, lists and scores of rules; entities; named terms; references between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple, TypeVar

from watcher.errors import QueryError
from watcher.model import Entity, Rule, Terms
from watcher.rules import proximity, query
from watcher.rules.conditions import (
    AllOf,
    AnyOf,
    Condition,
    IsNamed,
    Mentioned,
    NotOf,
    Often,
    OtherRule,
    Restriction,
    Weighted,
    Word,
    Words,
)
from watcher.rules.document import PLAIN, Flavour
from watcher.rules.index import Table
from watcher.rules.mentions import EntityTerms
from watcher.rules.syntax import TEXT_FIELDS, And, AtLeast, Case, Field, Near, Node, Not, Or, Reference, Regex, Term

MAX_CHAIN = 50  # rules that refer to rules that refer to …

Thing = Rule | Entity | Terms
T = TypeVar("T")
_REFERENCE = re.compile(r"([@$%])([\w.\-]+)")


class Scope(NamedTuple):
    """What prefixes and the rule itself say about the terms below them."""

    field: str | None = None
    case: bool = False
    accents: bool = True
    inflect: bool = False
    never: bool = False  # fields that exclude each other

    @property
    def flavour(self) -> Flavour:
        return PLAIN if self.accents and not self.case else Flavour(case=not self.case, accents=self.accents)

    def within(self, field: str) -> Scope:
        """Narrow to a field: inside ``lead:`` a ``body:`` says nothing more, and inside ``title:`` it says that nothing can hold."""
        if self.field is None or self.field == field or (self.field, field) == ("body", "lead"):
            return self._replace(field=field)
        return self if (self.field, field) == ("lead", "body") else self._replace(never=True)


class Compiler:
    """Compiles one set of rules, entities and terms. Errors are collected in ``errors``, warnings in ``warnings``."""

    def __init__(self, rules: Sequence[Rule], entities: Sequence[Entity], terms: Sequence[Terms]) -> None:
        self.table = Table()
        self.errors: list[tuple[Thing, QueryError]] = []
        self.warnings: list[tuple[Thing, str]] = []
        self.rules = self._by_name(rules, lambda rule: rule.name, "rule")
        self.terms = self._by_name(terms, lambda item: item.name, "list of terms")
        self.entities: dict[str, EntityTerms] = {}
        for entity in self._by_name(entities, lambda entity: entity.id, "entity").values():
            self.entities[entity.id] = self._entity(entity)
        for listed in self.terms.values():
            if not listed.items:
                self.warnings.append((listed, f"${listed.name} is empty: it finds nothing"))
        self._lists: dict[tuple[str, Scope], dict[int, str]] = {}
        self._conditions: dict[tuple[str, Scope], Condition | QueryError] = {}
        self._chain: list[str] = []

    def _by_name(self, things: Iterable[T], name_of: Callable[[T], str], kind: str) -> dict[str, T]:
        found: dict[str, T] = {}
        for thing in things:
            name = name_of(thing)
            if name in found:
                other = found[name]
                place = f" (the other stands in {other.file}:{other.line})" if getattr(other, "file", None) else ""  # type: ignore[attr-defined]
                self._fail(thing, QueryError(f'two of one name: {kind} "{name}"{place}'))  # type: ignore[arg-type]
            else:
                found[name] = thing
        return found

    def _fail(self, thing: Thing, error: QueryError) -> None:
        self.errors.append((thing, error))

    # --- entities and lists ----------------------------------------------------------------------------------------

    def _entity(self, entity: Entity) -> EntityTerms:
        plain = Flavour(accents=entity.accents != "ignore")
        if not entity.aliases:
            self._fail(entity, QueryError(f'the entity "{entity.id}" has no aliases: expected at least one'))
        if entity.within.unit not in ("article", "sentence", "words") or (entity.within.unit == "words" and entity.within.words < 1):
            self._fail(entity, QueryError('within: expected "article", "sentence" or a number of words from 1'))
        aliases = self._numbers(
            entity, ((alias.text, plain._replace(case=not alias.case)) for alias in entity.aliases), inflect=entity.inflect
        )
        requires = self._numbers(entity, ((text, plain) for text in entity.requires), inflect=entity.inflect)
        rejects = self._numbers(entity, ((text, plain) for text in entity.rejects), inflect=entity.inflect)
        return EntityTerms(entity.id, aliases, requires, rejects, entity.within)

    def _numbers(self, thing: Thing, items: Iterable[tuple[str, Flavour]], *, inflect: bool) -> dict[int, str]:
        """Number the terms of a list; what cannot be compiled becomes an error of ``thing``."""
        numbers: dict[int, str] = {}
        for text, flavour in items:
            try:
                numbers.setdefault(self.table.term(text, flavour, inflected=inflect), text)
            except QueryError as error:
                self._fail(thing, QueryError(error.message, query=text))
        return numbers

    def _list(self, name: str, scope: Scope) -> dict[int, str]:
        key = (name, scope._replace(field=None))
        if key not in self._lists:
            listed = self.terms[name]
            self._lists[key] = self._numbers(listed, ((text, scope.flavour) for text in listed.items), inflect=scope.inflect)
        return self._lists[key]

    def check_lists(self) -> None:
        """Number the lists that no rule has used, so that their errors show too."""
        used = {name for name, _ in self._lists}
        for name in self.terms.keys() - used:
            self._list(name, Scope())

    # --- rules -----------------------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> Condition | None:
        """Compile a rule's condition with its restrictions; None where it has errors, which are then in ``errors``."""
        before = len(self.errors)
        try:
            condition = self._rule(rule.name, self._scope(rule))
        except QueryError as error:
            if not any(thing is rule for thing, _ in self.errors):
                self._fail(rule, error)
            return None
        return condition if len(self.errors) == before or not any(thing is rule for thing, _ in self.errors) else None

    def _scope(self, rule: Rule) -> Scope:
        return Scope(accents=rule.accents != "ignore", inflect=rule.inflect)

    def _rule(self, name: str, scope: Scope) -> Condition:
        """Compile a rule once for each scope that it is used in.

        :raises QueryError: for a cycle, and where the rule has errors.
        """
        key = (name, scope)
        known = self._conditions.get(key)
        if isinstance(known, QueryError):
            raise known
        if known is not None:
            return known
        if name in self._chain:
            raise QueryError(f"a circle of rules: {' → '.join([*self._chain[self._chain.index(name) :], name])}")
        if len(self._chain) >= MAX_CHAIN:
            raise QueryError(f"more than {MAX_CHAIN} rules that refer to each other in a row: {' → '.join(self._chain[:3])} → …")
        self._chain.append(name)
        try:
            condition = self._condition(self.rules[name], scope)
        except QueryError as error:
            self._conditions[key] = error
            raise
        finally:
            self._chain.pop()
        self._conditions[key] = condition
        return condition

    def _condition(self, rule: Rule, scope: Scope) -> Condition:
        errors: list[QueryError] = []

        def attempt(text: str, make: Callable[[], Condition]) -> Condition | None:
            try:
                return make()
            except QueryError as error:
                errors.append(QueryError(error.message, query=text, position=error.position if text == rule.query else None))
                return None

        parts: list[Condition | None] = []
        if rule.languages:
            parts.append(Restriction("languages", rule.languages))
        if rule.feeds:
            parts.append(Restriction("feeds", rule.feeds))
        restrictions = len(parts)
        if rule.query is not None:
            text = rule.query
            parts.append(attempt(text, lambda: self.lower(query.parse(text), scope)))
        for key, items in (("any", rule.any_), ("all", rule.all_), ("none", rule.none_)):
            made = [attempt(item, lambda item=item, key=key: self._item(rule, key, item, scope)) for item in items]  # type: ignore[misc]
            kept = tuple(item for item in made if item is not None)
            if kept and key == "any":
                parts.append(kept[0] if len(kept) == 1 else AnyOf(kept))
            elif key == "all":
                parts += kept
            else:
                parts += [NotOf(item) for item in kept] if key == "none" else []
        if rule.score:
            parts.append(self._score(rule, scope, attempt))
        if len(parts) == restrictions and not errors:
            errors.append(QueryError(f'the rule "{rule.name}" has no condition: expected query, any, all, none or score'))
        if errors:
            if not any(thing is rule for thing, _ in self.errors):
                self.errors += [(rule, error) for error in errors]
            raise errors[0]
        conditions = tuple(part for part in parts if part is not None)
        return conditions[0] if len(conditions) == 1 else AllOf(conditions)

    def _score(self, rule: Rule, scope: Scope, attempt: Callable[[str, Callable[[], Condition]], Condition | None]) -> Condition | None:
        if rule.threshold is None:
            return attempt("", lambda: _refuse("score without threshold: expected threshold = a number"))
        items = [(attempt(key, lambda key=key: self._item(rule, "score", key, scope)), weight) for key, weight in rule.score]  # type: ignore[misc]
        return Weighted(tuple((item, weight) for item, weight in items if item is not None), rule.threshold)

    def _item(self, rule: Rule, key: str, text: str, scope: Scope) -> Condition:
        """Compile an item of ``any``, ``all``, ``none`` or ``score``: a term, or a reference that stands alone."""
        match = _REFERENCE.fullmatch(text.strip())
        if match is not None:
            reference = Reference(match[1], match[2])
            if match[2] in self._known(match[1]):
                return self.lower(reference, scope)
            if key == "score" and match[1] == "@":
                raise self._unknown(reference)
            self.warnings.append((rule, f'{key}: "{text}" is searched as it stands: {self._unknown(reference).message}'))
        return self.lower(Term(text), scope)

    # --- queries ---------------------------------------------------------------------------------------------------

    def lower(self, node: Node, scope: Scope) -> Condition:
        """Compile a parsed query.

        :raises QueryError: with the position of what cannot be compiled.
        """
        match node:
            case Term() | Regex():
                return self._words(node, scope)
            case Reference():
                return self._reference(node, scope)
            case And(items):
                return AllOf(tuple([self.lower(item, scope) for item in items]))
            case Or(items):
                return AnyOf(tuple([self.lower(item, scope) for item in items]))
            case Not(item):
                return NotOf(self.lower(item, scope))
            case Near():
                return proximity.relate(self.lower(node.left, scope), self.lower(node.right, scope), node)
            case AtLeast():
                counted = self.lower(node.item, scope)
                if not proximity.stands_in_text(counted):
                    raise QueryError(f"{node} counts terms, entities and groups of them joined by OR", position=node.position)
                return Often(counted, node)
            case Case(item):
                return self.lower(item, scope._replace(case=True))
            case Field():
                return self._field(node, scope)

    def _words(self, node: Term | Regex, scope: Scope) -> Condition:
        try:
            if isinstance(node, Term):
                number = self.table.term(node.text, scope.flavour, inflected=scope.inflect)
            else:
                number = self.table.expression(node.source, scope.flavour)
        except QueryError as error:
            raise QueryError(error.message, position=node.position) from None
        if scope.never:
            return Words({}, scope.field, self._label(node, scope))
        searched = isinstance(node, Term) or bool(self.table.expressions[number].literals)
        return Word(number, node, scope.field, exact=scope.case, searched=searched)

    @staticmethod
    def _label(node: Node, scope: Scope) -> str:
        return (f"{scope.field}:" if scope.field else "") + ("case:" if scope.case else "") + str(node)

    def _field(self, node: Field, scope: Scope) -> Condition:
        if node.name in TEXT_FIELDS:
            return self.lower(node.item, scope.within(node.name))
        return self._named(node.name, node.item, node.position)

    def _named(self, name: str, item: Node, position: int) -> Condition:
        """Compile what stands behind ``tag:``, ``feed:`` or ``lang:``: names, and groups of names."""
        match item:
            case Term(text):
                return IsNamed(name, text, f"{name}:{item}")
            case And(items):
                return AllOf(tuple(self._named(name, each, position) for each in items))
            case Or(items):
                return AnyOf(tuple(self._named(name, each, position) for each in items))
            case Not(inner):
                return NotOf(self._named(name, inner, position))
            case _:
                raise QueryError(f"{name}: compares whole names: expected a name or a group of names, not {item}", position=position)

    def _known(self, sigil: str) -> Container[str]:
        return self.entities if sigil == "@" else self.terms if sigil == "$" else self.rules

    def _unknown(self, node: Reference) -> QueryError:
        kind, names = {"@": ("entity", tuple(self.entities)), "$": ("list of terms", tuple(self.terms)), "%": ("rule", tuple(self.rules))}[
            node.sigil
        ]
        hint = query.suggest(node.name, names) or " (to find it as it stands, put it in quotes)"
        return QueryError(f'there is no {kind} "{node.name}"{hint}', position=node.position)

    def _reference(self, node: Reference, scope: Scope) -> Condition:
        if node.name not in self._known(node.sigil):
            raise self._unknown(node)
        label = self._label(node, scope)
        if node.sigil == "@":
            return Words({}, scope.field, label) if scope.never else Mentioned(self.entities[node.name], scope.field, label)
        if node.sigil == "$":
            return Words({} if scope.never else self._list(node.name, scope), scope.field, label)
        target = self.rules[node.name]
        own = self._scope(target)._replace(field=scope.field, case=scope.case, never=scope.never)
        try:
            condition = self._rule(node.name, own)
        except QueryError as error:
            cycle = error.message.startswith("a circle") or error.message.startswith("more than")
            message = error.message if cycle else f"%{node.name} cannot be used, for that rule has an error: {error.message}"
            raise QueryError(message, position=node.position) from None
        return OtherRule(condition, label, condition.needs(self.table.weights))


def _refuse(message: str) -> Condition:
    raise QueryError(message)
