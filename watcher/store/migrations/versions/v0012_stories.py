"""Stories: the origin of a report, what a decision rests on, and stories joined by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("articles", sa.Column("origin", sa.Text()))
    op.add_column("articles", sa.Column("near_id", ID))
    op.add_column("articles", sa.Column("parts", sa.Text()))
    op.add_column("stories", sa.Column("joined_id", ID))
