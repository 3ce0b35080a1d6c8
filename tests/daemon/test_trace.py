"""What ``why`` says of an entry is what the daemon did with it: every entry of a run, every reason there is."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
import structlog

from tests.desk import HOOK, Desk, entry, feed
from watcher import rules, store
from watcher.cli import main, verdict
from watcher.model import Alias, Entity, MatchInput, Reason, Rule
from watcher.store import Store

WAR, SPORT, WIRE = "https://war.example/rss", "https://sport.example/rss", "https://wire.example/rss"
LONG = "Germany will send a third Patriot battery to Kyiv with ninety interceptor missiles, the ministry of defence said on Tuesday in Berlin. "
LONG += " ".join(f"Point {n} of the plan was {n * 7} pages long." for n in range(60))  # long enough to tell a copy from another report
OTHER = (
    "Kyiv is to get one more Patriot from the stocks of the Bundeswehr in spring, officials in the capital confirmed to reporters; it comes "
    "with 64 missiles and a radar, and crews have been training for it in Poland since the autumn of last year."
) + " ".join(f" Crew {n} had {n * 3} weeks at the range in Zamość." for n in range(60))
RULES = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot", "Петріот*"]
requires = ["missile*", "battery"]
rejects = ["NFL"]
[[rules]]
name = "patriot"
query = '@patriot AND Kyiv'
[[rules]]
name = "quiet"
any = ["Patriot"]
updates = "none"
channels = ["desk"]
[[rules]]
name = "muted"
any = ["ministry"]
[[rules]]
name = "seldom"
any = ["missiles", "touchdown"]
limit = "1/h"
repeat = "always"
[[rules]]
name = "sure"
any = ["Kyiv"]
sources = 2
[[rules]]
name = "nowhere"
any = ["Berlin"]
channels = []
[[rules]]
name = "english"
any = ["Patriot", "touchdown"]
feeds = ["tag:sport"]
languages = ["en"]
[[routes]]
match = { rule = ["quiet"] }
channels = ["phone"]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which everything happens once, and what the daemon logged of each decision."""
    path = tmp_path_factory.mktemp("desk")
    text = feed("War", WAR, tags=["war"]) + feed("Sport", SPORT, tags=["sport"]) + feed("", WIRE).replace('name = ""\n', "") + RULES
    desk = Desk(path, text + HOOK.format("desk", "desk") + HOOK.format("phone", "phone"))
    desk.poll(WAR, entry("old", "Old news of the Patriot", LONG), baseline=True)
    with Store.open(desk.config.database) as database:
        now = database.clock()
        values = {"until_at": now + timedelta(hours=1), "author": "eva", "comment": "summit"}
        database.write_now(lambda conn: store.silences.add(conn, now=now, rule="muted", **values))
    decided = []
    for polled in (
        [(WAR, entry("lead", "Berlin sends a third Patriot battery to Kyiv", LONG, url="https://war.example/lead?utm_source=rss"))],
        [(WIRE, entry("copy", "Third Patriot", LONG, url="https://wire.example/copy"))],
        [(WIRE, entry("other", "Berlin sends a third Patriot battery to Kyiv", OTHER, url="https://wire.example/other"))],
        [
            (
                SPORT,
                entry("nfl", "The Patriot scores a touchdown", "The NFL saw a touchdown of a Patriot today, and nothing else to tell of."),
            )
        ],
        [(SPORT, entry("none", "Nothing that anyone asked for", "A quiet day without any news at all."))],
    ):
        for url, each in polled:
            desk.poll(url, each, title="The Wire" if url == WIRE else "")
        with structlog.testing.capture_logs() as logged:
            desk.read()
        decided += [line for line in logged if line["event"] == "match.decided"]
    desk.poll(SPORT, entry("waiting", "Not read yet"))
    return desk, decided


def ask(desk, capfd, *arguments):
    code = main.execute(["-c", str(desk.path), *arguments])
    out, err = capfd.readouterr()
    return code, out, err


def every_entry(desk):
    with Store.open(desk.config.database) as database:
        return [row.id for row in database.read_now(lambda conn: conn.execute(store.schema.entries.select()).all())]


