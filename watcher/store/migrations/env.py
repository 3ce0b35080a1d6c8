"""Alembic runs this; the connection, already in the transaction that the migration is part of, comes from ``store.migrate``."""

from alembic import context

from watcher.store.schema import metadata

connection = context.config.attributes["connection"]
# One transaction for all, DDL included: SQLite can do that too, as long as the driver does not commit behind our back
# (see store.engine). A migration that is killed is rolled back by the database.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
