"""``[channels.NAME]`` and ``[[routes]]``: who is told, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from watcher.config.models.base import Duration, Email, Host, Line, Name, Network, Port, Quiet, SecretKey, SecretKeys, Table, Url, key
from watcher.config.models.rules import Language


class GroupTable(Table):
    """Gathers what comes close together into one message."""

    wait: Duration = key("30s", "How long the first alert waits for others.")
    interval: Duration = key("5m", "How long until the next message after that.")


class EscalateTable(Table):
    """What happens to an urgent alert that nobody acknowledges."""

    after: Duration = key(..., "How long to wait.", examples=["15m"])
    channels: list[Name] = key(..., "Who is told then.", examples=[["phone"]], min_length=1)


class ChannelTable(Table):
    """What every channel has."""

    timezone: Name | None = key(
        None, "Of digest, quiet hours and times in messages. Default: that of `[watcher]`.", examples=["Asia/Tokyo"]
    )
    digest: Line | None = key(
        None, "A cron expression: collect, and send then; severity urgent breaks through.", examples=["0 8 * * mon-fri"]
    )
    group: GroupTable | None = key(None, "Gather what comes close together into one message.", examples=[{"wait": "30s", "interval": "5m"}])
    quiet: Quiet | None = key(None, "Hours in which messages are held, then delivered.", examples=["22:00-07:00"])
    templates: Line | None = key(
        None,
        "Folder with Jinja2 templates of your own, relative to this file: `subject.j2`, `text.j2`, `html.j2`.",
        examples=["templates/desk"],
    )
    fallback: Name | None = key(None, "Channel that is used while this one is disabled.", examples=["phone"])
    escalate: EscalateTable | None = key(
        None, "Who is told when nobody acknowledges an urgent alert.", examples=[{"after": "15m", "channels": ["phone"]}]
    )


class EmailTable(ChannelTable):
    """E-mail through an SMTP server."""

    type: Literal["email"] = key(..., "The type of channel.")
    to: list[Email] = key(..., "Recipients; each is tracked by itself.", examples=[["desk@example.org"]], min_length=1)
    sender: Email = key(..., "The sender.", alias="from", examples=["watcher@example.org"])
    host: Host = key("localhost", "The SMTP server.", examples=["smtp.example.org"])
    port: Port | None = key(None, "Its port. Default: 587 for starttls, 465 for tls, 25 for none.", examples=[587])
    security: Literal["starttls", "tls", "none"] = key(
        "starttls", "How the connection is protected; starttls that is not offered is a failure."
    )
    username: Line | None = key(None, "For logging in.", examples=["watcher"])
    password: SecretKey | None = key(None, "For logging in.", examples=[{"credential": "smtp-password"}])


class SlackTable(ChannelTable):
    """A Slack incoming webhook (or what is compatible), or a bot, which can make each story a thread."""

    type: Literal["slack"] = key(..., "The type of channel.")
    url: SecretKey | None = key(None, "The incoming webhook's URL, a secret in itself.", examples=[{"credential": "slack-url"}])
    token: SecretKey | None = key(
        None, "Instead of `url`: a bot's token (scope `chat:write`). Stories are threads then.", examples=[{"credential": "slack-token"}]
    )
    channel: Line | None = key(None, "With `token`: the channel's ID, or `#name` where the bot is a member.", examples=["C0123456789"])
    api: Url = key("https://slack.com/api", "With `token`: where Slack's Web API is.")
    allow_private: list[Network] = key([], "Private networks that this channel may reach.", examples=[["10.0.0.0/8"]])


class WebhookTable(ChannelTable):
    """A webhook by the Standard Webhooks specification."""

    type: Literal["webhook"] = key(..., "The type of channel.")
    url: SecretKey = key(..., "Where to post.", examples=["https://siem.example.org/in"])
    secret: SecretKeys | None = key(
        None, "Key of the signature (`whsec_…`); a list signs with each, newest first.", examples=[{"file": "/run/secrets/siem"}]
    )
    format: Literal["standard", "cloudevents"] = key(
        "standard", "The body: our own, or the same in the envelope of CloudEvents 1.0 (structured mode). Both are signed."
    )
    headers: dict[Name, SecretKey] = key(
        {}, "Additional request headers; their values may be secrets.", examples=[{"Authorization": {"credential": "siem-token"}}]
    )
    allow_private: list[Network] = key([], "Private networks that this channel may reach.", examples=[["10.0.0.0/8"]])


class AppriseTable(ChannelTable):
    """One of the services of Apprise."""

    type: Literal["apprise"] = key(..., "The type of channel.")
    url: SecretKey = key(..., "Apprise's URL of the service.", examples=[{"env": "APPRISE_URL"}])
    allow_private: list[Network] = key([], "Private networks that this channel may reach.", examples=[["10.0.0.0/8"]])


AnyChannel = Annotated[EmailTable | SlackTable | WebhookTable | AppriseTable, Field(discriminator="type")]


class RouteMatch(Table):
    """Conditions on an alert; all that are given must hold, each with any of its values. None: every alert."""

    severity: list[Literal["low", "normal", "high", "urgent"]] = key([], "Severities.", examples=[["urgent"]])
    rule: list[Name] = key([], "Names of rules.", examples=[["japan-ammunition"]])
    entity: list[Name] = key([], "IDs of entities that were found.", examples=[["patriot"]])
    tag: list[Name] = key([], "Tags of the feed.", examples=[["ukraine"]])
    language: list[Language] = key([], "Languages of the article.", examples=[["uk"]])
    feed: list[Name] = key([], "Names of feeds.", examples=[["Example"]])
    min_sources: Annotated[int, Field(ge=0, le=1_000)] = key(0, "Least number of independent sources of the story.")
    min_articles: Annotated[int, Field(ge=0, le=10_000)] = key(0, "Least number of articles of the story, copies included.")


class RouteTable(Table):
    """Sends alerts to channels besides their rule's own. In order; the first that matches is the last, unless it continues."""

    match: RouteMatch = key({}, "Which alerts.", examples=[{"severity": ["urgent"], "tag": ["ukraine"]}])
    channels: list[Name] = key(..., "Where to.", examples=[["phone"]], min_length=1)
    continue_: bool = key(False, "Whether later routes are looked at too.", alias="continue")
