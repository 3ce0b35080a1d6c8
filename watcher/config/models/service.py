"""``[watcher]``, ``[fetch]``, ``[web]`` and ``[operators]``: the daemon itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from watcher.config.models.base import Duration, Line, Listen, Name, Network, SecretKey, Size, Table, Url, key

DEFAULT_INCLUDE = ["feeds.d/*.toml", "rules.d/*.toml", "entities.d/*.toml", "feeds.d/*.opml"]


class WatcherTable(Table):
    """The daemon's own affairs. Belongs into the main file."""

    database: Line | None = key(
        None,
        "Where everything is remembered: `sqlite:///FILE` (relative: to the state directory, else to this file) or `postgresql://user@host/db`. "
        "Default: `watcher.db` in `$STATE_DIRECTORY`, else beside this file.",
        examples=["sqlite:///watcher.db", "postgresql://watcher@db.example.org/watcher"],
    )
    timezone: Name = key(
        "UTC", "IANA time zone of times in messages, and of digests and quiet hours of channels without one.", examples=["Europe/Kyiv"]
    )
    include: list[Line] = key(
        DEFAULT_INCLUDE,
        "Files that belong to the configuration, relative to this file and not outside its folder; `*`, `?` and `**` work. "
        "A pattern of yours that finds nothing is a warning, a named file that is missing an error.",
    )
    contact: Line | None = key(
        None, "How operators of sites can reach you: an address or a page, sent in the User-Agent.", examples=["mailto:desk@example.org"]
    )
    retention: Duration = key("90d", "How long articles and finished deliveries are kept.")


class FetchTable(Table):
    """How feeds and article pages are fetched."""

    interval: Duration = key("10m", "How often a feed is polled at first; adapts to the feed between the two below.")
    min_interval: Duration = key("2m", "No feed without an interval of its own is polled more often. `1s` is legal.")
    max_interval: Duration = key("6h", "No healthy feed is polled more rarely, whatever its cache headers say.")
    concurrency: Annotated[int, Field(ge=1, le=4_096)] = key(64, "Requests in flight at once.")
    per_host: Annotated[int, Field(ge=1, le=64)] = key(2, "Requests in flight at once to one host.")
    timeout: Duration = key("30s", "The whole of one fetch, body included.")
    max_body: Size = key("10MB", "The largest body on the wire; twice that when unpacked.")
    robots: bool = key(True, "Whether robots.txt is obeyed for article pages. Feeds are fetched because you asked for them.")
    websub: bool = key(True, "Subscribe at the hubs that feeds name, so that they push what is new. Needs `[web]` with `public_url`.")
    websub_signature: Literal["sha1", "sha256", "sha384", "sha512"] = key(
        "sha1", "The weakest signature of a hub's delivery that is accepted. Many hubs know no better than the default."
    )
    proxy: Url | None = key(None, "HTTP proxy for every request; the only private address that is trusted.", examples=["http://proxy:3128"])
    allow_private: list[Network] = key(
        [], "Private networks that feeds and pages may come from; all others are refused, on every hop.", examples=[["127.0.0.0/8"]]
    )


class WebTable(Table):
    """The web page. Without this table there is none."""

    listen: Listen = key("127.0.0.1:8080", "Address and port.")
    allowed_hosts: list[Name] = key(
        [], "Host names by which the page may be asked for, besides loopback.", examples=[["watcher.example.org"]]
    )
    password: SecretKey | None = key(None, "Required when `listen` is not on loopback.", examples=[{"credential": "web-password"}])
    feed_token: SecretKey | None = key(
        None,
        "Lets feed readers, which know no password, read `/alerts.atom` and `/alerts.json` with `?token=…`, and nothing else.",
        examples=[{"credential": "feed-reader-token"}],
    )
    public_url: Url | None = key(
        None, "How the page is reached from outside: for links in messages and WebSub callbacks.", examples=["https://watcher.example.org"]
    )


class HeartbeatTable(Table):
    """A dead-man's switch: a URL that is asked for as long as all is well."""

    url: SecretKey = key(..., "What is asked for.", examples=["https://hc.example.org/ping/1"])
    every: Duration = key("5m", "How often.")


class OperatorsTable(Table):
    """Who is told about dead feeds, dead channels and failing reloads."""

    channels: list[Name] = key([], "Names of channels.")
    heartbeat: HeartbeatTable | None = key(None, "A dead-man's switch.", examples=[{"url": "https://hc.example.org/ping/1", "every": "5m"}])
