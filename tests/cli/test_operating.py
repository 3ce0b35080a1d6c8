"""The commands that look into the database, on a real one that a daemon might be using at the same time."""

import json
from datetime import timedelta

import pytest

from watcher import store
from watcher.model import Alert, AlertId, Entry, Reason, Severity
from watcher.store import Store
from watcher.store.alerts import Outgoing
from watcher.store.feeds import FeedSeed

FEED = "https://example.org/rss"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "watcher.toml").write_text('[watcher]\ndatabase = "sqlite:///watcher.db"\ninclude = []\n')
    return tmp_path


@pytest.fixture
def database(place):
    """Opened as the daemon does, with its lock, and used while the commands run."""
    with Store.open(f"sqlite:///{place / 'watcher.db'}", exclusive=True) as opened:
        now = opened.clock()
        seed = FeedSeed(url=FEED, host="example.org", name="Example", interval=timedelta(minutes=10), due_at=now + timedelta(hours=1))
        opened.write_now(lambda conn: store.feeds.sync(conn, [seed], now=now))
        yield opened


def add_alert(database, identity="abcdef123456", channels=("desk",)):
    now = database.clock()
    payload = {
        "article": {"title": "Shells", "url": "https://example.org/1", "feed": "Example"},
        "matches": [{"term": "shells", "field": "title", "sentence": "Shells"}],
    }
    alert = Alert(id=AlertId(identity), rule="shells", severity=Severity.HIGH, reason=Reason.FIRST_SEEN, created_at=now, payload=payload)
    outgoing = [Outgoing(channel=name, due_at=now, message_key=f"{identity}-{name}") for name in channels]
    database.write_now(lambda conn: store.alerts.insert(conn, alert, outgoing))


@pytest.fixture
def watcher(cli, place):
    return lambda *arguments: cli("-c", place / "watcher.toml", *arguments)


def objects(done):
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.parametrize("command", [["status"], ["feeds", "list"], ["alerts", "list"], ["silence", "list"], ["why", "1"]])
def test_before_the_first_run_there_is_no_database_and_none_is_made(command, watcher, place):
    done = watcher(*command)
    assert done.code == 1
    assert "there is no database yet" in done.err
    assert [path.name for path in place.iterdir()] == ["watcher.toml"]


def test_status_exits_1_and_says_so_when_no_daemon_answers(watcher, database):
    (found,) = objects(watcher("status", "--json"))
    assert (found["running"], found["feeds"], found["failing"]) == (False, 1, 0)
    done = watcher("status")
    assert done.code == 1
    assert "NOT RUNNING" in done.out


def test_status_shows_what_the_operators_were_told(watcher, database):
    database.write_now(lambda conn: store.alerts.raise_once(conn, "feed_gone:" + FEED, now=database.clock()))
    assert f"feed_gone:{FEED}" in watcher("status").out


def test_feeds_are_listed_with_their_state(watcher, database):
    (found,) = objects(watcher("feeds", "list", "--json"))
    assert (found["url"], found["name"], found["failures"], found["last_success_at"], found["interval_seconds"]) == (
        FEED,
        "Example",
        0,
        None,
        600.0,
    )
    assert "never" in watcher("feeds", "list").out
    assert objects(watcher("feeds", "list", "--failing", "--json")) == []


def test_a_feed_in_flight_is_listed_as_being_polled_not_as_due_when_its_claim_lapses(watcher, database):
    assert objects(watcher("feeds", "list", "--json"))[0]["polling"] is False
    now = database.clock() + timedelta(days=1)
    assert database.write_now(lambda conn: store.feeds.claim(conn, now=now, lease=timedelta(minutes=5), limit=9, per_host=9))
    assert objects(watcher("feeds", "list", "--json"))[0]["polling"] is True
    assert "being" in watcher("feeds", "list").out


@pytest.mark.parametrize(("names", "code"), [([], 0), (["Example"], 0), ([FEED], 0), (["Nobody"], 1)])
def test_polling_makes_feeds_due_and_says_when_there_is_none(names, code, watcher, database):
    assert watcher("feeds", "poll", *names).code == code
    due = database.read_now(store.feeds.next_due_at)
    assert (due <= database.clock()) is (code == 0)


