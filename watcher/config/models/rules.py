"""``[entities.ID]``, ``[terms]`` and ``[[rules]]``: what is looked for."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from watcher.config import units
from watcher.config.models.base import Limit, Line, Name, Sentence, Table, Term, key
from watcher.config.problems import did_you_mean
from watcher.model import Alias, Within


def alias(value: object) -> Alias:
    """Accept ``"Patriot"`` or ``{ text = "US", case = true }``."""
    form = 'expected a term such as "Patriot", or { text = "US", case = true }'
    text: object
    case: object
    if isinstance(value, str):
        text, case = value, False
    elif isinstance(value, dict):
        for name in value:
            if name not in ("text", "case"):
                raise ValueError(f'{form}; there is no "{units.clip(name, 40)}"{did_you_mean(name, ("text", "case"))}')
        text, case = value.get("text"), value.get("case", False)
    else:
        raise ValueError(f"{form}, not {units.shown(value)}")  # noqa: TRY004 — pydantic collects ValueErrors
    if text is None:
        raise ValueError(f"{form}: the text is missing")
    if not isinstance(text, str) or not text.strip() or "\0" in text or len(text) > 1_000:
        raise ValueError(f"{form}, not {units.shown(text)}")
    if not isinstance(case, bool):
        raise ValueError(f"{form}: case is true or false, not {units.shown(case)}")  # noqa: TRY004 — pydantic collects ValueErrors
    return Alias(text=text, case=case)


def within(value: object) -> Within:
    """Accept ``"article"``, ``"sentence"`` or a number of words."""
    if value in ("article", "sentence") and isinstance(value, str):
        return Within(unit=value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000:
        return Within(unit="words", words=value)
    raise ValueError(f'expected "article", "sentence" or a number of words from 1 to 1000, not {units.shown(value)}')


def weight(value: object) -> float:
    """Accept a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a number, not {units.shown(value)}")
    return float(value)


def terms(value: object) -> list[Any] | dict[str, Any]:
    """Accept a list of terms or ``{ file = "…" }``; the items are checked where their places are known."""
    form = 'expected a list of terms, or { file = "terms.txt" }'
    if isinstance(value, dict):
        for name in value:
            if name != "file":
                raise ValueError(f'{form}; there is no "{units.clip(name, 40)}"')
        if not isinstance(value.get("file"), str) or not value["file"].strip():
            raise ValueError(f"{form}: the file's name is missing")
        return value
    if not isinstance(value, list) or not value:
        raise ValueError(f"{form}, not {units.shown(value)}")
    return value


AliasValue = Annotated[
    Alias,
    BeforeValidator(alias),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string"},
                        "case": {"type": "boolean", "default": False, "description": "Letters must agree in case"},
                    },
                },
            ]
        }
    ),
]
WithinValue = Annotated[
    Within,
    BeforeValidator(within),
    WithJsonSchema({"anyOf": [{"enum": ["article", "sentence"]}, {"type": "integer", "minimum": 1, "maximum": 1000}]}),
]
Weight = Annotated[float, BeforeValidator(weight), WithJsonSchema({"type": "number"})]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
TermsTable = Annotated[list[Term], Field(min_length=1)]
TermsValue = Annotated[
    Any,
    BeforeValidator(terms),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
                {"type": "object", "additionalProperties": False, "required": ["file"], "properties": {"file": {"type": "string"}}},
            ]
        }
    ),
]


class EntityTable(Table):
    """One person, weapon, place …, by all its names, and what tells it from its namesakes. Used in queries as `@ID`."""

    name: Name | None = key(None, "What it is called in messages. Default: its ID.", examples=["MIM-104 Patriot"])
    kind: Name | None = key(None, "What it is: person, weapon, place, organisation …", examples=["weapon"])
    aliases: list[AliasValue] | None = key(
        None,
        'Its names: terms, in any script; `{ text = "US", case = true }` minds the case. Default: its name.',
        examples=[["Patriot", "MIM-104", "Петріот*"]],
    )
    requires: list[Term] = key([], "Terms of which at least one must stand within reach.", examples=[["missile*", "battery"]])
    rejects: list[Term] = key([], "Terms that must not.", examples=[["New England", "NFL"]])
    within: WithinValue = key("article", "How far that reach is: `article`, `sentence` or a number of words.")
    inflect: bool = key(False, "Whether inflected forms of the aliases count too.")
    accents: Literal["keep", "ignore"] = key("keep", "Whether é is e.")
    must_match: list[Sentence] = key([], "Sentences that must name it; tried at every load.")
    must_not_match: list[Sentence] = key([], "Sentences that must not.")


class RuleTable(Table):
    """One thing to be told about. The conditions given combine with AND; one of them there must be."""

    name: Name = key(..., "What it is called in messages and commands.", examples=["japan-ammunition"])
    query: Annotated[str, StringConstraints(max_length=100_000, pattern=r"\S")] | None = key(
        None, "A query.", examples=['(@kishida OR Japan) AND ($munitions OR @patriot) NOT title:"opinion"']
    )
    any_: list[Term] = key([], "At least one of these terms.", alias="any", examples=[["Patriot", "Kishida"]])
    all_: list[Term] = key([], "All of these terms.", alias="all", examples=[["ammunition"]])
    none_: list[Term] = key([], "None of these terms.", alias="none", examples=[["football"]])
    score: dict[Term, Weight] = key({}, "Terms with weights, added up.", examples=[{"Patriot": 5, "@kishida": 5, "football": -10}])
    threshold: Weight | None = key(None, "What the weights must reach.", examples=[8])
    feeds: list[Name] = key([], "Only these feeds: names, or `tag:NAME`. Default: all.", examples=[["tag:ukraine"]])
    languages: list[Language] = key([], "Only articles in these languages (ISO 639-1). Default: all.", examples=[["en", "uk", "ja"]])
    severity: Literal["low", "normal", "high", "urgent"] = key(
        "normal", "How loud; `urgent` breaks through digests, quiet hours and limits."
    )
    channels: list[Name] | None = key(None, "Where to. Default: all channels; an empty list leaves it to the routes.", examples=[["desk"]])
    repeat: Literal["story", "article", "always"] = key("story", "What is told only once.")
    updates: Literal["thread", "none"] = key("thread", "Whether later sources of a story already told are reported, in its thread.")
    limit: Limit | None = key(None, "At most so many alerts; above it one summary, nothing dropped. Default: no limit.", examples=["20/h"])
    sources: Annotated[int, Field(ge=1, le=1_000)] = key(1, "How many independent sources a story needs before it alerts.")
    edits: Literal["none", "thread"] = key("none", "Whether later changes of a matched article are reported, in its thread.")
    inflect: bool = key(False, "Whether inflected forms of the terms count too.")
    accents: Literal["keep", "ignore"] = key("keep", "Whether é is e.")
    must_match: list[Sentence] = key(
        [], "Texts that must match; tried at every load.", examples=[["Tokyo will let firms make artillery shells."]]
    )
    must_not_match: list[Sentence] = key([], "Texts that must not.")


__all__ = ["EntityTable", "Line", "RuleTable", "TermsTable", "TermsValue"]
