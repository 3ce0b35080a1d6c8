"""The tables of the configuration as pydantic models: which keys there are, their types, defaults and meanings.

``base`` strict tables and value types · ``service`` [watcher] [fetch] [web] [operators] · ``feeds`` · ``rules`` with entities and
terms · ``channels`` with routes. ``watcher.schema.json`` and ``docs/configuration.md`` are generated from here.
"""

from __future__ import annotations

from watcher.config.models.base import Name, Table, key
from watcher.config.models.channels import AnyChannel, AppriseTable, EmailTable, RouteTable, SlackTable, WebhookTable
from watcher.config.models.feeds import FeedTable
from watcher.config.models.rules import EntityTable, RuleTable, TermsValue
from watcher.config.models.service import FetchTable, OperatorsTable, WatcherTable, WebTable

__all__ = [
    "CHANNEL_TYPES",
    "AppriseTable",
    "EmailTable",
    "EntityTable",
    "FeedTable",
    "FetchTable",
    "File",
    "OperatorsTable",
    "RouteTable",
    "RuleTable",
    "Rules",
    "SlackTable",
    "Table",
    "TermsValue",
    "WatcherTable",
    "WebTable",
    "WebhookTable",
]

CHANNEL_TYPES: dict[str, type[Table]] = {"email": EmailTable, "slack": SlackTable, "webhook": WebhookTable, "apprise": AppriseTable}


class Rules(Table):
    """A file with nothing but rules, entities and terms, as for `match --rules`."""

    entities: dict[Name, EntityTable] = key({}, "Entities by ID.")
    terms: dict[Name, TermsValue] = key(
        {}, 'Named lists of terms, used in queries as `$NAME`: a list, or `{ file = "terms.txt" }` with one a line.'
    )
    rules: list[RuleTable] = key([], "Rules.")


class File(Rules):
    """Configuration of watcher: one file, or one of several that make up the whole."""

    watcher: WatcherTable | None = key(None, "The daemon itself.")
    fetch: FetchTable | None = key(None, "How feeds and pages are fetched.")
    web: WebTable | None = key(None, "The web page.")
    operators: OperatorsTable | None = key(None, "Who is told about watcher's own troubles.")
    feeds: list[FeedTable] = key([], "Feeds.")
    channels: dict[Name, AnyChannel] = key({}, "Channels by name.")
    routes: list[RouteTable] = key([], "Routes.")
