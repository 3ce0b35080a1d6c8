"""Entities written as TOML, one table each, as a person would write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from watcher.model import Alias, Entity

WIDTH = 140
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def text_of(entity: Entity, *, inflect: bool = False) -> str:
    """Return an entity's table, with a blank line before it."""
    key = entity.id if _BARE.fullmatch(entity.id) else _quoted(entity.id)
    lines = ["", f"[entities.{key}]", f"name = {_quoted(entity.name)}"]
    if entity.kind:
        lines.append(f"kind = {_quoted(entity.kind)}")
    lines += _list("aliases", [_alias(alias) for alias in entity.aliases])
    if inflect:
        lines.append("inflect = true")
    return "\n".join(lines) + "\n"


def rule_of(name: str, ids: Iterable[str]) -> str:
    """Return a rule that any of the entities fulfils, with a blank line before it."""
    return "\n".join(["", "[[rules]]", f"name = {_quoted(name)}", *_list("any", [_quoted(f"@{identity}") for identity in ids])]) + "\n"


def _alias(alias: Alias) -> str:
    return f"{{ text = {_quoted(alias.text)}, case = true }}" if alias.case else _quoted(alias.text)


def _list(key: str, items: Sequence[str]) -> Iterator[str]:
    whole = f"{key} = [{', '.join(items)}]"
    if len(whole) <= WIDTH:
        yield whole
        return
    yield f"{key} = ["
    line = " "
    for item in items:
        if len(line) > 1 and len(line) + len(item) + 2 > WIDTH:
            yield line
            line = " "
        line += f" {item},"
    yield line
    yield "]"


def _quoted(text: str) -> str:
    """Return a basic string of TOML: JSON's escapes are among TOML's, and control characters were taken out before."""
    return json.dumps(text, ensure_ascii=False)