def test_why_says_of_every_entry_what_was_done(run, capfd):
    desk, decided = run
    of_urls = {}
    for line in decided:
        of_urls.setdefault(line["url"], {})[line["rule"]] = line["reason"]
    seen = set()
    for number in every_entry(desk):
        code, out, _ = ask(desk, capfd, "why", str(number), "--json")
        facts = json.loads(out)
        assert code == 0
        then = {match["rule"]: match["reason"] for match in facts["matches"]}
        assert then == of_urls.get(facts["url"], {}), facts["title"]
        assert facts["changed"] == []
        for match in facts["matches"]:
            assert match["holds_now"] is True
            assert bool(match["alert"]) is Reason(match["reason"]).tells
            assert bool(match["deliveries"]) is bool(match["alert"])
            assert [each["because"] is not None for each in match["deliveries"]] == [True] * len(match["deliveries"])
        seen |= set(then.values()) | {facts["status"]}
        for rule in desk.config.rules:
            code, out, _ = ask(desk, capfd, "why-not", str(number), rule.name, "--json")
            explained = json.loads(out)
            if facts["status"] == "done":
                assert explained["now"]["holds"] is (rule.name in then)
            assert (explained["then"] or {}).get("reason") == then.get(rule.name)
    told = {reason.value for reason in Reason} - {
        "notice",
        "backfill",
        "edited",
    }  # a notice has no entry; what a feed had at first is not read at all; an edit is told of an article, not of a match
    assert seen == told | {"done", "known", "new"}


def test_every_reason_has_words():
    assert set(verdict.REASONS) == {reason.value for reason in Reason} - {"notice", "edited"}


@pytest.mark.parametrize(
    "wanted",
    [
        "https://war.example/lead?utm_source=rss",  # as the feed has it
        "https://war.example/lead",
        "http://www.war.example/lead/?utm_campaign=x#top",
        "https://m.war.example/lead?fbclid=1",
    ],
)
def test_an_address_is_found_with_and_without_what_tracks(wanted, run, capfd):
    code, out, err = ask(run[0], capfd, "why", wanted, "--json")
    assert code == 0, err
    assert json.loads(out)["title"] == "Berlin sends a third Patriot battery to Kyiv"


def test_an_entry_that_was_never_read_is_found_without_its_parameters_too(run, capfd):
    run[0].poll(WAR, entry("tracked", "Tracked", url="https://war.example/2026/tracked?utm_medium=rss&id=7"))
    assert ask(run[0], capfd, "why", "https://war.example/2026/tracked?id=7")[0] == 0
    assert ask(run[0], capfd, "why", "https://war.example/2026/tracked?id=8")[0] == 1
    assert ask(run[0], capfd, "why", "https://war.example/2026/")[0] == 1


def test_a_lead_is_told_in_words(run, capfd):
    _, out, _ = ask(run[0], capfd, "why", "https://war.example/lead")
    assert "feed: War; without a date, first seen " in out
    assert f"text: {len(LONG)} characters of the feed, language en" in out
    assert "story 1: opened by it; 2 more articles since" in out
    assert "rule patriot: told, alert " in out
    assert '✓ @patriot: "Patriot" (title 21–28), "Patriot" (body 26–33)' in out
    assert '@patriot: "Patriot" (body 26–33) is meant: beside "battery", "missiles"' in out
    assert "desk (all channels): due after 0 attempts" in out
    assert "phone (route 1): due after 0 attempts" in out
    assert "rule muted: not told: silenced (silence 1 by eva until " in out
    assert "rule english: did not match: its feeds = tag:sport" in out


def test_rules_that_did_not_match_say_what_they_lack(run, capfd):
    _, out, _ = ask(run[0], capfd, "why", "https://example.org/none")
    assert "rule patriot: did not match: no @patriot (no alias found)" in out
    assert "rule seldom: did not match: none of missiles, touchdown" in out
    assert "✗" not in out
    _, out, _ = ask(run[0], capfd, "why", "https://example.org/none", "--all")
    assert "  ✗ any of" in out
    assert "    ✗ touchdown" in out


@pytest.mark.parametrize(
    ("query", "lacks"),
    [
        ("a1 b1", "no b1"),
        ("x1 OR y1 OR z1 OR w1 OR v1", "none of x1, y1, z1, w1 …"),
        ("a1 NOT b2", "has b2"),
        ("NOT (q1 OR (a1 b2))", "has a1"),
        ("@p", "no @p (1 left out: none of the required terms in the article)"),
        ("a1 NEAR/1 b2", "NEAR/1: a1 and b2 stand too far apart"),
        ("a1 NEAR/2 zz", "NEAR/2: no zz"),
        ("ATLEAST/3 (a1)", "ATLEAST/3 (1 found)"),
        ("%other a1", "no q1"),
    ],
)
def test_what_a_rule_lacks_is_said_in_a_few_words(query, lacks):
    entities = [Entity(id="p", name="P", aliases=(Alias(text="Patriot"),), requires=("missile",))]
    book = rules.compile([Rule(name="r", query=query), Rule(name="other", query="q1")], entities)
    trace = book.explain(MatchInput(text="a1 and so on b2 Patriot"), "r")
    assert not trace.holds
    assert verdict.objection(dataclasses.asdict(trace)) == lacks


