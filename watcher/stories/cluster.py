"""Stories over a finite stream of articles: what ``watcher cluster`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from watcher.model import EntryId, MatchInput, StoryId
from watcher.stories.canonical import canonical_url, host_of
from watcher.stories.index import WINDOW, Candidate, Index
from watcher.stories.sketch import sketch

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an article was put. ``story``: the id of the article that opened the story. ``duplicate_of``: the article that it repeats."""

    id: str
    story: str
    duplicate_of: str | None = None
    similarity: float = 0.0
    basis: str = "new"
    near: str | None = None
    parts: tuple[float, float, float] | None = None


def cluster(articles: Iterable[tuple[str, MatchInput]], *, window: timedelta = WINDOW) -> Iterator[Placed]:
    """Put each article, in the order given, into the story of an earlier one or into a new story; never looks ahead.

    :param articles: (id, article) in order of time. One without ``published_at`` counts as published with the one before it.
    """
    index = Index(window)
    names: list[str] = []
    now = _EPOCH
    for number, (name, article) in enumerate(articles):
        now = article.published_at or now
        candidate = candidate_of(EntryId(number), article, at=now)
        names.append(name)
        verdict = index.decide(candidate)
        story = StoryId(number) if verdict.story_id is None else verdict.story_id
        index.add(candidate.of_story(story))
        yield Placed(
            id=name,
            story=names[story],
            duplicate_of=None if verdict.copy_of is None else names[verdict.copy_of],
            similarity=verdict.similarity,
            basis=verdict.basis,
            near=None if verdict.near is None else names[verdict.near],
            parts=verdict.parts,
        )


def candidate_of(article_id: EntryId, article: MatchInput, *, at: datetime, declared: str | None = None) -> Candidate:
    """Make an index's candidate out of what rules see of an article; ``declared`` is the page's own canonical URL."""
    return Candidate(
        article_id=article_id,
        sketch=sketch(article.title, article.text, year=article.published_at.year if article.published_at else None),
        at=at,
        canonical_url=canonical_url(article.url, declared) if article.url else None,
        title=article.title,
        host=host_of(article.url),
    )
