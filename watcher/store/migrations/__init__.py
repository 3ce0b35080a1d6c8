"""The schema's history. ``REVISIONS`` lists every revision in order, so that opening a current database needs no Alembic."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013")
HEAD = REVISIONS[-1]
