"""Stories: articles about one event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

StoryId = NewType("StoryId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Where an article was put.

    ``new``: the article opened the story. ``copy_of``: the id of the earlier article whose text it repeats, else None.
    ``similarity`` 0…1 and ``basis`` (``new``, ``url``, ``text``, ``title``, ``event``, ``hand``) say what the decision rests on, for ``why``;
    ``near`` is the article of the story that it resembles, ``parts`` the share of names, phrases and figures that both have.
    """

    id: StoryId
    new: bool
    copy_of: str | None = None
    similarity: float = 0.0
    basis: str = "new"
    near: int | None = None
    parts: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story as a receiver sees it: number of articles, of independent sources, and the other sources' names and links."""

    id: StoryId
    articles: int = 1
    sources: int = 1
    first_seen_at: datetime | None = None
    others: tuple[tuple[str, str, str], ...] = ()
