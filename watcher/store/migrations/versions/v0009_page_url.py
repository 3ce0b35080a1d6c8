"""Where an article's page was found after its redirects, so that it is known by that address too."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("articles", sa.Column("page_url", sa.Text()))
    op.add_column("articles", sa.Column("page_key", sa.LargeBinary()))
    where = sa.text("page_key IS NOT NULL")
    op.create_index("ix_articles_page", "articles", ["page_key"], sqlite_where=where, postgresql_where=where)
