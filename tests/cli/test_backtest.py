"""``watcher backtest``: a replay is what the daemon did, and a difference is what the rules make."""

from __future__ import annotations

import json
import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.desk import HOOK, Desk, entry, feed
from tests.store.conftest import postgres_server  # noqa: F401  a fixture
from watcher import store
from watcher.cli import lookback
from watcher.daemon.replay import Replay, Rules
from watcher.store import Store, archive

FEEDS = {f"https://{name}.example/rss": name for name in ("alpha", "bravo", "charlie", "delta")}
RULES = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot"]
requires = ["missile*", "battery"]
[terms]
places = ["Kyiv", "Odesa"]
[[rules]]
name = "patriot"
query = "@patriot AND $places"
channels = ["desk"]
[[rules]]
name = "limited"
any = ["tanks", "shells"]
limit = "7/h"
channels = ["desk", "mail"]
[[rules]]
name = "twice"
any = ["drones"]
sources = 2
[[rules]]
name = "each"
any = ["Odesa"]
repeat = "article"
updates = "none"
feeds = ["tag:war"]
[[rules]]
name = "always"
all = ["Kyiv", "tanks"]
repeat = "always"
languages = ["en", "uk"]
[[rules]]
name = "nobody"
any = ["battery"]
channels = []
"""
SENTENCES = (
    "Germany sends a third Patriot battery to Kyiv, officials in Berlin said on Tuesday after long talks about the winter.",
    "Dozens of tanks and artillery shells reached the depots near Kharkiv by rail during the night, the ministry wrote.",
    "Swarms of drones flew over Odesa before dawn and several warehouses in the port burned until noon, residents said.",
    "The Patriots beat the Jets by three points, and the quarterback praised his defence for a patient second half.",
    "Parliament voted for a new budget that moves money from roads to schools and hospitals over the coming three years.",
    "Farmers around Odesa began the harvest early because of the heat, and prices at the exchange in Chicago fell.",
    "Engineers repaired the power line to Kyiv, where tanks now guard the substations that were hit in October.",
)


def tables() -> str:
    found = "".join(feed(name, url, tags=["war"] if name < "c" else []) for url, name in FEEDS.items())
    return found + RULES + HOOK.format("desk", "desk") + HOOK.format("mail", "mail")


def fill(desk: Desk, rng: random.Random, rounds: int, first: int = 0) -> None:
    """News on several sites: told in their own words under one headline, copied, followed up, and the same link now and then."""
    vocabulary = [f"{a}{b}{c}" for a in ("ka", "ro", "mi", "tel", "sund") for b in ("ba", "ni", "vor", "ges") for c in ("na", "lo", "tir")]
    for number in range(first, first + rounds):
        told = ""
        for url, name in FEEDS.items():
            if rng.random() < 0.3:
                continue
            filler = [" ".join(rng.sample(vocabulary, 14)).capitalize() + f" {rng.randint(100, 999)}." for _ in range(6)]
            text = told if told and rng.random() < 0.3 else "\n".join([SENTENCES[number % 7], *rng.sample(SENTENCES, 2), *filler])
            told = told or text
            title = f"A report of the day number {number} from the front" if rng.random() < 0.8 else f"The {name} view of event {number}"
            link = f"https://{name}.example/{number if rng.random() < 0.8 else number - 1}"
            desk.poll(url, entry(f"{name}-{number}", title, text, url=link))
            desk.read()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request, tmp_path_factory):
    """An archive that the daemon's own reader made, with a silence that began and one that ended in the middle of it."""
    database = "sqlite:///watcher.db"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_server").create("backtest")
    found = Desk(tmp_path_factory.mktemp("backtest"), tables(), database=database)
    rng = random.Random(5)
    fill(found, rng, 6)
    with Store.open(found.config.database) as database:
        now = database.clock()

        def mute(conn: store.Connection) -> int:
            store.silences.add(conn, now=now, until_at=now + timedelta(hours=1), author="a", comment="", rule="patriot", feed="alpha")
            return store.silences.add(conn, now=now, until_at=now + timedelta(hours=1), author="a", comment="", rule="each")

        ended = database.write_now(mute)
    fill(found, rng, 6, 6)
    with Store.open(found.config.database) as database:
        database.write_now(lambda conn: store.silences.expire(conn, ended, now=database.clock()))
    fill(found, rng, 6, 12)
    return found


