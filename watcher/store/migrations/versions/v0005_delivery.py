"""Acknowledgements and escalations, threads, ranks of deliveries, silences that count."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _partial(name: str, table: str, columns: list[Any], *, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.add_column("alerts", sa.Column("acknowledged_at", sa.BigInteger()))
    op.add_column("alerts", sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False))
    op.add_column("deliveries", sa.Column("rank", sa.Integer(), server_default="1", nullable=False))
    op.add_column("deliveries", sa.Column("note", sa.Text(), server_default="", nullable=False))
    due = ["channel", "due_at", "id"]
    _partial("ix_deliveries_ahead", "deliveries", due, where="rank = 0 AND due_at IS NOT NULL")
    _partial("ix_deliveries_fresh", "deliveries", due, where="rank = 2 AND epoch = 0 AND due_at IS NOT NULL")
    op.add_column("matches", sa.Column("silence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    _partial("ix_matches_silence", "matches", ["silence_id"], where="silence_id IS NOT NULL")
    op.add_column("silences", sa.Column("severity", sa.Text()))
    op.add_column("silences", sa.Column("text", sa.Text()))
    op.add_column("silences", sa.Column("end_told", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "escalations",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_escalations_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id", "channel", name="pk_escalations"),
    )
    _partial("ix_escalations_due", "escalations", ["due_at"], where="due_at IS NOT NULL")
    op.create_table(
        "threads",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "thread", name="pk_threads"),
    )
    op.create_index("ix_threads_at", "threads", ["at"])
