"""Routes, deliveries, acknowledgements and silences by the command line."""

import json
from datetime import timedelta

import pytest

from tests.cli.test_operating import add_alert, database, objects, place, watcher  # noqa: F401  fixtures
from tests.store.factories import an_alert
from watcher import store

ROUTES = """
[watcher]
include = []

[channels.desk]
type = "webhook"
url = "http://127.0.0.1:9/"
digest = "0 8 * * *"
escalate = { after = "15m", channels = ["chief"] }

[channels.phone]
type = "webhook"
url = "http://127.0.0.1:9/"

[channels.chief]
type = "webhook"
url = "http://127.0.0.1:9/"

[entities.patriot]
name = "MIM-104 Patriot"

[[feeds]]
url = "https://example.org/rss"
name = "Example"
tags = ["ukraine"]

[[rules]]
name = "shells"
any = ["shells"]
channels = ["desk"]

[[routes]]
match = { severity = ["urgent"], entity = ["patriot"] }
channels = ["phone"]
continue = true

[[routes]]
match = { tag = ["ukraine"], min_sources = 2 }
channels = ["chief"]

[[routes]]
channels = ["phone"]
"""


def test_routes_test_shows_which_channels_and_why(cli, tmp_path):
    path = tmp_path / "watcher.toml"
    path.write_text(ROUTES)
    ask = lambda *more: json.loads(cli("-c", path, "routes", "test", "--json", *more).out)  # noqa: E731
    found = ask("--rule", "shells", "--severity", "urgent", "--entity", "patriot")
    assert [(c["channel"], c["why"], c["escalates_to"]) for c in found["channels"]] == [
        ("desk", ["the rule's own channel"], ["chief"]),
        ("phone", ["route 1", "route 3"], []),
    ]
    assert [r["why"] for r in found["routes"]] == [
        "matches: severity = urgent, entity = patriot; later routes are looked at too",
        "does not match: tag = ukraine, min_sources = 2",
        "matches every alert",
    ]
    found = ask("--tag", "Ukraine", "--sources", "2")
    assert [c["channel"] for c in found["channels"]] == ["chief"]
    assert found["routes"][2]["why"] == "would match, but an earlier route ended the search"
    said = cli("-c", path, "routes", "test", "--rule", "shells").out
    assert "desk in the next" not in said  # a webhook gets its digest one by one
    assert "route 2 to chief: does not match: tag = ukraine, min_sources = 2" in said


def test_routes_test_says_what_it_cannot_do(cli, tmp_path):
    path = tmp_path / "watcher.toml"
    path.write_text('[watcher]\ninclude = []\n[channels.desk]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n')
    assert cli("-c", path, "routes", "test").code == 1  # nobody would be told
    assert cli("-c", path, "routes", "test", "--rule", "none").code == 1
    assert cli("-c", path, "routes", "test", "--severity", "loud").code == 2


def test_deliveries_are_listed_and_shown_with_every_answer(watcher, database):  # noqa: F811
    add_alert(database, "dead1", channels=("desk", "phone"))
    now = database.clock()

    def give_up(conn):
        (delivery,) = store.deliveries.claim(conn, now=now, lease=timedelta(seconds=30), limit=1, per_channel={"desk": 1})
        store.deliveries.dead(conn, delivery, reason="refused", answer="550 no such user", now=now)

    database.write_now(give_up)
    listed = objects(watcher("deliveries", "list", "--json"))
    assert [(row["channel"], row["state"], row["alert"]) for row in listed] == [("phone", "due", "dead1"), ("desk", "dead", "dead1")]
    (failed,) = objects(watcher("deliveries", "list", "--failed", "--channel", "desk", "--since", "1h", "--json"))
    assert (failed["reason"], failed["answer"]) == ("refused", "550 no such user")
    assert "550 no such user" in watcher("deliveries", "list", "--failed").out
    (shown,) = objects(watcher("deliveries", "show", failed["id"], "--json"))
    assert [(attempt["outcome"], attempt["answer"]) for attempt in shown["history"]] == [("refused", "550 no such user")]
    assert "refused 550 no such user" in watcher("deliveries", "show", failed["id"]).out
    assert watcher("deliveries", "show", "999").code == 1
    assert watcher("deliveries", "list", "--state", "lost").code == 2
    (found,) = objects(watcher("status", "--json"))
    assert [(letter["channel"], letter["reason"], letter["count"]) for letter in found["dead_letters"]] == [("desk", "refused", 1)]
    assert "desk: 1 given up" in watcher("status").out
    assert watcher("deliveries", "dismiss").code == 2
    assert watcher("deliveries", "dismiss", "999").code == 1
    assert watcher("deliveries", "dismiss", "--channel", "phone").code == 1
    assert objects(watcher("deliveries", "dismiss", failed["id"], "--json")) == [{"dismissed": 1}]
    assert objects(watcher("status", "--json"))[0]["dead_letters"] == []
    assert [row["channel"] for row in objects(watcher("deliveries", "list", "--state", "dismissed", "--json"))] == ["desk"]
    assert objects(watcher("alerts", "resend", "dead1", "--channel", "desk", "--json"))[0]["deliveries"] == 1


