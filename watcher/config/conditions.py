"""Entities, terms and rules: from tables to :mod:`watcher.model`, then compiled and tried."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from watcher import rules as engine
from watcher.config import documents
from watcher.config.models import EntityTable, RuleTable
from watcher.config.models.rules import TermsTable
from watcher.config.problems import Place, Problems
from watcher.config.reading import Tables
from watcher.config.translate import validate_as
from watcher.config.units import clip, shown
from watcher.errors import ConfigError, QueryError
from watcher.model import Alias, Entity, Repeat, Rule, Severity, Terms, Updates

if TYPE_CHECKING:
    from watcher.rules import Rulebook

_TERMS: TypeAdapter[list[str]] = TypeAdapter(TermsTable)
_STAND_IN = "x"  # what is searched in place of what could not be read: nothing is, for the configuration is refused
_CONDITION = ("query", "any", "all", "none", "score", "threshold")
_MENTION = ("name", "aliases", "requires", "rejects", "within", "inflect", "accents")
Thing = Rule | Entity | Terms
Things = tuple[tuple[Rule, ...], tuple[Entity, ...], tuple[Terms, ...]]


def entities(tables: dict[str, tuple[Place, EntityTable]]) -> tuple[Entity, ...]:
    """Return the entities; one without aliases is known by its name."""
    return tuple(
        Entity(
            id=name,
            name=table.name or name,
            kind=table.kind or "",
            aliases=tuple(table.aliases) if table.aliases is not None else (Alias(text=table.name or name),),
            requires=tuple(table.requires),
            rejects=tuple(table.rejects),
            within=table.within,
            inflect=table.inflect,
            accents=table.accents,
            must_match=tuple(table.must_match),
            must_not_match=tuple(table.must_not_match),
            file=place.document.name,
            line=place.line,
        )
        for name, (place, table) in tables.items()
    )


def terms(tables: dict[str, tuple[Place, Any]], problems: Problems) -> tuple[Terms, ...]:
    """Return the lists of terms, reading those that stand in files of their own."""
    found = []
    for name, (place, value) in tables.items():
        if isinstance(value, dict):
            items = _terms_file(str(value["file"]), place.at("file"), problems)
        else:
            items = validate_as(_TERMS, value, place, problems) or []
        if items:
            found.append(Terms(name=name, items=tuple(dict.fromkeys(items)), file=place.document.name, line=place.line))
    return tuple(found)


def _terms_file(name: str, place: Place, problems: Problems) -> list[str]:
    """Read one term a line; blank lines and those that begin with ``#`` do not count."""
    shown_name = str(Path(place.document.name).parent / name)
    try:
        content, _ = documents.read(place.document.path.parent / name)
        text = documents.decode(content, shown_name)
    except ConfigError as error:
        problems.append(error)
        return []
    except (OSError, ValueError) as error:
        problems.add(place, f"the file {clip(shown_name, 160)} cannot be read: {documents.why(error)}")
        return []
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        term = line.strip()
        if not term or term.startswith("#"):
            continue
        if "\0" in term or len(term) > 1_000:
            problems.append(ConfigError("no term: a NUL character, or longer than 1,000 characters", file=shown_name, line=number))
        else:
            found.append(term)
    if not found:
        problems.add(place, f"the file {clip(shown_name, 160)} has no terms")
    return found


def rules(tables: list[tuple[Place, RuleTable]], problems: Problems) -> tuple[Rule, ...]:
    """Return the rules. Each needs a condition; weights need a threshold. Where that is missing, a stand-in is there after its error."""
    found = []
    for place, table in tables:
        rule = _rule(place, table)
        sound = problems.sound(place, *_CONDITION)
        if table.query is None and not (table.any_ or table.all_ or table.none_ or table.score):
            if sound:
                problems.add(place, f"the rule {shown(table.name)} has no condition: give query, any, all, none or score")
                problems.spoil(place.at("query"))
            rule = replace(rule, any_=(_STAND_IN,))
        if table.score and table.threshold is None:
            if sound:
                problems.add(place.at("threshold"), "is missing: score needs it")
            rule = replace(rule, threshold=1.0)
        if table.threshold is not None and not table.score and sound:
            problems.add(place.at("threshold"), "a threshold without score")
        found.append(rule)
    return tuple(found)


def _rule(place: Place, table: RuleTable) -> Rule:
    return Rule(
        name=table.name,
        query=table.query,
        any_=tuple(table.any_),
        all_=tuple(table.all_),
        none_=tuple(table.none_),
        score=tuple(table.score.items()),
        threshold=table.threshold,
        feeds=tuple(table.feeds),
        languages=tuple(code.lower() for code in table.languages),
        severity=Severity(table.severity),
        channels=tuple(dict.fromkeys(table.channels)) if table.channels is not None else None,
        repeat=Repeat(table.repeat),
        updates=Updates(table.updates),
        limit=table.limit,
        sources=table.sources,
        edits=table.edits,
        inflect=table.inflect,
        accents=table.accents,
        must_match=tuple(table.must_match),
        must_not_match=tuple(table.must_not_match),
        file=place.document.name,
        line=place.line,
    )


