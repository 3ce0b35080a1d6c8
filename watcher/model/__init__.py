"""The nouns that travel between the stages: frozen values without behaviour that touches the world.

One file per stage of life::

    feed      Feed (configured), FeedState (what polling remembers), Entry and Document (from the wire)
    article   Article: the text that rules see, and where it came from
    rule      Rule, Entity, Terms (as written by the user), Match and Evidence (as found)
    story     Story, StoryView
    alert     Alert, Reason, Silence, Notice
    channel   ChannelPolicy and the settings of each type of channel, Route
    delivery  Delivery, Message, Receipt

Habits: points in time end in ``_at`` and are aware UTC; durations are ``timedelta``; ids are ``NewType``.
"""

from watcher.model.alert import Alert, AlertId, Decision, Notice, Reason, Silence
from watcher.model.article import Article, Page, TextSource
from watcher.model.channel import (
    AppriseSettings,
    ChannelPolicy,
    ChannelSettings,
    EmailSettings,
    Route,
    Security,
    SlackSettings,
    WebhookSettings,
)
from watcher.model.delivery import (
    Attempt,
    Delivery,
    DeliveryId,
    DeliveryState,
    Mail,
    Message,
    Receipt,
    RecipientOutcome,
    SlackPost,
    TextPost,
    WebhookPost,
)
from watcher.model.feed import Document, Entry, EntryId, Feed, FeedHints, FeedId, FeedInfo, FeedState, FullText
from watcher.model.rule import Alias, Entity, Evidence, Match, MatchInput, Repeat, Rule, Severity, Terms, Updates, Within
from watcher.model.secret import Secret
from watcher.model.story import Story, StoryId, StoryView

__all__ = [
    "Alert",
    "AlertId",
    "Alias",
    "AppriseSettings",
    "Article",
    "Attempt",
    "ChannelPolicy",
    "ChannelSettings",
    "Decision",
    "Delivery",
    "DeliveryId",
    "DeliveryState",
    "Document",
    "EmailSettings",
    "Entity",
    "Entry",
    "EntryId",
    "Evidence",
    "Feed",
    "FeedHints",
    "FeedId",
    "FeedInfo",
    "FeedState",
    "FullText",
    "Mail",
    "Match",
    "MatchInput",
    "Message",
    "Notice",
    "Page",
    "Reason",
    "Receipt",
    "RecipientOutcome",
    "Repeat",
    "Route",
    "Rule",
    "Secret",
    "Security",
    "Severity",
    "Silence",
    "SlackPost",
    "SlackSettings",
    "Story",
    "StoryId",
    "StoryView",
    "Terms",
    "TextPost",
    "TextSource",
    "Updates",
    "WebhookPost",
    "WebhookSettings",
    "Within",
]
