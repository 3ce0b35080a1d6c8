"""Articles that were told and are read again, for their edits."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rereads",
        sa.Column("entry_id", ID, nullable=False, autoincrement=False),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("looks", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("missing", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("text", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_rereads_entry_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_rereads"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_rereads_due", "rereads", ["due_at"], sqlite_where=due, postgresql_where=due)
