"""What the filters read: files, folders and standard input, as whole documents or as lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from watcher.cli import boundary, output, pool

STDIN = "-"
MOST = 100 * 2**20  # bytes of a document, or of a line
_CHUNK = 64 * 1024  # bytes that are read at once; the whole lines in them travel to a worker together

Files = Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Files or folders; none, or -: standard input.")]


@dataclass(frozen=True, slots=True)
class Source:
    """A document by its name as the user gave it, or found below a folder that the user gave."""

    name: str
    body: bytes | None = None  # where it was read already: standard input can be read only once

    def read(self) -> bytes:
        """The document's bytes.

        :raises OSError: it cannot be read.
        :raises ValueError: it is too large.
        """
        body = self.body
        if body is None:
            with Path(self.name).open("rb") as stream:
                body = stream.read(MOST + 1)
        if len(body) > MOST:
            raise ValueError(f"larger than {MOST >> 20} MB")
        return body


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file of lines. ``fault``: why it could not be had."""

    name: str
    number: int
    text: bytes
    fault: str = ""


def sources(names: Sequence[str] | None) -> list[Source]:
    """The documents that the arguments stand for: folders give every file below them in the order of their paths, but no hidden ones."""
    found: list[Source] = []
    for name in names or [STDIN]:
        if name != STDIN and Path(name).is_dir():
            below = (Path(folder, file) for folder, _, files in os.walk(name) for file in files)
            paths = (path for path in below if not any(part.startswith(".") for part in path.relative_to(name).parts))
            found += [Source(str(path)) for path in sorted(paths)]
        else:
            found.append(Source(name))
    return found


def why(error: BaseException) -> str:
    """An error as one line for the record of its input; the file's name stands beside it already."""
    return (isinstance(error, OSError) and error.strerror) or " ".join(str(error).split()) or type(error).__name__


def lines(documents: Iterable[Source]) -> Iterator[list[Line]]:
    """The lines of all documents, in batches: each step does one read and gives what lines that completed, maybe none. Blank lines count
    and are left out."""
    for document in documents:
        try:
            descriptor = 0 if document.name == STDIN else os.open(document.name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            yield [Line(document.name, 0, b"", why(error))]
            continue
        try:
            yield from _lines_of(descriptor, document.name)
        except OSError as error:
            yield [Line(document.name, 0, b"", why(error))]
        finally:
            if descriptor:
                os.close(descriptor)


def _lines_of(descriptor: int, name: str) -> Iterator[list[Line]]:
    number, rest, too_long = 0, b"", False
    while True:
        chunk = os.read(descriptor, _CHUNK)
        whole = (rest + chunk).split(b"\n") if b"\n" in chunk or not chunk else None
        if whole is None:
            rest += chunk
            if len(rest) > MOST:
                rest, too_long = b"", True
            yield []
            continue
        rest = whole.pop() if chunk else b""
        batch = []
        for text in whole:
            number += 1
            if too_long:
                batch.append(Line(name, number, b"", f"the line is longer than {MOST >> 20} MB"))
            elif text.strip():
                batch.append(Line(name, number, text))
            too_long = False
        yield batch
        if not chunk:
            return


def of_lines(names: Sequence[str] | None, work: Callable[[Line], str]) -> None:
    """Run ``work`` on every line of the documents and print what it returns, as soon as it is there; then leave."""
    documents = sources(names)
    tally = Tally()
    runner: pool.Pool[Line, str] = pool.Pool(work)
    standard = 0 if [document.name for document in documents] == [STDIN] else None
    for batch in runner.map(lines(documents), readable=standard):
        for line, result in batch:
            if isinstance(result, pool.Failed):
                tally.fail({"file": line.name, "line": line.number, "error": result.why}, as_json=True)
            else:
                tally.good += 1
                sys.stdout.write(result + "\n")
        sys.stdout.flush()
    tally.leave()


def record_of(line: Line) -> dict[str, Any]:
    """The JSON object on a line.

    :raises ValueError: there is none.
    """
    if line.fault:
        raise ValueError(line.fault)
    try:
        found = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {why(error)}") from None
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, not {type(found).__name__}")  # noqa: TRY004  one kind of error for a bad line
    return found


class Tally:
    """Counts what was read and what was not, for the exit code: a filter has failed when nothing at all could be read."""

    def __init__(self) -> None:
        self.good = self.bad = 0

    def fail(self, record: dict[str, Any], *, as_json: bool) -> None:
        """Print the error of one input: in its place among the results, or on stderr for people."""
        self.bad += 1
        if as_json:
            output.emit(record)
        else:
            output.warn(": ".join(str(part) for part in record.values()))

    def leave(self) -> None:
        """End the command."""
        raise typer.Exit(boundary.NO if self.bad and not self.good else boundary.FINE)


def each(documents: list[Source], work: Callable[[Source], str], *, label: str, as_json: bool) -> None:
    """Run ``work`` on every document and print what it returns: one line of JSON, or text for people; then leave."""
    documents = [Source(STDIN, sys.stdin.buffer.read(MOST + 1)) if document.name == STDIN else document for document in documents]
    tally = Tally()
    runner: pool.Pool[Source, str] = pool.Pool(work)
    with output.progress(label, len(documents)) as step:
        for [(document, result)] in runner.map([document] for document in documents):
            if isinstance(result, pool.Failed):
                tally.fail({"file": document.name, "error": result.why}, as_json=as_json)
            else:
                tally.good += 1
                print(result, flush=True)
            step()
    tally.leave()
