"""Each feed's publishing rhythm, and whether its 304s can be trusted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("feeds", sa.Column("rhythm", sa.LargeBinary()))
    op.add_column("feeds", sa.Column("checked_at", sa.BigInteger()))
    op.add_column("feeds", sa.Column("lied_at", sa.BigInteger()))