def test_alerts_are_listed_shown_and_sent_again(watcher, database):
    add_alert(database, channels=("desk", "phone"))
    (listed,) = objects(watcher("alerts", "list", "--json", "--since", "1h", "--rule", "shells"))
    assert (listed["id"], listed["title"], listed["severity"]) == ("abcdef123456", "Shells", "high")
    (shown,) = objects(watcher("alerts", "show", "abc", "--json"))
    assert [(d["channel"], d["state"]) for d in shown["deliveries"]] == [("desk", "due"), ("phone", "due")]
    assert "desk: due after 0 attempts" in watcher("alerts", "show", "abc").out
    (sent,) = objects(watcher("alerts", "resend", "abc", "--channel", "desk", "--json"))
    assert sent == {"id": "abcdef123456", "deliveries": 1, "daemons": 0}


def test_an_id_that_fits_no_alert_or_several_is_refused(watcher, database):
    add_alert(database, "abc1")
    add_alert(database, "abc2")
    for wanted in ("zzz", "abc"):
        done = watcher("alerts", "show", wanted)
        assert (done.code, done.out) == (1, "")
        assert wanted in done.err


def test_a_given_up_delivery_is_found(watcher, database):
    add_alert(database, "dead1")
    add_alert(database, "fine1", channels=())
    now = database.clock()

    def give_up(conn):
        (delivery,) = store.deliveries.claim(conn, now=now, lease=timedelta(seconds=30), limit=1, per_channel={"desk": 1})
        store.deliveries.dead(conn, delivery, reason="refused", answer="550 no such user", now=now)

    database.write_now(give_up)
    assert [alert["id"] for alert in objects(watcher("alerts", "list", "--failed", "--json"))] == ["dead1"]
    assert "550 no such user" in watcher("alerts", "show", "dead1").out
    done = watcher("status")
    assert (done.code, "1 given up" in done.out) == (1, True)


def test_silences_are_added_listed_and_ended(watcher, database):
    (added,) = objects(watcher("silence", "add", "--rule", "shells", "--for", "2h", "--comment", "summit", "--json"))
    (listed,) = objects(watcher("silence", "list", "--json"))
    assert (listed["id"], listed["rule"], listed["comment"], listed["in_force"]) == (added["id"], "shells", "summit", True)
    assert watcher("silence", "expire", added["id"]).code == 0
    assert watcher("silence", "expire", added["id"]).code == 1
    assert objects(watcher("silence", "list", "--json")) == []
    assert [s["in_force"] for s in objects(watcher("silence", "list", "--all", "--json"))] == [False]


@pytest.mark.parametrize("span", ["soon", "-5m", "5"])
def test_a_duration_that_is_none_is_a_usage_error(span, watcher, database):
    assert watcher("silence", "add", "--rule", "x", f"--for={span}").code == 2


def test_a_backup_is_made_in_use_and_restored_when_nobody_uses_the_database(watcher, child, database, place):
    add_alert(database, "kept1")
    assert watcher("backup", place / "copy.db").code == 0
    assert watcher("backup", place / "copy.db").code == 1  # never over an older one
    add_alert(database, "later")
    refused = child("-c", place / "watcher.toml", "restore", place / "copy.db")
    assert refused.code == 75
    database.close()
    (restored,) = objects(watcher("restore", place / "copy.db", "--json"))
    assert restored["kept"]
    assert [alert["id"] for alert in objects(watcher("alerts", "list", "--json"))] == ["kept1"]


def test_what_is_no_backup_is_not_restored(watcher, place):
    (place / "junk.db").write_bytes(b"junk" * 1000)
    done = watcher("restore", place / "junk.db")
    assert done.code == 1
    assert "junk.db" in done.err


def test_why_tells_of_an_entry_that_was_only_recorded(watcher, database):
    now = database.clock()
    entry = Entry(identity="g1", title="Old news", url="https://example.org/old")

    def poll(conn):
        from dataclasses import replace

        from watcher.model import Document, FeedInfo

        store.feeds.make_due(conn, None, now=now)
        (state,) = store.feeds.claim(conn, now=now, lease=timedelta(seconds=30), limit=1, per_host=1)
        document = Document(format="rss20", info=FeedInfo(), entries=(entry,), total=1)
        store.feeds.finish(conn, replace(state, baseline_at=now), document=document, baseline=True, now=now)

    database.write_now(poll)
    (found,) = objects(watcher("why", "https://example.org/old", "--json"))
    assert (found["title"], found["status"], found["matches"]) == ("Old news", "known", [])
    assert "recorded and not read" in watcher("why", found["id"]).out


def test_what_was_never_seen_exits_1(watcher, database):
    done = watcher("why", "https://example.org/none")
    assert done.code == 1
    assert "https://example.org/none" in done.err