def test_a_copy_names_what_it_repeats(run, capfd):
    _, out, _ = ask(run[0], capfd, "why", "https://wire.example/copy")
    assert "a copy of entry 2 (War: Berlin sends a third Patriot battery to Kyiv): the same text (100% of it)" in out
    assert "rule patriot: not told: it had been told already (a copy of article 2; the story is alert " in out


def test_why_not_shows_the_clause_the_context_and_the_scope(run, capfd):
    _, out, _ = ask(run[0], capfd, "why-not", "https://example.org/nfl", "patriot")
    assert "when it was read: the rule did not match" in out
    assert '✗ @patriot [3 left out: "NFL" rejects it]' in out or '✗ @patriot [2 left out: "NFL" rejects it]' in out
    assert '@patriot: "Patriot" (title 4–11) is not meant: "NFL" rejects it' in out
    _, out, _ = ask(run[0], capfd, "why-not", "https://war.example/lead", "english")
    assert "✗ feeds = tag:sport" in out
    assert "the rule's `feeds` leave this entry out" in out


def test_what_was_only_recorded_or_waits_says_so(run, capfd):
    assert "it was recorded and not read" in ask(run[0], capfd, "why", "https://example.org/old")[1]
    assert "status: not read yet; due " in ask(run[0], capfd, "why", "https://example.org/waiting")[1]
    assert "its clauses cannot be tried: there is no text" in ask(run[0], capfd, "why-not", "https://example.org/waiting", "patriot")[1]


def test_what_was_never_seen_exits_1_and_tells_of_its_site(run, capfd):
    code, out, err = ask(run[0], capfd, "why", "https://war.example/else")
    assert (code, out) == (1, "")
    assert "its site has the feed War (https://war.example/rss): last polled " in err
    code, _, err = ask(run[0], capfd, "why-not", "https://nobody.example.net/x", "patriot")
    assert (code, "no configured feed is on its site" in err) == (1, True)
    assert ask(run[0], capfd, "why", "99999")[0] == 1
    for odd in ("", "no link", "http://[::1", "https://", "%00", "-1", "ftp://x/y"):
        code, out, err = ask(run[0], capfd, "why", "--", odd)
        assert (code, out) == (1, "")
        assert "unexpected" not in err
    assert ask(run[0], capfd, "why", "9" * 40)[0] == 1
    code, _, err = ask(run[0], capfd, "why-not", "https://war.example/lead", "patriots")
    assert (code, "did you mean patriot?" in err) == (1, True)


def test_a_rule_that_was_changed_since_is_shown_beside_what_was_decided(run, capfd, tmp_path):
    changed = tmp_path / "changed.toml"
    text = run[0].path.read_text().replace("'@patriot AND Kyiv'", "'Paris'").replace('any = ["Berlin"]', 'any = ["Tuesday"]')
    text = text.replace('any = ["Patriot", "touchdown"]\nfeeds = ["tag:sport"]', 'any = ["Germany"]')
    changed.write_text(text.replace("sqlite:///", f"sqlite:///{run[0].path.parent}/"))
    main.execute(["-c", str(changed), "why", "https://war.example/lead", "--json"])
    facts = json.loads(capfd.readouterr().out)
    by_rule = {match["rule"]: match for match in facts["matches"]}
    assert (by_rule["patriot"]["holds_now"], by_rule["patriot"]["reason"]) == (False, "first_seen")
    assert [rule["rule"] for rule in facts["changed"]] == ["english"]
    main.execute(["-c", str(changed), "why", "https://war.example/lead"])
    out = capfd.readouterr().out
    assert "the rule has changed since, and does not match any more; then it found:" in out
    assert "rule english: it did not match when this was read, and does now" in out


def test_without_a_configuration_that_loads_the_decisions_are_told_all_the_same(run, capfd, tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text(run[0].path.read_text().replace("sqlite:///", f"sqlite:///{run[0].path.parent}/") + "\nnonsense = 1\n")
    code = main.execute(["-c", str(broken), "why", "https://war.example/lead"])
    out, err = capfd.readouterr()
    assert (code, "rule patriot: told" in out, "the configuration does not load" in err) == (0, True, True)
