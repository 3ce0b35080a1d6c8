"""The tables.

Three of them are queues (``feeds``, ``entries``, ``deliveries``) and share four columns:

``due_at``      when the row wants attention; NULL when it wants none. A lease is this same column: a claim moves it
                to ``now + lease``, so a claimer that dies needs no reaper.
``claimed_at``  set while a lease is held, to tell a lease from a schedule; a daemon that starts alone takes them all back.
``epoch``       grows with each claim; whoever finishes says ``WHERE epoch = mine``.
``attempts``    tries that failed.

Their partial indexes say ``due_at IS NOT NULL``: a condition on a flag would not be used by SQLite.
Texts that others choose (identities, URLs, notice keys) are indexed by a 16-byte ``columns.digest``.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from watcher.store.columns import BigId, Instant, Json, Packed, PackedJson, Span, Words

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)
postgres_only = MetaData(naming_convention=_NAMES)
"""What SQLite has elsewhere: the index of words lies in a file of its own there (see ``fulltext``)."""


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


meta = Table("meta", metadata, Column("key", Words, primary_key=True), Column("value", Words, nullable=False))

feeds = Table(
    "feeds",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("url", Words, nullable=False),
    Column("url_key", LargeBinary, nullable=False),
    Column("host", Words, nullable=False),
    Column("name", Words, nullable=False, server_default=""),  # as configured
    Column("title", Words, nullable=False, server_default=""),  # the feed's own
    Column("due_at", Instant),
    Column("claimed_at", Instant),
    Column("claimed_by", Words),  # the process; PostgreSQL only, where one process at a time polls a host
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("fetch_url", Words, nullable=False),
    Column("etag", Words),
    Column("last_modified", Words),
    Column("validators_url", Words),  # where a redirect led, if that gave the validators
    Column("body_hash", LargeBinary),
    Column("known_spans", LargeBinary, nullable=False),
    Column("span_count", Integer, nullable=False, server_default="0"),
    Column("full_parse_at", Instant),
    Column("interval", Span, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("first_failed_at", Instant),
    Column("last_error", Words),
    Column("last_polled_at", Instant),
    Column("last_success_at", Instant),
    Column("last_new_at", Instant),
    Column("baseline_at", Instant),
    Column("redirect_url", Words),
    Column("redirect_count", Integer, nullable=False, server_default="0"),
    Column("gone_at", Instant),
    Column("backlog", Integer, nullable=False, server_default="0"),
    Column("trouble_told_at", Instant),
    Column("rhythm", LargeBinary),  # packed: feeds.rhythm
    Column("checked_at", Instant),
    Column("lied_at", Instant),
    Column("quiet_at", Instant),
    Column("push_until", Instant),  # a WebSub hub has delivered; polls are rarer while its lease lasts
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),  # no longer configured; its state is kept
    UniqueConstraint("url_key"),
    _partial("ix_feeds_due", "due_at", "host", "id", where="due_at IS NOT NULL"),
    _partial("ix_feeds_leased", "host", "due_at", where="claimed_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("feed_id", BigId, ForeignKey("feeds.id", ondelete="CASCADE"), nullable=False),
    Column("hub", Words, nullable=False),
    Column("topic", Words, nullable=False),
    Column("callback", Words, nullable=False),
    Column("token", Words, nullable=False),  # the callback's secret part
    Column("secret", Words, nullable=False),  # of the hub's signatures
    Column("state", Words, nullable=False),
    Column("wish", Words),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    Column("pushed_at", Instant),
    Column("reason", Words, nullable=False, server_default=""),
    UniqueConstraint("feed_id"),
    UniqueConstraint("token"),
    _partial("ix_subscriptions_due", "due_at", where="due_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Words, primary_key=True),
    Column("blocked_until", Instant, nullable=False),
    Column("reason", Words, nullable=False, server_default=""),
    Index("ix_hosts_blocked", "blocked_until"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("feed_id", BigId, ForeignKey("feeds.id", ondelete="CASCADE"), nullable=False),
    Column("identity", Words, nullable=False),
    Column("identity_key", LargeBinary, nullable=False),
    Column("title", Words, nullable=False, server_default=""),
    Column("url", Words),
    Column("url_key", LargeBinary),
    Column("title_key", LargeBinary),
    Column("summary", Packed),
    Column("content", Packed),
    Column("author", Words, nullable=False, server_default=""),
    Column("tags", Json),
    Column("language", Words),
    Column("published_at", Instant),
    Column("updated_at", Instant),
    Column("first_seen_at", Instant, nullable=False),
    Column("left_at", Instant),  # when a whole document no longer had it
    Column("due_at", Instant),
    Column("claimed_at", Instant),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0"),  # readings that ended without the page, each to be followed by another
    Column("status", Words, nullable=False),
    Column("reason", Words, nullable=False, server_default=""),
    Column("finished_at", Instant),
    Column("dead_at", Instant),  # given up
    Column("backfill", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("feed_id", "identity_key"),
    Index("ix_entries_seen", "first_seen_at"),
    _partial("ix_entries_due", "due_at", "id", where="due_at IS NOT NULL"),
    _partial("ix_entries_url", "url_key", where="url_key IS NOT NULL"),
    _partial("ix_entries_leased", "due_at", where="claimed_at IS NOT NULL"),
    _partial("ix_entries_dead", "dead_at", where="dead_at IS NOT NULL"),
    _partial("ix_entries_present", "feed_id", where="left_at IS NULL"),
    _partial("ix_entries_left", "left_at", "feed_id", where="left_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

stories = Table(
    "stories",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("title", Words, nullable=False, server_default=""),
    Column("created_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("joined_id", BigId),  # the story that this one was joined to by hand
    Index("ix_stories_last", "last_at"),
    sqlite_autoincrement=True,
)

articles = Table(
    "articles",
    metadata,
    Column("entry_id", BigId, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),  # grows in the order of commits: what the mirror of sketches reads on from
    Column("story_id", BigId, ForeignKey("stories.id"), nullable=False),
    Column("url", Words),
    Column("canonical_url", Words),
    Column("canonical_key", LargeBinary),
    Column("page_url", Words),  # after redirects, where that is not the entry's link
    Column("page_key", LargeBinary),
    Column("host", Words, nullable=False, server_default=""),
    Column("origin", Words),  # who stands behind the report; NULL: its host
    Column("title", Words, nullable=False, server_default=""),
    Column("text", Packed),
    Column("author", Words, nullable=False, server_default=""),
    Column("language", Words),
    Column("published_at", Instant),
    Column("site", Words, nullable=False, server_default=""),
    Column("source", Words, nullable=False),
    Column("quality", Words, nullable=False),
    Column("note", Words, nullable=False, server_default=""),
    Column("tags", Json),
    Column("entities", Json),
    Column("sketch", LargeBinary, nullable=False),
    Column("copy_of", BigId),
    Column("near_id", BigId),  # the article of the story that it resembles most, with …
    Column("parts", Json),  # … how much of its names, phrases and figures both have
    Column("similarity", Float, nullable=False, server_default="0"),
    Column("basis", Words, nullable=False, server_default=""),
    Column("added_at", Instant, nullable=False),
    UniqueConstraint("seq"),
    Index("ix_articles_story", "story_id", "entry_id"),
    Index("ix_articles_added", "added_at", "seq"),
    _partial("ix_articles_canonical", "canonical_key", where="canonical_key IS NOT NULL"),
    _partial("ix_articles_page", "page_key", where="page_key IS NOT NULL"),
)

matches = Table(
    "matches",
    metadata,
    Column("entry_id", BigId, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("rule", Words, primary_key=True),
    Column("reason", Words, nullable=False),
    Column("detail", Words, nullable=False, server_default=""),
    Column("is_update", Boolean, nullable=False, server_default=text("false")),
    Column("evidence", PackedJson, nullable=False),
    Column("score", Float),
    Column("matched_at", Instant, nullable=False),
    Column("silence_id", BigId),  # the silence that muted it; silences are forgotten before matches, so no foreign key
    Index("ix_matches_rule", "rule", "matched_at"),
    _partial("ix_matches_silence", "silence_id", where="silence_id IS NOT NULL"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Words, primary_key=True),
    Column("kind", Words, nullable=False),  # alert | notice
    Column("rule", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("payload", PackedJson, nullable=False),
    Column("entry_id", BigId, ForeignKey("entries.id", ondelete="SET NULL")),
    Column("story_id", BigId, ForeignKey("stories.id", ondelete="SET NULL")),
    Column("canonical_key", LargeBinary),
    Column("is_update", Boolean, nullable=False, server_default=text("false")),
    Column("notice_key", Words),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Words, nullable=False, server_default=""),
    Index("ix_alerts_created", "created_at", "id"),
    Index("ix_alerts_rule", "rule", "created_at"),
    _partial("ix_alerts_story", "story_id", "rule", where="story_id IS NOT NULL"),
    _partial("ix_alerts_entry", "entry_id", where="entry_id IS NOT NULL"),
    _partial("ix_alerts_canonical", "canonical_key", "rule", where="canonical_key IS NOT NULL"),
)

marks = Table(  # what people said of an alert; goes with it
    "marks",
    metadata,
    Column("alert_id", Words, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("verdict", Words, nullable=False),  # noise | useful
    Column("note", Words, nullable=False, server_default=""),
    Column("author", Words, nullable=False, server_default=""),
    Column("marked_at", Instant, nullable=False),
)

firsts = Table(  # the claim that decides races: one first alert for each rule and story
    "firsts",
    metadata,
    Column("story_id", BigId, ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("rule", Words, primary_key=True),
    Column("alert_id", Words, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("alert_id", Words, ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False),
    Column("channel", Words, nullable=False),
    Column("message_key", Words, nullable=False),
    Column("bundle", Words, nullable=False, server_default=""),
    Column("batch", BigId),  # the id of the row that leads the message; frozen at the first claim
    Column("due_at", Instant),  # of the message, so only the leading row has one once the batch is frozen
    Column("claimed_at", Instant),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("state", Words, nullable=False),  # due | sent | dead
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("reason", Words, nullable=False, server_default=""),
    Column("answer", Words, nullable=False, server_default=""),
    Column("rank", Integer, nullable=False, server_default="1"),  # 0 ahead of all others | 1 | 2 may be gathered when many wait
    Column("note", Words, nullable=False, server_default=""),  # why it comes by this channel: an escalation, a fallback
    UniqueConstraint("alert_id", "channel"),
    _partial("ix_deliveries_due", "channel", "due_at", "id", where="due_at IS NOT NULL"),
    _partial("ix_deliveries_ahead", "channel", "due_at", "id", where="rank = 0 AND due_at IS NOT NULL"),
    _partial("ix_deliveries_fresh", "channel", "due_at", "id", where="rank = 2 AND epoch = 0 AND due_at IS NOT NULL"),
    _partial("ix_deliveries_bundle", "channel", "bundle", "due_at", "id", where="due_at IS NOT NULL AND batch IS NULL"),
    _partial("ix_deliveries_leased", "due_at", where="claimed_at IS NOT NULL"),
    _partial("ix_deliveries_batch", "batch", where="batch IS NOT NULL"),
    Index("ix_deliveries_state", "state", "channel", "id"),
    _partial("ix_deliveries_settled", "channel", "settled_at", where="settled_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

recipients = Table(
    "recipients",
    metadata,
    Column("delivery_id", BigId, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("address", Words, primary_key=True),
    Column("state", Words, nullable=False),
    Column("answer", Words, nullable=False, server_default=""),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("delivery_id", BigId, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("answer", Words, nullable=False, server_default=""),
    Index("ix_attempts_delivery", "delivery_id", "id"),
)

channels = Table(
    "channels",
    metadata,
    Column("name", Words, primary_key=True),
    Column("disabled_at", Instant),
    Column("reason", Words, nullable=False, server_default=""),
    Column("blocked_until", Instant),
    Column("failing_since", Instant),
)

escalations = Table(  # urgent alerts that wait for somebody to say: seen
    "escalations",
    metadata,
    Column("alert_id", Words, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", Words, primary_key=True),
    Column("targets", Json, nullable=False),
    Column("due_at", Instant),
    Column("settled_at", Instant),
    Column("outcome", Words, nullable=False, server_default=""),  # escalated | acknowledged
    _partial("ix_escalations_due", "due_at", where="due_at IS NOT NULL"),
)

rereads = Table(  # articles that were told, to be read again: a rule asks for their edits
    "rereads",
    metadata,
    Column("entry_id", BigId, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("due_at", Instant),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("missing", Integer, nullable=False, server_default="0"),  # looks in a row that found no page
    Column("title", Words, nullable=False, server_default=""),  # what the page said last
    Column("text", Packed),  # NULL: what the article says
    _partial("ix_rereads_due", "due_at", where="due_at IS NOT NULL"),
)

threads = Table(  # where a story's thread is in a channel that has threads of its own
    "threads",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("thread", Words, primary_key=True),
    Column("reference", Words, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_threads_at", "at"),
)

silences = Table(
    "silences",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("rule", Words),
    Column("feed", Words),
    Column("entity", Words),
    Column("severity", Words),
    Column("text", Words),
    Column("until_at", Instant, nullable=False),
    Column("end_told", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Instant, nullable=False),
    Column("author", Words, nullable=False),
    Column("comment", Words, nullable=False, server_default=""),
    Index("ix_silences_until", "until_at"),
    sqlite_autoincrement=True,
)

notices = Table(
    "notices",
    metadata,
    Column("key_digest", LargeBinary, primary_key=True),
    Column("key", Words, nullable=False),
    Column("told_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("times", Integer, nullable=False, server_default="1"),
)

article_words = Table(  # the words of an article, for search; made after it, in the background
    "article_words",
    postgres_only,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # an article that is read again gets another number
    Column("words", TSVECTOR, nullable=False),
    Index("ix_article_words_words", "words", postgresql_using="gin"),
)
