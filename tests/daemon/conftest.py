"""What decides on the store is tried on both databases: the fixtures of ``tests/store``."""

from tests.store.conftest import postgres_server, postgres_url, store, url

__all__ = ["postgres_server", "postgres_url", "store", "url"]
