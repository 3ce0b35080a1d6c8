"""For all tests: property tests try the same examples at each run, so that the gate says the same twice; WATCHER_EXPLORE=1 tries new ones."""

import os

from hypothesis import settings

settings.register_profile("steady", derandomize=True)
settings.register_profile("explore", derandomize=False, print_blob=True)
settings.load_profile("explore" if os.environ.get("WATCHER_EXPLORE") else "steady")
