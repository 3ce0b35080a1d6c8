"""``watcher extract``: pages to articles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli import inputs, output

if TYPE_CHECKING:
    from watcher.model import Page


def extract(
    files: inputs.Files = None,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The page's URL: it helps with links and dates.")] = "",
    as_json: output.AsJson = False,
) -> None:
    """Read web pages and print the article on each: the text that rules are matched against.

    `quality` is "ok", or why the text is not an article's. Exits 1 when nothing could be read.

    \b
    Examples:
      watcher extract page.html
      watcher extract --json --url https://example.org/a pages/ > articles.jsonl
    """
    import watcher.articles.extract  # noqa: F401  loaded once, here: the workers are forked from this process

    inputs.each(inputs.sources(files), partial(_work, url=url, as_json=as_json), label="extracting", as_json=as_json)


def _work(source: inputs.Source, *, url: str, as_json: bool) -> str:
    from watcher.articles import extract as articles
    from watcher.errors import ExtractError

    try:
        page = articles.extract(source.read(), url=url)
    except ExtractError as error:
        raise ValueError(error.detail or error.reason) from None
    except (OSError, ValueError) as error:
        raise ValueError(inputs.why(error)) from None
    if as_json:
        return output.dumps(record(source.name, page))
    about = " · ".join(part for part in (page.author, page.site, output.when(page.published_at) or "", page.language or "") if part)
    head = [f"{source.name}: {page.title or '(no title)'}", about, f"quality: {page.quality}"]
    return "\n".join(output.harmless(line) for line in [*(line for line in head if line), "", page.text, ""])


def record(name: str, page: Page) -> dict[str, Any]:
    """A page as DESIGN section 4 writes it."""
    return {
        "file": name,
        "url": page.url or page.canonical_url,
        "title": page.title,
        "text": page.text,
        "author": page.author,
        "published": output.when(page.published_at),
        "language": page.language,
        "site": page.site,
        "quality": page.quality,
    }
