"""``watcher parse``: feed documents to entries."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import inputs, output

if TYPE_CHECKING:
    from watcher.model import Document, Entry


def parse(
    files: inputs.Files = None,
    url: Annotated[str, typer.Option("--url", metavar="BASE", help="The feed's URL: links are resolved against it.")] = "",
    as_json: output.AsJson = False,
) -> None:
    """Read feed documents (RSS, RDF, Atom, JSON Feed) and print their entries, as the daemon would see them.

    What cannot be read gives an error in its place; exits 1 when nothing could be read.

    \b
    Examples:
      watcher parse --json feed.xml
      watcher parse --json --url https://example.org/rss saved-feeds/ > entries.jsonl
    """
    import watcher.feeds.parse  # noqa: F401  loaded once, here: the workers are forked from this process

    inputs.each(inputs.sources(files), partial(_work, url=url, as_json=as_json), label="parsing", as_json=as_json)


def _work(source: inputs.Source, *, url: str, as_json: bool) -> str:
    from watcher.errors import ParseError
    from watcher.feeds import parse as feeds

    try:
        document = feeds.parse(source.read(), url=url, headers={}, limit=_ALL)
    except ParseError as error:
        raise ValueError(error.detail or error.reason) from None
    except (OSError, ValueError) as error:
        raise ValueError(inputs.why(error)) from None
    return output.dumps(record(source.name, document)) if as_json else _for_people(source.name, document)


_ALL = 10**9  # the daemon's limit of entries a poll is for polls


def record(name: str, document: Document) -> dict[str, Any]:
    """A document as DESIGN section 4 writes it; ``ttl`` in minutes, as in RSS."""
    info, ttl = document.info, document.hints.ttl
    return {
        "file": name,
        "format": document.format,
        "feed": {
            "title": info.title,
            "link": info.link,
            "language": info.language,
            "self": info.self_url,
            "hub": info.hub,
            "ttl": ttl // timedelta(minutes=1) if ttl is not None else None,
        },
        "entries": [_entry(entry) for entry in document.entries],
        "problems": [*document.problems, *(f"{count} items skipped: {reason}" for reason, count in document.skipped)],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.identity,
        "title": entry.title,
        "url": entry.url,
        "published": output.when(entry.published_at),
        "updated": output.when(entry.updated_at),
        "author": entry.author,
        "summary": entry.summary,
        "content": entry.content,
        "tags": list(entry.tags),
        "language": entry.language,
    }


def _for_people(name: str, document: Document) -> str:
    lines = [f"{name}: {document.format}: {document.info.title or '(no title)'}: {document.total or len(document.entries)} entries"]
    lines += [f"  {output.when(e.published_at) or '-':20}  {e.title or '(no title)'}  {e.url or ''}" for e in document.entries]
    lines += [f"  problem: {problem}" for problem in document.problems]
    return "\n".join(output.harmless(line) for line in lines)
