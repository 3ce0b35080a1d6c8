"""What an entry's title is compared by, when a feed gives its items new identities."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("entries", sa.Column("title_key", sa.LargeBinary(), nullable=True))
