"""An index of the words of articles, for search: on PostgreSQL a table; SQLite keeps it in a file of its own.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision, down_revision = "0006", "0005"
branch_labels = depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "article_words",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_article_words"),
    )
    op.create_index("ix_article_words_words", "article_words", ["words"], postgresql_using="gin")
