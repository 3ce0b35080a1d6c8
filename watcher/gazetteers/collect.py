"""From records to entities: ids that rules can name, aliases worth looking for, and a word on all that was left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from watcher.gazetteers import names
from watcher.gazetteers.records import Record, Remark, Skipped
from watcher.model import Alias, Entity

_NO_ID = re.compile(r"[^\w.\-]+")
_LONGEST_ID = 100
_LONGEST_NAME = 200


class Collection:
    """Makes entities of records, one after the other, and remembers what was skipped and what is doubtful.

    :param kind: the kind of all entities; default: what the list says.
    :param only: only records of these kinds, as the entities have them; default all.
    :param by_name: make ids of the names instead of keeping those of the list.
    """

    def __init__(self, *, kind: str = "", only: Iterable[str] = (), by_name: bool = False) -> None:
        self.skipped: list[Skipped] = []
        self.remarks: list[Remark] = []
        self.entities = 0
        self.aliases = 0
        self.minding_case = 0
        self.ids: list[str] = []
        self._kind, self._only, self._by_name = kind, frozenset(text.casefold() for text in only), by_name
        self._lines: dict[str, int] = {}  # of ids
        self._claimed: dict[str, int] = {}  # lines of aliases that stand for themselves

    def entities_of(self, records: Iterable[Record | Skipped]) -> Iterator[Entity]:
        """Yield the entities of a list."""
        for record in records:
            if isinstance(record, Skipped):
                self.skipped.append(record)
                continue
            made = self._entity(record)
            if isinstance(made, Skipped):
                self.skipped.append(made)
            elif made is not None:
                self.entities += 1
                self.aliases += len(made.aliases)
                self.minding_case += sum(alias.case for alias in made.aliases)
                self.ids.append(made.id)
                yield made

    def _entity(self, record: Record) -> Entity | Skipped | None:
        name = names.clean(record.name)[:_LONGEST_NAME]
        kind = self._kind or names.clean(record.kind)[:_LONGEST_NAME]
        if self._only and kind.casefold() not in self._only:
            return None
        aliases = self._aliases(record)
        if not aliases:
            return Skipped(line=record.line, reason=f"{name or record.name[:40]!r}: no alias that could be looked for")
        identity = _identity(name if self._by_name or not record.id.strip() else record.id)
        if not identity:
            return Skipped(line=record.line, reason=f"{name!r}: no id, and none can be made of the name")
        if identity in self._lines:
            other = self._lines[identity]
            if not (self._by_name or not record.id.strip()):
                return Skipped(line=record.line, reason=f"the id {identity} stands in line {other} already")
            identity = next(f"{identity}-{n}" for n in range(2, 1_000_000) if f"{identity}-{n}" not in self._lines)
        self._lines[identity] = record.line
        return Entity(id=identity, name=name or identity, kind=kind, aliases=aliases)

    def _aliases(self, record: Record) -> tuple[Alias, ...]:
        found: dict[str, Alias] = {}
        for written in (record.name, *record.aliases):
            text = names.clean(written)
            if not text or text.casefold() in found:
                continue
            alias, remark = names.judge(text)
            if remark:
                self.remarks.append(Remark(line=record.line, alias=text[:80], message=remark))
            if alias is None:
                continue
            first = self._claimed.setdefault(text.casefold(), record.line)
            if first != record.line:
                self.remarks.append(
                    Remark(line=record.line, alias=text[:80], message=f"line {first} has this name, too: both are mentioned")
                )
            found[text.casefold()] = alias
        return tuple(found.values())


def _identity(text: str) -> str:
    """Return an id that a query can name: letters, digits, ``_``, ``.`` and ``-``."""
    composed = unicodedata.normalize("NFC", text.strip())
    return _NO_ID.sub("-", composed).strip("-.")[:_LONGEST_ID]
