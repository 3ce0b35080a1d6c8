"""``watcher match``: which rules hold for these articles, and where?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli import articles, inputs, opened, output

if TYPE_CHECKING:
    from watcher.model import Evidence
    from watcher.rules import Rulebook


def match(
    ctx: typer.Context,
    files: inputs.Files = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", metavar="FILE", help="Rules, entities and terms in these files instead of the configuration's."),
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """Match articles against the rules: JSON lines in, JSON lines out, with or without --json.

    In: objects with id, title, text, url, lang, feed, published; none is required. Out, in their order, one object each with the id and
    the matches: the rules that hold, with evidence. start and end are code points of the field's own text. A line that is no such object
    gives one with file, line and error;
    exits 1 when nothing could be read.

    \b
    Examples:
      watcher match --rules rules.d/japan.toml < articles.jsonl
      watcher extract --json pages/ | watcher match
    """
    del as_json  # nothing else comes out
    inputs.of_lines(files, _Judge(*_rulebook(ctx, rules)))


def _rulebook(ctx: typer.Context, files: list[Path] | None) -> tuple[Rulebook, bool]:
    """The compiled rules, and whether any of them asks for an article's language."""
    from watcher import config

    book = config.load_rulebook(files) if files else opened.configuration(ctx).rulebook
    return book, any(rule.languages or "lang:" in (rule.query or "").lower() for rule in book.rules)


class _Judge:
    """A line's article against the rules, as a line of JSON; runs in the workers."""

    def __init__(self, book: Rulebook, languages: bool) -> None:
        self._book, self._languages = book, languages

    def __call__(self, line: inputs.Line) -> str:
        from watcher.model import MatchInput

        given = articles.read(inputs.record_of(line))
        found = self._book.match(
            MatchInput(
                title=given.title,
                text=given.text,
                url=given.url,
                author=given.author,
                feed=given.feed,
                feed_tags=given.feed_tags,
                tags=given.tags,
                language=given.lang or (self._detect(given) if self._languages else None),
                published_at=given.published_at,
            ),
            sentences=False,  # nothing of them comes out
        )
        matches = [{"rule": match.rule, "evidence": [_shown(evidence) for evidence in match.evidence]} for match in found]
        return output.dumps({"id": given.id, "matches": matches})

    def _detect(self, given: articles.Given) -> str | None:
        from watcher.text import language

        return language.detect(f"{given.title}\n{given.text[:3000]}")


def _shown(evidence: Evidence) -> dict[str, object]:
    return {"field": evidence.field, "start": evidence.start, "end": evidence.end, "text": evidence.text, "term": evidence.term}