def recorded(desk: Desk, low: int = 0):
    with Store.open(desk.config.database) as database:

        def read(conn: store.Connection):
            rows = archive.onward(conn, low=low, high=10**9, limit=10**6)
            return rows, {
                row.entry_id: {m["rule"]: (m["reason"], m["detail"], m["is_update"]) for m in store.entries.matches_of(conn, row.entry_id)}
                for row in rows
            }

        return database.read_now(read)


def comparable(decided):
    """Without the end that a silence had then, for it may have been ended since."""
    return {
        number: {rule: (reason, "" if reason == "silenced" else detail, update) for rule, (reason, detail, update) in rules.items()}
        for number, rules in decided.items()
    }


def replayed(desk: Desk, rows):
    """What a replay with the configured rules decides."""
    config = desk.config
    feeds = {each.url: each for each in config.feeds}
    deciders = Rules(
        rules={rule.name: rule for rule in config.rules},
        entities={entity.id: entity for entity in config.entities},
        policies={name: policy for name, (policy, _) in config.channels.items()},
        routes=config.routes,
    )
    found = {}
    with Store.open(config.database) as database, Replay(database, deciders, feeds, start_at=rows[0].added_at) as replay:
        for row in rows:
            matches = config.rulebook.match(lookback.article_of(row, feeds))
            verdicts = replay.judge(row, matches)
            found[row.entry_id] = {d.rule: (d.reason.value, d.detail, d.update) for d in verdicts.decisions}
        days = replay.by_day()
    return found, days


def test_the_archive_is_worth_replaying(world):
    """Every kind of decision occurs in it."""
    _, decided = recorded(world)
    reasons = Counter(reason for rules in decided.values() for reason, _, _ in rules.values())
    assert {"first_seen", "update", "already_told", "over_limit", "silenced", "too_few_sources", "no_channel"} <= reasons.keys()


def test_a_replay_of_the_whole_is_what_the_daemon_did(world):
    """The same matches, and the same decisions with the same details, in the same number on each channel."""
    rows, decided = recorded(world)
    again, days = replayed(world, rows)
    assert comparable(again) == comparable(decided)
    sent = "SELECT a.rule, d.channel, a.created_at / 86400000000, count(*) FROM alerts a JOIN deliveries d ON d.alert_id = a.id GROUP BY 1, 2, 3"
    with Store.open(world.config.database) as database:
        assert sorted(days) == sorted(map(tuple, database.read_now(lambda conn: conn.execute(text(sent)).all())))


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_replay_that_begins_in_the_middle_knows_what_was_told_before(world, part):
    rows, _ = recorded(world)
    rows, decided = recorded(world, rows[int(len(rows) * part)].seq)
    again, _ = replayed(world, rows)
    assert comparable(again) == comparable(decided)


# --- the command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(cli, world, tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    path = tmp_path / "rules.toml"

    def backtest(rules, *options):
        path.write_text(rules)
        return cli("-c", world.path, "backtest", path, *options)

    return backtest


def one(done, rule):
    found = json.loads(done.out)
    return next(each for each in found["rules"] if each["rule"] == rule)


def told(world, rule):
    _, decided = recorded(world)
    return sum(rules[rule][0] in ("first_seen", "update", "over_limit") for rules in decided.values() if rule in rules)


def test_unchanged_rules_change_nothing(run, world):
    done = run(RULES, "--json", "--fail-on-change")
    found = json.loads(done.out)
    assert done.code == 0
    rows, decided = recorded(world)
    assert found["articles"] == len(rows)
    assert [each["status"] for each in found["rules"]] == ["unchanged"] * 6
    for each in found["rules"]:
        assert (each["added"], each["removed"], each["kept"]) == (0, 0, told(world, each["rule"])), each
        reasons = Counter(rules[each["rule"]][0] for rules in decided.values() if each["rule"] in rules)
        assert each["reasons"] == {"running": dict(reasons), "tried": dict(reasons)}
        assert each["silenced"] == reasons["silenced"]


def test_a_narrower_rule_removes_and_a_wider_one_adds(run, world):
    narrower = run('[[rules]]\nname = "patriot"\nquery = "@patriot AND Odesa"\nchannels = ["desk"]\n', "--json")
    assert [each["rule"] for each in json.loads(narrower.out)["rules"]] == ["patriot"]
    found = one(narrower, "patriot")
    assert found["status"] == "changed"
    assert found["removed"] > 0
    assert found["removed"] + found["kept"] == told(world, "patriot")
    assert found["samples"]["removed"][0].keys() == {"id", "title", "url", "feed", "at", "sentence", "otherwise"}
    wider = one(run('[[rules]]\nname = "patriot"\nquery = "Patriot* OR budget"\nchannels = ["desk"]\n', "--json"), "patriot")
    assert wider["added"] > 0
    assert wider["matches"]["removed"] == 0
    assert any("Patriot" in sample["sentence"] or "budget" in sample["sentence"] for sample in wider["samples"]["added"])


