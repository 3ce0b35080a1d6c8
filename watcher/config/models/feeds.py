"""``[[feeds]]``: what is watched."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from watcher.config.models.base import Duration, Line, Name, SecretKey, Table, Url, key


class FeedTable(Table):
    """One feed: RSS, Atom or JSON Feed."""

    url: Url = key(..., "The feed's URL, http or https.", examples=["https://example.org/rss"])
    name: Name | None = key(None, "How it is called in rules and messages. Default: the feed's own title.", examples=["Example"])
    tags: list[Name] = key([], "Words to choose feeds by: `tag:ukraine`.", examples=[["ukraine", "news"]])
    interval: Duration | None = key(
        None, "A fixed interval instead of the adaptive one; Retry-After and backoff still count.", examples=["2m"]
    )
    full_text: Literal["auto", "always", "never"] = key(
        "auto", "Whether an article's page is fetched: `auto` unless the feed gives 1,000 characters that do not end in an ellipsis."
    )
    headers: dict[Name, SecretKey] = key(
        {}, "Additional request headers; their values may be secrets.", examples=[{"Authorization": {"credential": "feed-token"}}]
    )
    proxy: SecretKey | None = key(None, "HTTP proxy for this feed.", examples=["http://proxy:3128"])
    user_agent: Line | None = key(None, "User-Agent for this feed.", examples=["Mozilla/5.0 (compatible; watcher)"])
    username: Line | None = key(None, "For HTTP basic authentication.", examples=["reader"])
    password: SecretKey | None = key(None, "For HTTP basic authentication.", examples=[{"credential": "feed-password"}])
    backfill: Annotated[int, Field(ge=0, le=1_000_000)] = key(
        0, "How many entries of the very first poll may alert; at most 2,000 are read."
    )
