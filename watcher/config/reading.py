"""Reads every file into checked tables, each with its place. Names that exist twice are found here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from watcher.config import documents, includes
from watcher.config.documents import Document
from watcher.config.models import (
    EntityTable,
    FeedTable,
    FetchTable,
    File,
    OperatorsTable,
    RouteTable,
    Rules,
    RuleTable,
    Table,
    WatcherTable,
    WebTable,
)
from watcher.config.models.rules import TermsValue
from watcher.config.problems import Place, Problems, did_you_mean
from watcher.config.translate import channel_type, likely_channel, validate, validate_as
from watcher.config.units import clip, shown
from watcher.errors import ConfigError

Model = TypeVar("Model", bound=Table)

SECTIONS = frozenset(File.model_fields)
RULE_SECTIONS = frozenset(Rules.model_fields)
_NAME = re.compile(r"\w[\w.-]{0,199}")
_TERMS: TypeAdapter[Any] = TypeAdapter(TermsValue)


@dataclass(slots=True)
class Tables:
    """The tables of all files, each with its place; those with errors hold what is good of them (see ``translate.validate``).

    ``declared`` knows every name that the user gave, by kind (``rule``, ``feed``, ``channel`` …), also of tables that are no good, so
    that a typing mistake in a channel is not reported again by each rule that names it. ``unread``: sections that may hold more names than
    are known, since some of it could not be read.
    """

    watcher: tuple[Place, WatcherTable] | None = None
    fetch: tuple[Place, FetchTable] | None = None
    web: tuple[Place, WebTable] | None = None
    operators: tuple[Place, OperatorsTable] | None = None
    feeds: list[tuple[Place, FeedTable]] = field(default_factory=list)
    opml: list[tuple[Path, str]] = field(default_factory=list)
    entities: dict[str, tuple[Place, EntityTable]] = field(default_factory=dict)
    terms: dict[str, tuple[Place, Any]] = field(default_factory=dict)
    rules: list[tuple[Place, RuleTable]] = field(default_factory=list)
    channels: dict[str, tuple[Place, Table]] = field(default_factory=dict)
    routes: list[tuple[Place, RouteTable]] = field(default_factory=list)
    declared: dict[tuple[str, str], Place] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def names(self, kind: str) -> set[str]:
        """Return all declared names of one kind."""
        return {name for known, name in self.declared if known == kind}


def read_all(main: Document, problems: Problems) -> Tables:
    """Read the main document and all that it includes."""
    reader = _Reader(problems)
    reader.tables.files.append(main.path)
    reader.read(main, SECTIONS)
    section = main.data.get("watcher")
    patterns = section.get("include") if isinstance(section, dict) else None
    before = len(problems.errors)
    included = list(includes.expand(Place(main, ("watcher", "include")), patterns, problems))
    if len(problems.errors) > before or not problems.sound(Place(main, ("watcher", "include"))):
        reader.tables.unread |= SECTIONS
    for asked, path, name in included:
        reader.tables.files.append(path)
        if path.suffix.lower() == ".opml":
            reader.tables.opml.append((path, name))
        else:
            reader.open(path, name, asked)
    return reader.tables


def read_rules(paths: list[tuple[Path, str]], problems: Problems) -> Tables:
    """Read files with rules, entities and terms; whatever else a configuration may hold is skipped unread."""
    reader = _Reader(problems)
    for path, name in paths:
        reader.tables.files.append(path)
        try:
            reader.read(documents.load(path, name), RULE_SECTIONS)
        except ConfigError as error:
            problems.append(error)
            reader.tables.unread |= _may_hold(path)
    return reader.tables


def _unknown(name: str, value: object) -> str:
    """Say what an unknown name at the top of a file may have been meant to be."""
    if isinstance(value, dict | list):
        return f"unknown table{did_you_mean(name, SECTIONS)}"
    for section, model in (("watcher", WatcherTable), ("fetch", FetchTable)):
        hint = did_you_mean(name, model.model_fields)
        if "did you mean" in hint:
            return f"unknown key outside of a table{hint.rstrip('?')} in [{section}]?"
    return "unknown key outside of a table"


def _may_hold(path: Path) -> set[str]:
    """Return the sections that may stand in a file that cannot be parsed: those whose names are in it."""
    try:
        content, _ = documents.read(path)
    except (OSError, ValueError):
        return set(SECTIONS)
    return {section for section in SECTIONS if section.encode() in content}


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.tables = Tables()

    def open(self, path: Path, name: str, asked: Place) -> None:
        """Read an included file."""
        try:
            document = documents.load(path, name)
        except ConfigError as error:
            self.tables.unread |= _may_hold(path)
            if error.line is not None:
                self.problems.append(error)
            else:  # it could not be opened: the fault is in who asked for it
                self.problems.add(asked, f"the file {clip(name, 160)} {error.message}")
            return
        section = document.data.get("watcher")
        if isinstance(section, dict) and "include" in section:
            self.problems.add(Place(document, ("watcher", "include")), f"only the main file includes others ({asked.document.name})")
        self.read(document, SECTIONS)

    def read(self, document: Document, wanted: frozenset[str]) -> None:
        """Read the wanted sections of one document."""
        root = Place(document)
        for name, value in document.data.items():
            if name not in SECTIONS:
                self.problems.add(root.at(name), _unknown(name, value))
            elif name in wanted:
                self._section(name, value, root.at(name))

    def _section(self, name: str, value: object, place: Place) -> None:
        match name:
            case "watcher":
                self.tables.watcher = self._single("watcher", WatcherTable, value, place) or self.tables.watcher
            case "fetch":
                self.tables.fetch = self._single("fetch", FetchTable, value, place) or self.tables.fetch
            case "web":
                self.tables.web = self._single("web", WebTable, value, place) or self.tables.web
            case "operators":
                self.tables.operators = self._single("operators", OperatorsTable, value, place) or self.tables.operators
            case "feeds":
                self.tables.feeds += self._listed("feed", FeedTable, value, place)
            case "rules":
                self.tables.rules += self._listed("rule", RuleTable, value, place)
            case "routes":
                self.tables.routes += self._listed("", RouteTable, value, place)
            case _:
                for key, item in self._named(value, place):
                    self._entry(name, key, item, place.at(key))

    def _single(self, name: str, model: type[Model], value: object, place: Place) -> tuple[Place, Model] | None:
        if not self._declare("table", name, place, f"the table [{name}]"):
            return None
        table = validate(model, value, place, self.problems)
        return (place, table) if table else None

    def _listed(self, kind: str, model: type[Model], value: object, place: Place) -> list[tuple[Place, Model]]:
        section = str(place.path[0])
        if not isinstance(value, list):
            self.problems.add(place, f"expected a list of tables: write [[{section}]] with two brackets, not {shown(value)}")
            self.tables.unread.add(section)
            return []
        found = []
        for index, item in enumerate(value):
            here = place.at(index)
            table = validate(model, item, here, self.problems)
            name = item.get("name") if isinstance(item, dict) else None
            unique = not (kind and isinstance(name, str)) or self._declare(
                kind, name.strip(), here.at("name"), f'the {kind} "{clip(name)}"'
            )
            named = self.problems.sound(here, "name")
            if table is None or not named:
                self.tables.unread.add(section)
            if isinstance(table, RuleTable) and not named:
                table = table.model_copy(update={"name": here.key})  # the example's name may be somebody's
            if table and unique:
                found.append((here, table))
        return found

    def _named(self, value: object, place: Place) -> list[tuple[str, Any]]:
        if isinstance(value, Mapping):
            return list(value.items())
        self.problems.add(place, f"expected tables with names: write [{place.path[0]}.NAME], not {shown(value)}")
        self.tables.unread.add(str(place.path[0]))
        return []

    def _entry(self, section: str, name: str, value: object, place: Place) -> None:
        """One of ``[entities.ID]``, ``terms.NAME``, ``[channels.NAME]``."""
        kind = {"entities": "entity", "terms": "terms", "channels": "channel"}[section]
        if not _NAME.fullmatch(name):
            self.problems.add(place, f"a name has letters, digits, dots, - and _ only, not {shown(name)}")
        if not self._declare(kind, name, place, f'the {kind} "{clip(name)}"'):
            return
        if section == "entities":
            if entity := validate(EntityTable, value, place, self.problems):
                self.tables.entities[name] = (place, entity)
        elif section == "terms":
            if terms := validate_as(_TERMS, value, place, self.problems):
                self.tables.terms[name] = (place, terms)
        else:
            model = channel_type(value, place, self.problems)
            if model is None and isinstance(value, Mapping):
                model, value = likely_channel(value)
            if model and (channel := validate(model, value, place, self.problems)):
                self.tables.channels[name] = (place, channel)

    def _declare(self, kind: str, name: str, place: Place, what: str) -> bool:
        """Note a name; False after recording that it is taken."""
        first = self.tables.declared.setdefault((kind, name), place)
        if first is not place:
            self.problems.add(place, f"{what} exists already at {first}")
        return first is place