class Compiler:
    """Compiles rules and says where in the files the compiler's objections belong."""

    def __init__(self, tables: Tables, problems: Problems) -> None:
        self.tables, self.problems = tables, problems
        self.places: dict[tuple[str, str], tuple[Place, Any]] = {("rule", table.name): (place, table) for place, table in tables.rules}
        self.places |= {("entity", name): found for name, found in tables.entities.items()}
        self.places |= {("terms", name): found for name, found in tables.terms.items()}

    def compile(self, rules: tuple[Rule, ...], entities: tuple[Entity, ...], terms: tuple[Terms, ...]) -> Rulebook | None:
        """Return the rulebook whose sentences all hold, or None after recording the problems.

        Where something has errors already, the sentences of what does not depend on it are tried all the same.
        """
        things = (rules, entities, terms)
        if self.problems.errors:
            things = self._completed(things)
        book = self._book(things)
        if self.problems.errors:
            trusted = self._trusted(things)
            book = book if book is not None and trusted == things else self._book(trusted)
            if book is not None:
                self._try(book)
            return None
        assert book is not None  # without a problem there is one
        for thing, message in book.warnings:
            place, text = self._place(thing, message)
            self.problems.warn(place, text)
        return book if self._try(book) else None

    def _book(self, things: Things) -> Rulebook | None:
        """Return the compiled rules, or None after recording what is wrong with them."""
        try:
            return engine.compile(*things)
        except engine.RulebookErrors as errors:
            for thing, error in errors.errors:
                self._objection(thing, error)
            return None

    def _completed(self, things: Things) -> Things:
        """Add stand-ins for what is named and was declared, or may stand in what could not be read."""
        rules, entities, terms = things
        known = engine.closure.named(things)
        kinds = {"%": ("rule", "rules"), "@": ("entity", "entities"), "$": ("terms", "terms")}
        named = {each for rule in rules for each in engine.closure.references(rule)} - known.keys()
        lacking = sorted(
            (sigil, name)
            for sigil, name in named
            if kinds[sigil][1] in self.tables.unread or (kinds[sigil][0], name) in self.tables.declared
        )
        return (
            (*rules, *(Rule(name=name, any_=(_STAND_IN,)) for sigil, name in lacking if sigil == "%")),
            (*entities, *(Entity(id=name, name=name, aliases=(Alias(text=_STAND_IN),)) for sigil, name in lacking if sigil == "@")),
            (*terms, *(Terms(name=name, items=(_STAND_IN,)) for sigil, name in lacking if sigil == "$")),
        )

    def _trusted(self, things: Things) -> Things:
        """Return what finds what it should: what has no error in a key that says what to look for, nor names anything that has one."""
        known = engine.closure.named(things)
        kinds = {"rule": ("%", (*_CONDITION, "inflect", "accents")), "entity": ("@", _MENTION), "terms": ("$", ())}
        sound = {(kinds[kind][0], name) for (kind, name), (place, _) in self.places.items() if self.problems.sound(place, *kinds[kind][1])}
        kept = {each for each in sound if engine.closure.reach([each], known) <= sound}
        rules, entities, terms = things
        return (
            tuple(rule for rule in rules if ("%", rule.name) in kept),
            tuple(entity for entity in entities if ("@", entity.id) in kept),
            tuple(listed for listed in terms if ("$", listed.name) in kept),
        )

    def _try(self, book: Rulebook) -> bool:
        """Run all self-tests; False after recording what failed."""
        failures = book.self_test()
        for failure in failures:
            place, table = self.places[failure.kind, failure.name]
            sentences: Iterable[str] = getattr(table, failure.key)
            index = next((number for number, text in enumerate(sentences) if text == failure.text), 0)
            verb = "does not match" if failure.key == "must_match" else "matches"
            what = f"the {failure.kind} {shown(failure.name)} {verb} {shown_sentence(failure.text)}"
            why = " ".join(failure.explanation.split())
            self.problems.add(place.at(failure.key, index), f"{what}: {why}" if why else what)
        return not failures

    def _objection(self, thing: Thing, error: QueryError) -> None:
        place, table = self.places[_kind(thing), thing.id if isinstance(thing, Entity) else thing.name]
        where = f", character {error.position + 1} of {shown_query(error)}" if error.position is not None and error.query else ""
        named = f": {shown_query(error)}" if error.query and not where else where
        self.problems.add(place.at(*_key_of(table, error.query)), f"{error.message}{named}")

    def _place(self, thing: object, message: str) -> tuple[Place, str]:
        assert isinstance(thing, Rule | Entity | Terms)
        name = thing.id if isinstance(thing, Entity) else thing.name
        place, table = self.places[_kind(thing), name]
        return (place.at("query") if isinstance(table, RuleTable) and table.query else place), message


def _kind(thing: Thing) -> str:
    return {Rule: "rule", Entity: "entity", Terms: "terms"}[type(thing)]


def _key_of(table: object, query: str) -> tuple[str | int, ...]:
    """Return the key below a rule, an entity or a list of terms that holds ``query``."""
    if isinstance(table, list):
        return (table.index(query),) if query in table else ()
    if isinstance(table, RuleTable):
        if query == table.query or not query:
            return ("query",) if table.query else ()
        if query in table.score:
            return ("score", query)
        lists: dict[str, list[Any]] = {"any": table.any_, "all": table.all_, "none": table.none_}
    elif isinstance(table, EntityTable):
        lists = {"aliases": [alias.text for alias in table.aliases or ()], "requires": table.requires, "rejects": table.rejects}
    else:
        return ()
    return next(((key, items.index(query)) for key, items in lists.items() if query in items), ())


def shown_query(error: QueryError) -> str:
    """Return the query for a message; of a long one, what stands around the fault."""
    start = max(0, (error.position or 0) - 60)
    end = start + 140
    return f"query '{'…' if start else ''}{clip(error.query[start:end], 140)}{'…' if end < len(error.query) else ''}'"


def shown_sentence(text: str) -> str:
    """Return a test's sentence in quotes, cut where it is long."""
    return f'"{clip(text, 120)}"'
