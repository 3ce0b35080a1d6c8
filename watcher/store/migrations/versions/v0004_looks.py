"""How often an entry was read without its page; the count of killed workers was never read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("entries", sa.Column("looks", sa.Integer(), server_default="0", nullable=False))
    op.drop_column("entries", "worker_kills")
