"""Since when a feed has been quiet against its rhythm."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("feeds", sa.Column("quiet_at", sa.BigInteger()))
