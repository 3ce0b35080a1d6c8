"""``watcher cluster``: which of these articles tell the same story, and which are copies?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from watcher.cli import articles, inputs, output

if TYPE_CHECKING:
    from watcher.model import MatchInput


def cluster(files: inputs.Files = None, as_json: output.AsJson = False) -> None:
    """Put articles, in order of time, into stories: JSON lines in, JSON lines out, with or without --json.

    In: objects as for `match`. Out, in their order, one object each with its id, the id of the article that opened its story, and the id
    of the article whose text it repeats, or null. No article's place depends on a later one.
    Exits 1 when nothing could be read.

    \b
    Example:
      watcher cluster < articles.jsonl
    """
    from watcher.stories import cluster as stories

    del as_json  # nothing else comes out
    tally, ids = inputs.Tally(), list[Any]()
    for placed in stories.cluster(_articles(inputs.sources(files), tally, ids)):
        copied = None if placed.duplicate_of is None else ids[int(placed.duplicate_of)]
        output.emit({"id": ids[int(placed.id)], "story": ids[int(placed.story)], "duplicate_of": copied})
    tally.leave()


def _articles(documents: list[inputs.Source], tally: inputs.Tally, ids: list[Any]) -> Iterator[tuple[str, MatchInput]]:
    """The articles under names of our own, since theirs need not be unique; ``ids`` keeps theirs. Bad lines are reported on the way."""
    from watcher.model import MatchInput

    for batch in inputs.lines(documents):
        for line in batch:
            try:
                given = articles.read(inputs.record_of(line))
            except ValueError as error:
                tally.fail({"file": line.name, "line": line.number, "error": str(error)}, as_json=True)
                continue
            tally.good += 1
            ids.append(given.id)
            yield str(len(ids) - 1), MatchInput(title=given.title, text=given.text, url=given.url, published_at=given.published_at)
