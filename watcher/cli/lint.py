"""``watcher rules lint``: what could be better about rules that are not wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, opened, output

if TYPE_CHECKING:
    from watcher.config import Config
    from watcher.model import Entity, Rule, Terms
    from watcher.rules.critique import Finding

WARNING = "warning"
_TABLE = re.compile(r"\s*\[")
_OURS = re.compile(r"(?:rules|entities|terms)\b")


def lint(
    ctx: typer.Context,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="FILE", help="Rules, entities and terms in these files instead of the configuration's."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="CODE", help="Leave these remarks out; may be given several times.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when there is any remark.")] = False,
    as_json: output.AsJson = False,
) -> None:
    """Review the rules: what always or never holds, is found anyway, means something else too, is not used, or has no test.

    Codes: warning (what `check` warns of), untested, identical, covered, repeated, short, prefix, function_word, bare_name, shared_alias, unused.

    \b
    Examples:
      watcher rules lint
      watcher rules lint --strict --ignore unused --ignore untested
    """
    from watcher.rules import critique, query

    codes = [WARNING, *critique.CODES]
    for code in ignore or ():
        if code not in codes:
            raise typer.BadParameter(f"there is no code {code!r}{query.suggest(code, codes)}", param_hint="--ignore")
    rows = [row for row in _rows(ctx, rules) if row["code"] not in (ignore or ())]
    if as_json:
        for row in rows:
            output.emit(row)
    else:
        for row in rows:
            place = f"{row['file']}:{row['line']}: " if row["file"] and row["line"] else f"{row['file']}: " if row["file"] else ""
            named = f"{row['kind']} {row['name']}: " if row["name"] else ""
            remedy = f"; {row['remedy']}" if row["remedy"] else ""
            output.say(f"{place}{named}{row['message']}{remedy} [{row['code']}]")
        count = len(rows)
        output.say("nothing to remark" if not count else f"{count} remark{'s' if count != 1 else ''}")
    raise typer.Exit(boundary.NO if strict and rows else boundary.FINE)


def _rows(ctx: typer.Context, files: list[Path] | None) -> list[dict[str, Any]]:
    from watcher import config
    from watcher.rules import critique

    if files:
        book = config.load_rulebook(files)
        things = config.load_rules(files)
        rows = [_warning(*_place_of(thing), message) for thing, message in book.warnings]
        used: frozenset[str] = frozenset()
    else:
        loaded = opened.configuration(ctx)
        things = (loaded.rules, loaded.entities, loaded.terms)
        rows = [_warning(w.file, w.line, w.key or "", w.message) for w in loaded.warnings if _OURS.match(w.key or "")]
        used = _named_elsewhere(loaded)
    places = _Places()
    rows += [_row(finding, places) for finding in critique.criticise(*things, used=used)]
    return sorted(rows, key=lambda row: (row["file"] or "", row["line"] or 0))


def _named_elsewhere(loaded: Config) -> frozenset[str]:
    return frozenset(entity for route in loaded.routes for entity in route.entity)


def _place_of(thing: Rule | Entity | Terms) -> tuple[str | None, int | None, str]:
    kind, name = _name(thing)
    return thing.file, thing.line, f"{kind} {name}"


def _name(thing: Rule | Entity | Terms) -> tuple[str, str]:
    from watcher.model import Entity, Rule

    return ("entity", thing.id) if isinstance(thing, Entity) else ("rule" if isinstance(thing, Rule) else "terms", thing.name)


def _warning(file: str | None, line: int | None, name: str, message: str) -> dict[str, Any]:
    return {
        "code": "warning",
        "file": file,
        "line": line,
        "kind": "",
        "name": name,
        "key": None,
        "text": None,
        "message": message,
        "remedy": "",
    }


def _row(finding: Finding, places: _Places) -> dict[str, Any]:
    kind, name = _name(finding.thing)
    return {
        "code": finding.code,
        "file": finding.thing.file,
        "line": places.line(finding),
        "kind": kind,
        "name": name,
        "key": finding.key or None,
        "text": finding.text or None,
        "message": finding.message,
        "remedy": finding.remedy,
    }


class _Places:
    """The line of a term in its file: below its table, behind its key, where the text stands; else that of the key, or of the table."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def line(self, finding: Finding) -> int | None:
        file, line = finding.thing.file, finding.thing.line
        if file is None or line is None or not finding.key:
            return line
        if file not in self._files:
            try:
                self._files[file] = Path(file).read_text(encoding="utf-8").split("\n")
            except (OSError, UnicodeDecodeError):
                self._files[file] = []
        key = re.compile(rf"\s*{re.escape(_name(finding.thing)[1] if finding.key == 'items' else finding.key)}\s*=")
        lines, found = self._files[file], None
        for number in range(line - (1 if finding.key == "items" else 0), len(lines)):
            text = lines[number]
            if found is None:
                if key.match(text):
                    found = number + 1
                elif _TABLE.match(text):
                    break
            elif re.match(r"\s*[\w-]+\s*=", text) or _TABLE.match(text):
                break
            if found is not None and finding.text and finding.text in text:
                return number + 1
        return found or line
