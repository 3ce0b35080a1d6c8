"""pydantic's findings, said in the user's words: the place, the allowed form, the nearest known word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from watcher.config.models import CHANNEL_TYPES, Table
from watcher.config.models.channels import ChannelTable
from watcher.config.problems import Place, Problems, did_you_mean
from watcher.config.units import shown

Model = TypeVar("Model", bound=Table)
T = TypeVar("T")

_KINDS = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list in [brackets]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "float_type": "a number",
}


def validate(model: type[Model], value: object, place: Place, problems: Problems) -> Model | None:
    """Return ``value`` as a ``model``.

    After recording each problem at its key, what is good of the table: spoilt keys have their defaults, or their examples where they are
    required, so that other steps find the errors of the other keys. None where nothing is good.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        record(error, model, place, problems)
        return _rest(error, model, value, place, problems)


def _rest(error: ValidationError, model: type[Model], value: object, place: Place, problems: Problems) -> Model | None:
    """Return the model of a table without the keys that ``error`` is about."""
    for _ in range(3):  # without what is wrong, with stand-ins for what is missing then; once more for tables within
        if not isinstance(value, Mapping):
            return None
        for detail in error.errors(include_url=False):
            where = tuple(part for part in detail["loc"] if part != "[key]")
            path = _within_tables(value, where)
            if not path:
                return None
            problems.spoil(place.at(*where))
            if detail["type"] == "extra_forbidden":
                problems.puzzle(place.at(*where[:-1]))
            value = _changed(value, path, _example(model, path) if detail["type"] == "missing" else None)
        try:
            return model.model_validate(value)
        except ValidationError as again:
            error = again
    return None


def _within_tables(value: Any, path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return as much of a path as leads through tables: a list with a fault in an item is a fault as a whole."""
    found: list[str] = []
    for part in path:
        if not isinstance(value, Mapping):
            break
        found.append(str(part))
        value = value.get(part)
    return tuple(found)


def _changed(table: Mapping[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return a copy of a table with another value at ``path``; None: without it."""
    key, below = path[0], path[1:]
    rest = {name: item for name, item in table.items() if name != key}
    if below:
        return rest | {key: _changed(table[key], below, value)}
    return rest if value is None else rest | {key: value}


def _example(model: type[BaseModel], path: tuple[str, ...]) -> object:
    """Return the example of a key that is required."""
    examples = [
        info.examples
        for table in _tables_at(model, path[:-1])
        for name, info in table.model_fields.items()
        if path[-1] in (name, info.alias)
    ]
    return next((example[0] for example in examples if example), None)


def validate_as(adapter: TypeAdapter[T], value: object, place: Place, problems: Problems) -> T | None:
    """The same for a type that is no table."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        record(error, None, place, problems)
        return None


def record(error: ValidationError, model: type[BaseModel] | None, place: Place, problems: Problems) -> None:
    """Add each finding of ``error`` to ``problems``."""
    for detail in error.errors(include_url=False):
        path = tuple(part for part in detail["loc"] if part != "[key]")
        problems.add(place.at(*path), _message(detail, model, path))


def _message(detail: ErrorDetails, model: type[BaseModel] | None, path: tuple[str | int, ...]) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in _KINDS:
        hint = f": write [{shown(value)}]" if kind == "list_type" and isinstance(value, str) else ""
        return f"expected {_KINDS[kind]}, not {shown(value)}{hint}"
    match kind:
        case "extra_forbidden":
            return f"unknown key{did_you_mean(str(path[-1]), _keys_at(model, path[:-1]))}"
        case "missing":
            return "is missing"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            choices = re.findall(r"'([^']*)'", str(context["expected"]))
            return f"expected one of {', '.join(choices)}, not {shown(value)}" + (_near(value, choices))
        case "greater_than_equal" | "less_than_equal":
            bound = context.get("ge", context.get("le"))
            return f"expected a whole number of at {'least' if 'ge' in context else 'most'} {bound}, not {shown(value)}"
        case "string_too_long":
            return f"longer than {context['max_length']:,} characters"
        case "string_pattern_mismatch" if isinstance(value, str) and not value.strip("\0 \t\r\n"):
            return "expected a text, not an empty one"
        case "string_pattern_mismatch" if isinstance(value, str) and "\0" in value:
            return "contains a NUL character"
        case "string_pattern_mismatch":
            return f'expected a language such as "en" or "uk", not {shown(value)}'
        case "too_short":
            return "expected at least one, not an empty list"
        case _:
            return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, not {shown(value)}"


def _near(value: object, choices: list[str]) -> str:
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    return hint if "did you mean" in hint else ""


def _keys_at(model: type[BaseModel] | None, path: tuple[str | int, ...]) -> set[str]:
    """Return the keys of the table at ``path`` below ``model``."""
    return {name for table in _tables_at(model, path) for name, _ in _fields(table)}


def _tables_at(model: type[BaseModel] | None, path: tuple[str | int, ...]) -> set[type[BaseModel]]:
    here = {model} if model else set()
    for part in path:
        below = {found for table in here for name, annotation in _fields(table) if name == part for found in _tables(annotation)}
        here = below or here
    return here


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    return ((info.alias or name, info.annotation) for name, info in model.model_fields.items())


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables(argument)


def channel_type(value: object, place: Place, problems: Problems) -> type[Table] | None:
    """Return the model for a channel's table by its ``type``, or None after recording what is wrong with that."""
    if not isinstance(value, dict):
        problems.add(place, f"expected a table, not {shown(value)}")
        return None
    if "type" not in value:
        problems.add(place.at("type"), f"is missing: one of {', '.join(CHANNEL_TYPES)}")
        return None
    kind = value["type"]
    if isinstance(kind, str) and kind in CHANNEL_TYPES:
        return CHANNEL_TYPES[kind]
    problems.add(place.at("type"), f"expected one of {', '.join(CHANNEL_TYPES)}, not {shown(kind)}{_near(kind, list(CHANNEL_TYPES))}")
    return None


def likely_channel(value: Mapping[str, Any]) -> tuple[type[Table], dict[str, Any]]:
    """Return the type that a channel of no type is likely meant to have, and its table for it, so that the errors of its other keys are found.

    With nothing near: what channels of all types have.
    """
    kind = value.get("type")
    near = get_close_matches(kind[:80].lower(), CHANNEL_TYPES, n=1) if isinstance(kind, str) else []
    if near:
        return CHANNEL_TYPES[near[0]], {**value, "type": near[0]}
    return ChannelTable, {key: item for key, item in value.items() if key in ChannelTable.model_fields}
