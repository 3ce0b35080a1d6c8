"""Since when a feed has been quiet against its rhythm."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("feeds", sa.Column("quiet_at", sa.BigInteger()))
