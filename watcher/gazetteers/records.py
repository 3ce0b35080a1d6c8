"""What a list of names says, before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry of a list. ``line``: where it begins; in JSON, which has no lines of its own, its number from 1."""

    line: int
    id: str
    name: str
    kind: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An entry that gives no entity, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """An alias that was left out or is doubtful."""

    line: int
    alias: str
    message: str
