"""Validators belong to the URL that gave them, which a redirect may have led to."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("feeds", sa.Column("validators_url", sa.Text()))