def test_a_bundle_is_listed_in_full(watcher, database):  # noqa: F811
    now = database.clock()

    def storm(conn):
        for number in range(60):
            alert = an_alert(number, at=now)
            store.alerts.insert(conn, alert, [store.alerts.Outgoing(channel="desk", due_at=now, message_key=alert.id, rank=2)])
        gather = {"desk": store.deliveries.Gathering(above=20, most=100)}
        return store.deliveries.claim(conn, now=now, lease=timedelta(seconds=30), limit=1, per_channel={"desk": 1}, gather=gather)

    (message,) = database.write_now(storm)
    assert len(objects(watcher("alerts", "list", "--bundle", message.id, "--json"))) == 60
    assert len(objects(watcher("alerts", "list", "--json"))) == 50


def test_an_alert_is_acknowledged_by_the_first_who_says_so(watcher, database):  # noqa: F811
    add_alert(database, "fire1")
    now = database.clock()
    database.write_now(lambda conn: store.escalations.add(conn, "fire1", "desk", ["phone"], due_at=now + timedelta(minutes=15)))
    assert "phone in place of desk: at " in watcher("alerts", "show", "fire1").out
    (first,) = objects(watcher("alerts", "ack", "fire", "--by", "ann", "--json"))
    assert (first["id"], first["acknowledged_by"], first["first"]) == ("fire1", "ann", True)
    assert "already" in watcher("alerts", "ack", "fire1", "--by", "ben").out
    (shown,) = objects(watcher("alerts", "show", "fire1", "--json"))
    assert (shown["acknowledged_by"], shown["escalations"][0]["outcome"]) == ("ann", "acknowledged")
    assert "acknowledged: " in watcher("alerts", "show", "fire1").out


@pytest.mark.parametrize("what", [["--severity", "low"], ["--text", "press review"], ["--feed", "Example", "--entity", "patriot"]])
def test_a_silence_by_any_matcher_is_listed_with_what_it_muted(what, watcher, database):  # noqa: F811
    (added,) = objects(watcher("silence", "add", *what, "--for", "2h", "--json"))
    (listed,) = objects(watcher("silence", "list", "--json"))
    assert (listed["id"], listed["muted"], listed[what[0].removeprefix("--")]) == (added["id"], 0, what[1])
    assert what[1] in watcher("silence", "list").out
    (shown,) = objects(watcher("silence", "show", added["id"], "--json"))
    assert (shown["muted"], shown["matches"]) == (0, [])
    assert "0 muted" in watcher("silence", "show", added["id"]).out


def test_a_silence_needs_to_say_what_it_mutes(watcher, database):  # noqa: F811
    assert watcher("silence", "add", "--text", " ").code == 2
    assert watcher("silence", "add", "--severity", "loud").code == 2
    assert watcher("silence", "show", "7").code == 1


