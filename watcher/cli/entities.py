"""``watcher entities``: the names that are known, and what is taken for a mention of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import boundary, entityimport, opened, output
from watcher.errors import WatcherError

if TYPE_CHECKING:
    from watcher.model import Entity, Evidence, Within
    from watcher.rules import Mention, Rulebook

app = typer.Typer(no_args_is_help=True, help="Names with their aliases and context: list and show them, try them, import them.")

app.command("import")(entityimport.import_)

MOST = 10 * 2**20  # characters of a text that is tried

Files = Annotated[
    list[Path] | None, typer.Option("--rules", metavar="FILE", help="Entities in these files or folders instead of the configuration's.")
]
Identity = Annotated[str, typer.Argument(metavar="ID", help="The entity's ID, with or without @.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    rules: Files = None,
    as_json: output.AsJson = False,
) -> None:
    """List the entities. With --json: one object a line.

    \b
    Examples:
      watcher entities list --kind weapon
      watcher entities list --rules entities.d --json
    """
    found = [entity for entity in _entities(ctx, rules) if kind is None or entity.kind.casefold() == kind.casefold()]
    if as_json:
        for entity in found:
            output.emit(_described(entity))
        return
    rows = [
        (entity.id, entity.name, entity.kind, len(entity.aliases), "yes" if entity.requires or entity.rejects else "", _place(entity))
        for entity in found
    ]
    output.table(("id", "name", "kind", "aliases", "context", "where"), rows, empty="no entities")


@app.command()
def show(ctx: typer.Context, entity: Identity, rules: Files = None, as_json: output.AsJson = False) -> None:
    """Show one entity: aliases, context, tests, and where it stands.

    \b
    Example:
      watcher entities show patriot
    """
    found = _one(_entities(ctx, rules), entity)
    if as_json:
        output.emit(_described(found))
        return
    output.say(f"@{found.id}: {found.name}" + (f" ({found.kind})" if found.kind else ""))
    output.say(f"stands in {_place(found) or 'no file'}")
    for key, value in _described(found).items():
        if key in ("aliases", "requires", "rejects", "must_match", "must_not_match") and value:
            output.say(f"{key}:")
            for item in value:
                text, case = (item["text"], item["case"]) if isinstance(item, dict) else (item, False)
                output.say(f"  {text}" + (" (minds the case)" if case else ""))
    output.say(f"within {_reach(found.within)}; inflected forms {'count' if found.inflect else 'do not count'}; accents: {found.accents}")


@app.command("test")
def try_(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="A text, the file that holds one, or - for standard input.")],
    entity: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this entity; may be given more than once.")] = None,
    title: Annotated[str, typer.Option(help="The article's title: context there counts too.")] = "",
    rules: Files = None,
    as_json: output.AsJson = False,
) -> None:
    """Show which entities a text mentions, and for every occurrence of an alias why it is a mention or why not.

    Exits 0 when an entity is mentioned and 1 when none is. start and end are code points of the text.

    \b
    Examples:
      watcher entities test "Germany sends a third Patriot battery to Kyiv."
      watcher entities test article.txt --entity patriot --json
    """
    from watcher.model import MatchInput

    book, known = _rulebook(ctx, rules)
    wanted = [_one(known, name).id for name in entity] if entity else None
    judged = book.mentions(MatchInput(title=title, text=_text(text)), wanted)
    shown = {found.id: judged.get(found.id, ()) for found in known if found.id in (wanted or judged)}
    mentioned = any(mention.holds for mentions in shown.values() for mention in mentions)
    if as_json:
        names = {found.id: found.name for found in known}
        records = [{"id": name, "name": names[name], **_verdicts(mentions)} for name, mentions in shown.items()]
        output.emit({"mentioned": mentioned, "entities": records})
    else:
        if not shown:
            output.say("no alias of any entity found")
        for name, mentions in shown.items():
            output.say(f"@{name}: " + ("mentioned" if any(mention.holds for mention in mentions) else "not mentioned"))
            for line in _lines(mentions):
                output.say(f"  {line}")
    raise typer.Exit(boundary.FINE if mentioned else boundary.NO)


@app.command()
def aliases(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    language: Annotated[
        str | None,
        typer.Option("--from", metavar="uk|ru|ja", help="The name's language; default: what its letters say. Japanese in Latin letters."),
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """Propose a name's spellings in other alphabets, to paste into an entity: by the standard tables, so look them over.

    Ukrainian and Russian names come in Latin letters as English (KMU 2010, BGN/PCGN), German (Duden) and Polish (PWN) papers write them;
    romanised Japanese comes in Cyrillic (Polivanov, Kovalenko) and kana. Exits 1 where there is nothing to propose.

    \b
    Examples:
      watcher entities aliases Зеленський
      watcher entities aliases --from ja "Shigeru Ishiba"
    """
    from watcher.text import transliterate

    if language not in (None, "uk", "ru", "ja"):
        raise typer.BadParameter(f"{language!r}: there are tables for uk, ru and ja", param_hint="--from")
    found = transliterate.forms(name, language)
    if as_json:
        output.emit({"name": name, "aliases": [form._asdict() for form in found]})
    elif not found:
        output.warn(f"nothing to propose for {name}: without --from, only Cyrillic and accented letters have rules")
    else:
        output.table(("language", "alias", "by"), [(form.language, form.text, form.standard) for form in found])
        output.say()
        output.say(f"aliases = {output.dumps(list(dict.fromkeys([name, *(form.text for form in found)])))}")
    raise typer.Exit(boundary.FINE if found else boundary.NO)


def _entities(ctx: typer.Context, files: list[Path] | None) -> tuple[Entity, ...]:
    from watcher import config

    return config.load_rules(files)[1] if files else opened.configuration(ctx).entities


def _rulebook(ctx: typer.Context, files: list[Path] | None) -> tuple[Rulebook, tuple[Entity, ...]]:
    from watcher import config

    if files:
        return config.load_rulebook(files), config.load_rules(files)[1]
    loaded = opened.configuration(ctx)
    return loaded.rulebook, loaded.entities


def _one(known: tuple[Entity, ...], name: str) -> Entity:
    """The entity of an ID.

    :raises WatcherError: there is none.
    """
    from difflib import get_close_matches

    wanted = name.removeprefix("@")
    found = next((entity for entity in known if entity.id == wanted), None)
    if found is None:
        near = get_close_matches(wanted, [entity.id for entity in known], n=1)
        raise WatcherError(
            f"no entity has the ID {wanted!r}" + (f": did you mean {near[0]!r}?" if near else "; see `watcher entities list`")
        )
    return found


def _text(given: str) -> str:
    """The text itself, or that of the file that the argument names."""
    import sys

    if given == "-":
        return sys.stdin.buffer.read(MOST).decode("utf-8", "replace")
    try:
        is_file = Path(given).is_file()
    except (OSError, ValueError):  # a text too long for a name, or with a NUL
        is_file = False
    if not is_file:
        return given
    with Path(given).open("rb") as stream:
        return stream.read(MOST).decode("utf-8", "replace")


def _place(entity: Entity) -> str:
    return f"{entity.file}:{entity.line}" if entity.file else ""


def _reach(within: Within) -> str:
    return f"{within.words} words" if within.unit == "words" else f"the {within.unit}"


def _described(entity: Entity) -> dict[str, Any]:
    return {
        "id": entity.id,
        "name": entity.name,
        "kind": entity.kind,
        "aliases": [{"text": alias.text, "case": alias.case} for alias in entity.aliases],
        "requires": entity.requires,
        "rejects": entity.rejects,
        "within": entity.within.words if entity.within.unit == "words" else entity.within.unit,
        "inflect": entity.inflect,
        "accents": entity.accents,
        "must_match": entity.must_match,
        "must_not_match": entity.must_not_match,
        "file": entity.file,
        "line": entity.line,
    }


def _verdicts(mentions: tuple[Mention, ...]) -> dict[str, Any]:
    return {
        "mentioned": any(mention.holds for mention in mentions),
        "occurrences": [
            {
                **_spot(mention.evidence),
                "alias": mention.evidence.term,
                "mention": mention.holds,
                "confidence": mention.evidence.confidence or None,
                "reason": mention.reason or None,
                "requires": [{**_spot(found), "term": found.term} for found in mention.requires],
                "rejects": [{**_spot(found), "term": found.term} for found in mention.rejects],
            }
            for mention in mentions
        ],
    }


def _spot(found: Evidence) -> dict[str, Any]:
    return {"field": found.field, "start": found.start, "end": found.end, "text": found.text}


def _lines(mentions: tuple[Mention, ...]) -> list[str]:
    found = []
    for mention in mentions:
        spot = mention.evidence
        because = f"confidence {spot.confidence}" if mention.holds else mention.reason
        context = mention.requires if mention.holds else mention.rejects
        near = ", ".join(dict.fromkeys(f'"{term.text}" ({term.field} {term.start}–{term.end})' for term in context[:5]))
        verb = " by " if mention.holds else ": "
        found.append(
            f'{"✓" if mention.holds else "✗"} "{spot.text}" ({spot.field} {spot.start}–{spot.end}, alias {spot.term}): {because}'
            + (f"{verb}{near}" if near else "")
        )
    return found or ["no alias found"]
