"""Tables of names: CSV with or without a header, and OpenSanctions' ``targets.simple.csv`` (https://www.opensanctions.org/docs/bulk/csv/)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from watcher.gazetteers.records import Record, Skipped

CELL = 2**20  # characters of one cell; OpenSanctions' longest lists of aliases have some 20,000
_COLUMNS = {
    "id": ("id", "uid", "uuid", "key", "identifier"),
    "name": ("name", "caption", "label", "title", "value"),
    "kind": ("kind", "schema", "type", "category"),
    "aliases": ("aliases", "alias", "synonyms", "synonym", "weak_aliases", "other_names", "also_known_as"),
}
_KINDS = {  # https://www.opensanctions.org/reference/
    "person": "person",
    "organization": "organisation",
    "company": "organisation",
    "legalentity": "organisation",
    "publicbody": "organisation",
    "vessel": "vessel",
    "airplane": "aircraft",
}
_PATRONYMIC = re.compile(r".{2,}(?:ovich|evich|ovych|evych|yovych|ovna|evna|ivna|yivna|ович|евич|йович|івна|ївна|овна|евна)", re.IGNORECASE)


def read(lines: Iterable[str], *, opensanctions: bool = False) -> Iterator[Record | Skipped]:
    """Yield the rows of a table.

    A first row that names a column ``name`` is a header; columns may stand in any order. Without one, a row is a name followed by its
    aliases. Several aliases in one cell are separated by ``;`` or ``|`` (whichever does not separate the cells).

    :param opensanctions: the columns are OpenSanctions': names of people are turned to the order of running text.
    :raises ValueError: for a table of OpenSanctions without its columns.
    """
    csv.field_size_limit(CELL)
    source = iter(lines)
    first = next(source, "")
    delimiter = _delimiter(first)
    rows = csv.reader(_chain(first, source), delimiter=delimiter, strict=True)
    columns: dict[str, list[int]] | None = None
    begins = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Skipped(line=begins, reason=f"no row of a table: {error}")
            begins = rows.line_num + 1
            continue
        line, begins = begins, rows.line_num + 1
        if columns is None:
            columns = _header(row)
            if columns.get("name"):
                if opensanctions and not columns["id"]:
                    raise ValueError("no table of OpenSanctions: expected the columns id, schema, name, aliases")
                continue
            if opensanctions:
                raise ValueError("no table of OpenSanctions: expected the columns id, schema, name, aliases")
        if any(cell.strip() for cell in row):
            yield _row(row, line, columns, delimiter, opensanctions=opensanctions)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(line: str) -> str:
    """The separator of cells, by the first line; a comma where none is to be seen."""
    return max(",\t;|", key=line.count)


def _header(row: Sequence[str]) -> dict[str, list[int]]:
    """Which cells hold what; no ``name`` where the row is no header."""
    names = [cell.strip().casefold().replace(" ", "_") for cell in row]
    found = {key: [i for i, name in enumerate(names) if name in known] for key, known in _COLUMNS.items()}
    found["name"] = found["name"][:1]
    return found


def _row(row: list[str], line: int, columns: dict[str, list[int]], delimiter: str, *, opensanctions: bool) -> Record | Skipped:
    def cells(key: str) -> list[str]:
        return [row[i].strip() for i in columns[key] if i < len(row)]

    if any("\ufffd" in cell for cell in row):
        return Skipped(line=line, reason="not UTF-8")
    if not columns["name"]:
        name, aliases, kind, identity = row[0].strip(), [cell for cell in row[1:] if cell.strip()], "", ""
    else:
        name, kind, identity = ("".join(cells(key)[:1]) for key in ("name", "kind", "id"))
        separator = "[" + "".join(mark for mark in ";|" if mark != delimiter) + "]"
        aliases = [text for cell in cells("aliases") for text in re.split(separator, cell)]
    if not name:
        return Skipped(line=line, reason="no name")
    kind = _KINDS.get(kind.casefold(), kind) if opensanctions else kind
    if opensanctions and kind == "person":
        aliases = list(dict.fromkeys(form for text in (name, *aliases) for form in forms_of_person(text)))
        aliases = [alias for alias in aliases if alias != name]
    return Record(line=line, id=identity, name=name, kind=kind, aliases=tuple(aliases))


def forms_of_person(name: str) -> tuple[str, ...]:
    """Return a person's name as running text has it, too: ``PUTIN, Vladimir`` is Vladimir Putin; a patronymic is mostly left out."""
    name = " ".join(name.split())
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma and family and given and "," not in given:
        name = f"{given} {family.title() if family.isupper() else family}"
    words = name.split(" ")
    if len(words) == 3:
        if _PATRONYMIC.fullmatch(words[1]):
            return name, f"{words[0]} {words[2]}"
        if _PATRONYMIC.fullmatch(words[2]):  # family name first, as registers have it
            return name, f"{words[1]} {words[0]}"
    return (name,)