def test_the_feed_of_alerts_goes_to_a_file_or_to_stdout(watcher, database, place):  # noqa: F811
    add_alert(database, "a1")
    assert [item["title"] for item in json.loads(watcher("alerts", "feed", "--format", "json").out)["items"]] == ["[shells] Shells"]
    assert watcher("alerts", "feed", "-o", place / "alerts.atom").code == 0
    assert "[shells] Shells" in (place / "alerts.atom").read_text()
    done = watcher("alerts", "feed", "-o", place / "none" / "alerts.atom")
    assert (done.code, done.out) == (1, "")


CHANNELS = """
[watcher]
include = []
[web]
listen = "127.0.0.1:1"
public_url = "https://watcher.example.org"
[channels.desk]
type = "email"
to = ["desk@example.org"]
from = "watcher@example.org"
{templates}
[channels.siem]
type = "webhook"
url = "http://127.0.0.1:9/"
[channels.chat]
type = "slack"
token = {{ file = "{file}" }}
channel = "C1"
"""


@pytest.fixture
def channels(cli, tmp_path):
    (tmp_path / "token").write_text("xoxb-1")

    def write(templates=""):
        (tmp_path / "watcher.toml").write_text(CHANNELS.format(templates=templates, file=tmp_path / "token"))
        return lambda *arguments: cli("-c", tmp_path / "watcher.toml", *arguments)

    return write


def test_a_preview_shows_a_message_in_each_form_and_sends_nothing(channels):
    run = channels()
    text = run("channels", "preview", "desk").out
    assert text.startswith("Subject: [sample-rule] Germany sends a third Patriot battery to Kyiv")
    assert "Germany sends a third *Patriot* battery" in text
    assert "https://watcher.example.org/do/noise/" in text
    assert run("channels", "preview", "desk", "--format", "html").out.startswith("<!doctype html>")
    assert json.loads(run("channels", "preview", "desk", "--json").out)["list_id"] == "desk <desk.watcher.example.org>"
    assert "digest of 12 alerts" in run("channels", "preview", "desk", "--several", "12").out
    assert json.loads(run("channels", "preview", "siem").out)["type"] == "watcher.alert"
    assert json.loads(run("channels", "preview", "chat", "--format", "json").out)["blocks"]
    assert "*Patriot*" in run("channels", "preview", "chat", "--format", "text").out
    assert run("channels", "preview", "siem", "--format", "html").code == 1
    assert run("channels", "preview", "none").code == 1


def test_a_preview_of_a_stored_alert(watcher, database, place):  # noqa: F811
    (place / "watcher.toml").write_text(
        '[watcher]\ndatabase = "sqlite:///watcher.db"\ninclude = []\n[channels.siem]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n'
    )
    add_alert(database, "abc1", channels=())
    assert json.loads(watcher("channels", "preview", "siem", "--alert", "abc").out)["data"]["article"]["title"] == "Shells"
    assert watcher("channels", "preview", "siem", "--alert", "zzz").code == 1


def test_a_mistake_in_a_template_is_named_with_its_file_and_line_by_check(channels, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text.j2").write_text("{{ alert.headline }}\n{{ alert.headlin }}\n")
    done = channels('templates = "mine"')("check")
    assert done.code == 78
    assert "mine/text.j2:2: " in done.out + done.err
    assert "headlin" in done.out + done.err


def test_channels_are_listed_with_their_times_and_their_state(channels, tmp_path):
    from watcher.store import Store

    run = channels('group = { wait = "30s", interval = "5m" }\nquiet = "22:00-07:00"\nescalate = { after = "15m", channels = ["siem"] }\n')
    with Store.open(f"sqlite:///{tmp_path / 'watcher.db'}") as opened:
        now = opened.clock()
        opened.write_now(lambda conn: store.deliveries.disable_channel(conn, "siem", reason="gone", now=now))
        opened.write_now(lambda conn: store.deliveries.block_channel(conn, "chat", until=now + timedelta(hours=1)))
    desk, siem, chat = (json.loads(line) for line in run("channels", "list", "--json").out.splitlines())
    assert (desk["group"], desk["quiet"], desk["escalate"], desk["state"]) == ("30s / 5m", "22:00-07:00", "after 15m to siem", "ok")
    assert siem["state"].startswith("disabled since ")
    assert chat["state"].startswith("its receiver asked for a pause until ")
    assert "quiet 22:00-07:00" in run("channels", "list").out