def test_a_new_rule_only_adds(run):
    found = json.loads(run('[[rules]]\nname = "harvest"\nany = ["harvest"]\nchannels = ["mail"]\n', "--json").out)
    (rule,) = found["rules"]
    assert (rule["status"], rule["removed"], rule["kept"]) == ("new", 0, 0)
    assert rule["added"] == found["added"] > 0
    assert sum(found["channels"]["mail"]["tried"]) == rule["added"]
    assert sum(found["channels"]["mail"]["running"]) == 0
    assert len(found["days"]) == len(found["channels"]["mail"]["tried"]) == 31
    assert rule["cost_ms"] > 0


def test_what_a_rule_is_made_of_counts_as_the_rule(run, world):
    """A list of terms alone touches the rules that use it, and no others."""
    done = run('[terms]\nplaces = ["Kharkiv"]\n', "--json")
    assert [(each["rule"], each["status"]) for each in json.loads(done.out)["rules"]] == [("patriot", "changed")]
    assert one(done, "patriot")["matches"]["removed"] > 0


def test_replacing_all_rules_removes_the_others(run, world):
    done = run('[[rules]]\nname = "harvest"\nany = ["harvest"]\n', "--replace", "--json", "--fail-on-change")
    assert done.code == 1
    for name in ("patriot", "each"):
        assert (one(done, name)["status"], one(done, name)["removed"]) == ("removed", told(world, name))
    assert one(done, "harvest")["status"] == "new"


def test_scopes_hold_as_they_do_live(run, world):
    """``feeds`` by tag and by name, ``languages``."""
    rows, _ = recorded(world)
    odesa = [row for row in rows if "Odesa" in row.text]
    for scope, expected in (
        ('feeds = ["tag:war"]', sum(row.feed_name in ("alpha", "bravo") for row in odesa)),
        ('feeds = ["delta"]', sum(row.feed_name == "delta" for row in odesa)),
        ('languages = ["ja"]', sum(row.language is None for row in odesa)),
        ('languages = ["en"]', sum(row.language in (None, "en") for row in odesa)),
    ):
        found = one(run(f'[[rules]]\nname = "scope"\nany = ["Odesa"]\n{scope}\n', "--json"), "scope")
        assert found["matches"]["added"] == expected, scope


def test_for_people(run):
    done = run('[[rules]]\nname = "patriot"\nquery = "@patriot"\nchannels = ["mail"]\n')
    assert done.code == 0
    assert " articles from " in done.out
    assert "patriot" in done.out
    assert "alerts a day, " in done.out
    assert "desk  running" in done.out
    assert "      tried" in done.out
    assert "█" in done.out


def test_nothing_to_try_says_so(run, cli, world, tmp_path):
    assert "no article was read in that time" in run(RULES, "--since", "1s").out
    assert "no rule is touched" in run('[terms]\nunused = ["x"]\n').out


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('[[rules]]\nname = "x"\nquery = "(a"\n', 'rules.toml:1: rule x: a "(" that is not closed'),
        ('[[rules]]\nname = "x"\nquery = "@patriott"\n', 'there is no entity "patriott"; did you mean patriot?'),
        ('[[rules]]\nname = "x"\nany = ["a"]\nmust_match = ["b"]\n', 'rules.toml:1: must_match: the rule "x" does not match "b"'),
        (
            '[[rules]]\nname = "x"\nany = ["a"]\n[[rules]]\nname = "x"\nany = ["b"]\n',
            'rules.toml:5: rules[x].name: the rule "x" exists already',
        ),
        ("[[rules]\n", "rules.toml:1"),
    ],
)
def test_rules_with_errors_are_not_tried(run, rules, said):
    done = run(rules)
    assert (done.code, done.out) == (78, "")
    assert said in done.err


def test_names_that_the_configuration_does_not_have_are_said(run):
    done = run('[[rules]]\nname = "x"\nany = ["Odesa"]\nchannels = ["pager"]\nfeeds = ["tag:none", "delta"]\n', "--json")
    assert "the configuration has no channel pager" in done.err
    assert "the configuration names no feed tag:none" in done.err
    assert one(done, "x")["reasons"]["tried"].keys() <= {"no_channel"}
