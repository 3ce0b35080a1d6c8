"""Several processes on one PostgreSQL share the work and never a row (DESIGN section 2, "Store and scale-out")."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest

from tests.store.factories import LEASE, NOW, claim_feeds, document, later, poll, seeds, some_entries, tell
from watcher.store import Store, deliveries, entries, feeds, stories

pytestmark = pytest.mark.postgres

CLAIMER = """
import sys
from tests.store.factories import LEASE, NOW
from watcher.store import Store, deliveries, entries, feeds
claims = {
    "feeds": lambda conn: feeds.claim(conn, now=NOW, lease=LEASE, limit=7, per_host=1),
    "entries": lambda conn: entries.claim(conn, now=NOW, lease=LEASE, limit=7),
    "deliveries": lambda conn: deliveries.claim(conn, now=NOW, lease=LEASE, limit=7, per_channel={"desk": 7}),
}
store = Store.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
empty = 0
while empty < 10:
    rows = store.write_now(claims[sys.argv[2]])
    empty = 0 if rows else empty + 1
    for row in rows:
        print(getattr(row, "host", ""), row.id, flush=True)
store.close()
"""


def claimed_by_processes(url, what, number=2):
    """Let processes claim until nothing is due; return what each of them got."""
    command = [sys.executable, "-c", CLAIMER, url, what]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(number)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    return [[line.rsplit(" ", 1) for line in child.communicate(timeout=60)[0].splitlines()] for child in children]


@pytest.fixture
def store(postgres_url):
    with Store.open(postgres_url) as opened:
        yield opened


@pytest.fixture
def two(postgres_url, store):
    with Store.open(postgres_url) as other:
        yield store, other


def all_once(found, number):
    counts = Counter(row for rows in found for _, row in rows)
    assert set(counts.values()) == {1}, [row for row, count in counts.items() if count > 1]
    assert len(counts) == number


def test_no_feed_is_claimed_twice_and_a_host_belongs_to_one_process_at_a_time(store):
    store.write_now(lambda conn: feeds.sync(conn, seeds(160, hosts=40), now=NOW))
    found = claimed_by_processes(store.url, "feeds")
    all_once(found, 160)
    owners = Counter(host for rows in found for host in {host for host, _ in rows})
    assert set(owners.values()) == {1}


def test_no_entry_is_claimed_twice(store):
    store.write_now(lambda conn: feeds.sync(conn, seeds(1), now=NOW) or poll(conn, document(*(f"e{n}" for n in range(150)))))
    all_once(claimed_by_processes(store.url, "entries"), 150)


def test_no_delivery_is_claimed_twice(store):
    store.write_now(lambda conn: [tell(conn, n) for n in range(150)] and None)
    all_once(claimed_by_processes(store.url, "deliveries"), 150)


def test_a_bundle_is_never_torn_between_processes(two):
    """Whoever freezes it takes all of its members, however the claims interleave."""
    for turn in range(10):
        two[0].write_now(lambda conn, turn=turn: [tell(conn, turn * 100 + n, bundle="digest") for n in range(20)] and None)
        found = []
        barrier = threading.Barrier(2, timeout=20)

        def claim(store, barrier=barrier, found=found):
            barrier.wait()
            found.extend(store.write_now(lambda conn: deliveries.claim(conn, now=NOW, lease=LEASE, limit=5, per_channel={"desk": 5})))

        threads = [threading.Thread(target=claim, args=(store,)) for store in two]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert [len(message.alerts) for message in found] == [20]


def test_a_host_changes_hands_when_its_leases_have_ended(two):
    first, second = two
    first.write_now(lambda conn: feeds.sync(conn, seeds(9, hosts=1), now=NOW))
    held = first.write_now(lambda conn: claim_feeds(conn, limit=2))
    assert second.write_now(claim_feeds) == []
    assert len(first.write_now(lambda conn: claim_feeds(conn, limit=1))) == 1
    first.write_now(lambda conn: feeds.take_all_back(conn, now=NOW))
    assert len(second.write_now(claim_feeds)) == len(held) + 2


def test_processes_that_start_together_configure_the_same_feeds_once(two):
    barrier = threading.Barrier(2, timeout=20)

    def sync(store):
        barrier.wait()
        store.write_now(lambda conn: feeds.sync(conn, seeds(500), now=NOW))

    threads = [threading.Thread(target=sync, args=(store,)) for store in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(two[0].read_now(lambda conn: feeds.listing(conn, now=NOW))) == 500
    assert two[0].generation == two[1].generation == 0


def test_stories_are_decided_one_after_another(two):
    """The second process sees what the first committed while it waited, so sequence numbers follow commits."""
    first, second = two
    claimed = first.write_now(lambda conn: some_entries(conn, 2))
    entered, go_on, order = threading.Event(), threading.Event(), []

    def decide(conn):
        stories.lock(conn)
        entered.set()
        go_on.wait(20)
        from tests.store.factories import read

        read(conn, claimed[0])
        order.append("first")

    def look(conn):
        stories.lock(conn)
        order.append("second")
        return [row.seq for row in stories.sketches_since(conn, 0, since=NOW)]

    seen = []
    threads = [
        threading.Thread(target=lambda: first.write_now(decide)),
        threading.Thread(target=lambda: seen.extend(second.write_now(look))),
    ]
    threads[0].start()
    assert entered.wait(20)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert order == ["first", "second"]
    assert seen == [1]


def test_a_process_that_lost_its_lease_neither_finishes_nor_renews(two):
    first, second = two
    (old, *_) = first.write_now(lambda conn: some_entries(conn, 1))
    (new,) = second.write_now(lambda conn: entries.claim(conn, now=later(31), lease=LEASE, limit=1))
    assert not first.write_now(lambda conn: entries.owned(conn, old.id, old.epoch))
    assert first.write_now(lambda conn: entries.renew(conn, [(old.id, old.epoch)], later(99))) == {old.id}
    assert second.write_now(lambda conn: entries.owned(conn, new.id, new.epoch))


def test_clocks_of_all_processes_are_the_databases(two):
    assert abs(two[0].clock() - two[1].clock()) < timedelta(seconds=1)
