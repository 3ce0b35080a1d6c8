"""The first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _partial(name: str, table: str, columns: list[Any], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("blocked_until", sa.BigInteger()),
        sa.Column("failing_since", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name="pk_channels"),
    )
    op.create_table(
        "feeds",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_key", sa.LargeBinary(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fetch_url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("body_hash", sa.LargeBinary()),
        sa.Column("known_spans", sa.LargeBinary(), nullable=False),
        sa.Column("span_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("full_parse_at", sa.BigInteger()),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_failed_at", sa.BigInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("last_polled_at", sa.BigInteger()),
        sa.Column("last_success_at", sa.BigInteger()),
        sa.Column("last_new_at", sa.BigInteger()),
        sa.Column("baseline_at", sa.BigInteger()),
        sa.Column("redirect_url", sa.Text()),
        sa.Column("redirect_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("gone_at", sa.BigInteger()),
        sa.Column("backlog", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble_told_at", sa.BigInteger()),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("url_key", name="uq_feeds_url_key"),
        sqlite_autoincrement=True,
    )
    _partial("ix_feeds_due", "feeds", ["due_at", "host", "id"], where="due_at IS NOT NULL")
    _partial("ix_feeds_leased", "feeds", ["host", "due_at"], where="claimed_at IS NOT NULL")
    op.create_table(
        "hosts",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_hosts"),
    )
    op.create_index("ix_hosts_blocked", "hosts", ["blocked_until"])
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "notices",
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at", sa.BigInteger()),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name="pk_notices"),
    )
    op.create_table(
        "silences",
        sa.Column("id", ID, nullable=False),
        sa.Column("rule", sa.Text()),
        sa.Column("feed", sa.Text()),
        sa.Column("entity", sa.Text()),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silences_until", "silences", ["until_at"])
    op.create_table(
        "stories",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stories"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stories_last", "stories", ["last_at"])
    op.create_table(
        "entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("feed_id", ID, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("identity_key", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("url_key", sa.LargeBinary()),
        sa.Column("summary", sa.LargeBinary()),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("published_at", sa.BigInteger()),
        sa.Column("updated_at", sa.BigInteger()),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker_kills", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("dead_at", sa.BigInteger()),
        sa.Column("backfill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_entries_feed_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("feed_id", "identity_key", name="uq_entries_feed_id_identity_key"),
        sqlite_autoincrement=True,
    )
    _partial("ix_entries_dead", "entries", ["dead_at"], where="dead_at IS NOT NULL")
    _partial("ix_entries_due", "entries", ["due_at", "id"], where="due_at IS NOT NULL")
    _partial("ix_entries_leased", "entries", ["due_at"], where="claimed_at IS NOT NULL")
    _partial("ix_entries_left", "entries", ["left_at", "feed_id"], where="left_at IS NOT NULL")
    _partial("ix_entries_present", "entries", ["feed_id"], where="left_at IS NULL")
    op.create_index("ix_entries_seen", "entries", ["first_seen_at"])
    _partial("ix_entries_url", "entries", ["url_key"], where="url_key IS NOT NULL")
    op.create_table(
        "firsts",
        sa.Column("story_id", ID, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_firsts_story_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("story_id", "rule", name="pk_firsts"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", ID),
        sa.Column("story_id", ID),
        sa.Column("canonical_key", sa.LargeBinary()),
        sa.Column("is_update", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("notice_key", sa.Text()),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_alerts_entry_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_alerts_story_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    _partial("ix_alerts_canonical", "alerts", ["canonical_key", "rule"], where="canonical_key IS NOT NULL")
    op.create_index("ix_alerts_created", "alerts", ["created_at", "id"])
    _partial("ix_alerts_entry", "alerts", ["entry_id"], where="entry_id IS NOT NULL")
    op.create_index("ix_alerts_rule", "alerts", ["rule", "created_at"])
    _partial("ix_alerts_story", "alerts", ["story_id", "rule"], where="story_id IS NOT NULL")
    op.create_table(
        "articles",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("story_id", ID, nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("canonical_url", sa.Text()),
        sa.Column("canonical_key", sa.LargeBinary()),
        sa.Column("host", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("published_at", sa.BigInteger()),
        sa.Column("site", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", sa.Text()),
        sa.Column("entities", sa.Text()),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("copy_of", ID),
        sa.Column("similarity", sa.Float(), server_default="0", nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_articles_entry_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name="fk_articles_story_id"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_articles"),
        sa.UniqueConstraint("seq", name="uq_articles_seq"),
    )
    op.create_index("ix_articles_added", "articles", ["added_at", "seq"])
    _partial("ix_articles_canonical", "articles", ["canonical_key"], where="canonical_key IS NOT NULL")
    op.create_index("ix_articles_story", "articles", ["story_id", "entry_id"])
    op.create_table(
        "matches",
        sa.Column("entry_id", ID, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("is_update", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("matched_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_matches_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", "rule", name="pk_matches"),
    )
    op.create_index("ix_matches_rule", "matches", ["rule", "matched_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_key", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), server_default="", nullable=False),
        sa.Column("batch", ID),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("claimed_at", sa.BigInteger()),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("alert_id", "channel", name="uq_deliveries_alert_id_channel"),
        sqlite_autoincrement=True,
    )
    _partial("ix_deliveries_batch", "deliveries", ["batch"], where="batch IS NOT NULL")
    _partial("ix_deliveries_bundle", "deliveries", ["channel", "bundle", "due_at", "id"], where="due_at IS NOT NULL AND batch IS NULL")
    _partial("ix_deliveries_due", "deliveries", ["channel", "due_at", "id"], where="due_at IS NOT NULL")
    _partial("ix_deliveries_leased", "deliveries", ["due_at"], where="claimed_at IS NOT NULL")
    _partial("ix_deliveries_settled", "deliveries", ["channel", "settled_at"], where="settled_at IS NOT NULL")
    op.create_index("ix_deliveries_state", "deliveries", ["state", "channel", "id"])
    op.create_table(
        "attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_attempts_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_delivery", "attempts", ["delivery_id", "id"])
    op.create_table(
        "recipients",
        sa.Column("delivery_id", ID, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name="fk_recipients_delivery_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("delivery_id", "address", name="pk_recipients"),
    )
