"""``watcher entities import``: a list of names from elsewhere becomes a file of entities."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from watcher.cli import boundary, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.gazetteers import Collection, Source

SHOWN = 20  # skipped rows and remarks that people are shown; --json has all


class Format(StrEnum):
    """What the file holds."""

    AUTO = "auto"
    MISP = "misp"
    CSV = "csv"
    OPENSANCTIONS = "opensanctions"


class Ids(StrEnum):
    """Where the entities' ids come from."""

    LIST = "list"
    NAME = "name"


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A list of names, packed with gzip or not.")],
    form: Annotated[Format, typer.Option("--format", help="What it is; auto finds out.")] = Format.AUTO,
    target: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; default: standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file of --output.")] = False,
    kind: Annotated[str, typer.Option(help="The kind of all entities; default: what the list says.")] = "",
    only: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Only these kinds; may be given more than once.")] = None,
    ids: Annotated[Ids, typer.Option(help="Keep the list's ids, or make them of the names.")] = Ids.LIST,
    inflect: Annotated[bool, typer.Option("--inflect", help="Let inflected forms count, too.")] = False,
    rule: Annotated[str, typer.Option(metavar="NAME", help="Also write a rule that any of the entities fulfils.")] = "",
    as_json: output.AsJson = False,
) -> None:
    """Make entities of a MISP galaxy cluster (JSON), a CSV table, or OpenSanctions' targets.simple.csv.

    A CSV table has a header with a column name (and perhaps id, kind, aliases), or rows of a name and its aliases. Ids are kept. Names that are too
    short are left out, short and common ones mind their capitals; skipped rows and such aliases are reported with their lines. With --json the report
    goes to standard output, and --output is needed. Exits 1 when no entity came out.

    \b
    Examples:
      watcher entities import threat-actor.json --ids name --output entities.d/threat-actors.toml
      watcher entities import targets.simple.csv --only person --rule sanctioned -o entities.d/sanctions.toml
      watcher entities import names.csv --kind company > entities.d/suppliers.toml
    """
    from watcher import gazetteers

    if as_json and target is None:
        raise typer.BadParameter("the report goes to standard output: say where the entities go with --output", param_hint="--json")
    if target is not None and not force and os.path.lexists(target):
        raise WatcherError(f"{target} exists: give another file, or --force to overwrite it")
    source = gazetteers.Source(file, form.value)
    collection = gazetteers.Collection(kind=kind, only=only or (), by_name=ids is Ids.NAME)
    with _writing(target) as stream, output.progress(str(file), 100) as step:
        _write(source, collection, stream, inflect=inflect, rule=rule, step=step)
    if as_json:
        output.emit(_report(source, collection, target))
    else:
        _tell(source, collection, target)
    raise typer.Exit(boundary.FINE if collection.entities else boundary.NO)


def _write(source: Source, collection: Collection, stream: IO[str], *, inflect: bool, rule: str, step: Callable[[], None]) -> None:
    from watcher.gazetteers import tomlfile

    done = 0

    def progress(share: float) -> None:
        nonlocal done
        while done < int(share * 100):
            done += 1
            step()

    stream.write(f"# Names of {source.path.name!r} ({source.form}), imported by `watcher entities import`.\n")
    for entity in collection.entities_of(source.records(progress)):
        stream.write(tomlfile.text_of(entity, inflect=inflect))
    if rule and collection.ids:
        stream.write(tomlfile.rule_of(rule, collection.ids))


@contextlib.contextmanager
def _writing(target: Path | None) -> Iterator[IO[str]]:
    """Standard output, or a file that takes the place of ``target`` when all of it is written."""
    if target is None:
        yield sys.stdout
        return
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 — a descriptor has no path
            yield stream
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _report(source: Source, collection: Collection, target: Path | None) -> dict[str, object]:
    return {
        "file": str(source.path),
        "format": source.form,
        "output": str(target) if target else None,
        "entities": collection.entities,
        "aliases": collection.aliases,
        "minding_case": collection.minding_case,
        "skipped": [{"line": skipped.line, "reason": skipped.reason} for skipped in collection.skipped],
        "remarks": [{"line": remark.line, "alias": remark.alias, "message": remark.message} for remark in collection.remarks],
    }


def _tell(source: Source, collection: Collection, target: Path | None) -> None:
    """Say on stderr what came of it: the entities may be on their way down a pipe."""
    for skipped in collection.skipped[:SHOWN]:
        output.warn(f"{source.path}:{skipped.line}: skipped: {skipped.reason}")
    for remark in collection.remarks[:SHOWN]:
        output.warn(f'{source.path}:{remark.line}: "{remark.alias}": {remark.message}')
    hidden = max(0, len(collection.skipped) - SHOWN) + max(0, len(collection.remarks) - SHOWN)
    if hidden:
        output.warn(f"… and {hidden:,} more; --json has them all")
    output.warn(
        f"{collection.entities:,} entities with {collection.aliases:,} aliases, {collection.minding_case:,} of which mind their capitals; "
        f"{len(collection.skipped):,} rows skipped" + (f"; written to {target}" if target else "")
    )
