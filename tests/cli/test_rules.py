"""``watcher rules list`` and ``test``, and marks on alerts."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.desk import HOOK, Desk, entry, feed
from watcher import store
from watcher.store import Store

WAR, SPORT = "https://war.example/rss", "https://sport.example/rss"
RULES = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot", "Петріот*"]
requires = ["missile*", "battery"]
rejects = ["NFL"]
[[rules]]
name = "patriot"
query = '@patriot AND Kyiv'
feeds = ["tag:war"]
channels = ["desk"]
severity = "high"
[[rules]]
name = "shells"
any = ["shells"]
channels = []
[[rules]]
name = "idle"
any = ["unheard"]
"""
TEXT = "Germany sends a third Patriot battery to Kyiv."


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    text = feed("War", WAR, tags=["war"]) + feed("Sport", SPORT) + RULES + HOOK.format("desk", "desk")
    return Desk(tmp_path, text)


@pytest.fixture
def watcher(cli, desk):
    return lambda *arguments: cli("-c", desk.path, *arguments)


def objects(done):
    return [json.loads(line) for line in done.out.splitlines()]


# --- list ---------------------------------------------------------------------------------------------------------------


def test_hits_are_counted_in_their_spans_and_alerts_beside_matches(watcher, desk):
    desk.poll(WAR, entry("1", "Kyiv", TEXT), entry("2", "Shells", "shells"), entry("3", "More shells", "Many more shells are made today"))
    desk.read()
    with Store.open(desk.config.database) as database:
        old = database.clock() - timedelta(days=10)
        matches = store.schema.matches

        def age(conn):
            third = store.entries.find(conn, "https://example.org/3")["id"]
            conn.execute(matches.update().where(matches.c.entry_id == third).values(matched_at=old))

        database.write_now(age)
    found = {row["rule"]: row for row in objects(watcher("rules", "list", "--json"))}
    assert (found["patriot"]["matched"], found["patriot"]["alerted"]) == ({"1d": 1, "7d": 1, "30d": 1}, {"1d": 1, "7d": 1, "30d": 1})
    assert (found["shells"]["matched"], found["shells"]["alerted"]) == ({"1d": 1, "7d": 1, "30d": 2}, {"1d": 0, "7d": 0, "30d": 0})
    assert found["idle"]["last_hit"] is None
    assert (found["patriot"]["feeds"], found["shells"]["feeds"]) == (["War"], ["War", "Sport"])
    assert [row["rule"] for row in objects(watcher("rules", "list", "--sort", "matched", "--json"))] == ["shells", "patriot", "idle"]
    assert [row["rule"] for row in objects(watcher("rules", "list", "--sort", "last", "--json"))][2] == "idle"
    assert [row["rule"] for row in objects(watcher("rules", "list", "--quiet", "--json"))] == ["idle"]
    shown = watcher("rules", "list").out
    assert "1 of 2" in shown
    assert "2 (0 told)" in shown
    assert [row["blind"] for row in objects(watcher("rules", "list", "--json"))] == [[], [], []]


def test_without_a_database_rules_are_listed_all_the_same(cli, tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "w.toml").write_text(f"[watcher]\ninclude = []\n{RULES}{HOOK.format('desk', 'desk')}{feed('War', WAR, tags=['war'])}")
    done = cli("-c", tmp_path / "w.toml", "rules", "list")
    assert (done.code, "patriot" in done.out, "no hits are known" in done.err) == (0, True, True)


# --- test ---------------------------------------------------------------------------------------------------------------


def test_a_text_shows_each_clause_and_who_would_be_told(watcher):
    done = watcher("rules", "test", TEXT)
    assert done.code == 0
    assert '✓ @patriot: "Patriot" (body 22–29)' in done.out
    assert "would alert: patriot (high) → desk (its `feeds` are set aside: --feed)" in done.out
    assert "✗ shells" in done.out


def test_no_match_exits_1_and_says_why(watcher):
    done = watcher("rules", "test", "The Patriot of the NFL in Kyiv", "--rule", "patriot")
    assert (done.code, "no rule matches (1 tried)" in done.out) == (1, True)
    assert '"NFL" rejects it' in done.out


def test_as_if_from_a_feed_the_rules_feeds_count(watcher):
    assert watcher("rules", "test", TEXT, "--feed", "War").code == 0
    done = watcher("rules", "test", TEXT, "--feed", SPORT)
    assert (done.code, "✗ feeds = tag:war" in done.out) == (1, True)
    assert watcher("rules", "test", TEXT, "--feed", "Nobody").code == 1


def test_a_rule_without_channels_would_tell_nobody(watcher):
    assert "would alert: shells (normal) → no channel" in watcher("rules", "test", "shells").out


@pytest.mark.parametrize(
    ("name", "content", "matched"),
    [
        ("a.txt", TEXT, ["patriot"]),
        ("a.html", f"<html><body><article><h1>News</h1><p>{TEXT}</p><p>{'More of it. ' * 60}</p></article></body></html>", ["patriot"]),
        ("a.jsonl", json.dumps({"title": "Shells", "text": "x"}) + "\n" + json.dumps({"text": "y"}) + "\n", ["shells", None]),
    ],
)
def test_files_are_read_as_what_they_are(name, content, matched, watcher, tmp_path):
    (tmp_path / name).write_text(content)
    done = watcher("rules", "test", tmp_path / name, "--json")
    assert [next((m["rule"] for m in found["matches"]), None) for found in objects(done)] == matched
    assert done.code == 0


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"<html lang=en><body><article><h1>News</h1><p>{TEXT}</p><p>{'More of it. ' * 60}</p></article></body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_a_page_is_fetched_through_the_guarded_client_and_extracted(cli, watcher, desk, tmp_path):
    with HTTPServer(("127.0.0.1", 0), Page) as http:
        thread = Thread(target=http.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{http.server_port}/page"
        refused = watcher("rules", "test", url)
        text = desk.path.read_text() + '[fetch]\nallow_private = ["127.0.0.0/8"]\n'
        (tmp_path / "open.toml").write_text(text)
        done = cli("-c", tmp_path / "open.toml", "rules", "test", url, "--json")
        http.shutdown()
        thread.join()
    assert (refused.code, refused.out) == (1, "")
    assert "127.0.0.1" in refused.err
    (found,) = objects(done)
    assert ([match["rule"] for match in found["matches"]], found["language"]) == (["patriot"], "en")


def test_rules_of_other_files_are_tried_without_a_configuration(cli, tmp_path):
    (tmp_path / "r.toml").write_text('[[rules]]\nname = "kyiv"\nquery = "Kyiv"\n')
    (found,) = objects(cli("rules", "test", "--rules", tmp_path / "r.toml", "--json", TEXT))
    assert [(match["rule"], match["channels"]) for match in found["matches"]] == [("kyiv", None)]


@pytest.mark.parametrize("arguments", [["  "], ["x", "--rule", "patriots"], ["{folder}"], ["{broken}"], ["{binary}"], ["{pdf}"]])
def test_what_cannot_be_tried_is_said_in_a_line(arguments, watcher, tmp_path):
    (tmp_path / "broken.jsonl").write_text('{"text": 3}\n')
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    names = {"folder": tmp_path, "broken": tmp_path / "broken.jsonl", "binary": tmp_path / "binary", "pdf": tmp_path / "damaged.pdf"}
    done = watcher("rules", "test", *(argument.format(**names) for argument in arguments))
    assert done.code in (1, 2)
    assert done.out == ""
    assert "Traceback" not in done.err


def test_a_long_or_odd_text_is_a_text(watcher):
    assert watcher("rules", "test", "shells " * 1000).code == 0
    assert watcher("rules", "test", "shells http://example.org/").code == 0


# --- marks --------------------------------------------------------------------------------------------------------------


def test_alerts_are_marked_listed_by_mark_and_unmarked(watcher, desk):
    desk.poll(WAR, entry("1", "Kyiv", TEXT))
    desk.read()
    (alert,) = desk.alerts()
    assert watcher("alerts", "mark", alert[:8], "noise", "--note", "old news", "--author", "eva").code == 0
    (listed,) = objects(watcher("alerts", "list", "--json", "--marked", "noise"))
    assert (listed["mark"]["verdict"], listed["mark"]["note"], listed["mark"]["author"]) == ("noise", "old news", "eva")
    assert "marked noise by eva" in watcher("alerts", "show", alert).out
    assert objects(watcher("alerts", "list", "--json", "--marked", "useful")) == []
    watcher("alerts", "mark", alert, "useful")
    assert objects(watcher("alerts", "show", alert, "--json"))[0]["mark"]["verdict"] == "useful"
    watcher("alerts", "mark", alert, "none")
    assert objects(watcher("alerts", "show", alert, "--json"))[0]["mark"] is None
    assert len(objects(watcher("alerts", "list", "--json", "--marked", "none"))) == 1


def test_what_is_no_alert_is_not_marked(watcher, desk):
    assert watcher("alerts", "mark", "nothing", "noise").code == 1
    assert watcher("alerts", "mark", "nothing", "boring").code == 2


# --- import -------------------------------------------------------------------------------------------------------------


def test_queries_of_others_become_a_file_of_rules_that_loads(child, tmp_path):
    (tmp_path / "queries.txt").write_text('apple NEAR watch\n\ntitle:"it\'s" AND country:us\n"a\tb" AND c\'s\n')
    done = child("rules", "import", "--from", "meltwater", tmp_path / "queries.txt", "--name", "press")
    assert done.code == 1
    assert f"{tmp_path / 'queries.txt'}:3: country:us has no equivalent" in done.err
    assert "2 of 3 converted" in done.err
    (tmp_path / "imported.toml").write_text(done.out)
    from watcher import config

    rules, _, _ = config.load_rules([tmp_path / "imported.toml"])
    assert [(rule.name, rule.query) for rule in rules] == [("press-1", "apple NEAR/5 watch"), ("press-3", '"a\tb" AND c\'s')]


def test_one_query_over_several_lines_is_taken_whole(child):
    refused = child("rules", "import", "--from", "brandwatch", "--json", stdin="(a OR\nb)")
    assert [json.loads(line)["error"] is None for line in refused.out.splitlines()] == [False, False]
    done = child("rules", "import", "--from", "brandwatch", "--whole", "--json", stdin="(a OR\nb)")
    assert (done.code, json.loads(done.out)["query"], json.loads(done.out)["name"]) == (0, "a OR b", "brandwatch")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [(["--from", "meltwater"], "", 1), (["--from", "lexis"], "a", 2), ([], "a", 2), (["--from", "freshrss"], b"\xff", 1)],
)
def test_what_is_no_file_of_queries_is_said_in_a_line(arguments, stdin, code, child):
    done = child("rules", "import", *arguments, stdin=stdin)
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err


# --- suggest ------------------------------------------------------------------------------------------------------------


def stream(desk, watcher, *, noise=9, useful=9):
    """Alerts of football and of war, each in a story of its own, marked as what they are."""
    desk.poll(SPORT, *(entry(f"f{n}", f"Patriot touchdown {n} of {n * 7}", f"battery {n} Kyiv touchdown {n * 13}") for n in range(noise)))
    desk.read()
    football = desk.alerts()
    desk.poll(WAR, *(entry(f"w{n}", f"Patriot missiles {n} of {n * 11}", f"missile {n} Kyiv radar {n * 17}") for n in range(useful)))
    desk.read()
    for alert in desk.alerts():
        assert watcher("alerts", "mark", alert, "noise" if alert in football else "useful").code == 0


@pytest.fixture
def marked(tmp_path, monkeypatch, cli):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    alone = RULES.replace("'@patriot AND Kyiv'", "'@patriot'").replace('feeds = ["tag:war"]\n', 'repeat = "always"\n')
    desk = Desk(tmp_path, feed("War", WAR, tags=["war"]) + feed("Sport", SPORT) + alone + HOOK.format("desk", "desk"))

    def watcher(*arguments):
        return cli("-c", desk.path, *arguments)

    return desk, watcher


def test_marked_alerts_become_a_patch_that_loads_and_helps(marked):
    desk, watcher = marked
    stream(desk, watcher)
    (found,) = objects(watcher("rules", "suggest", "patriot", "--json"))
    assert (found["useful"], found["noise"], found["missing"]) == (9, 9, "")
    proposal = next(each for each in found["proposals"] if each["kind"] == "exclude")
    assert proposal["recommended"]
    assert (proposal["marked"]["precision"], proposal["marked"]["precision_after"], proposal["marked"]["useful_lost"]) == (0.5, 1.0, 0)
    assert proposal["archive"]["matches"] == {"added": 0, "removed": 9, "kept": 9}
    assert proposal["archive"]["alerts"] == {"added": 0, "removed": 9, "kept": 9}
    assert all("touchdown" in title for title in proposal["archive"]["samples"])
    assert "[entities.patriot], for all rules that name it" in proposal["patch"]
    line = next(line for line in proposal["patch"].splitlines() if not line.startswith("#"))
    before = desk.path.read_text()
    desk.path.write_text(before.replace('rejects = ["NFL"]', line))
    football = "Patriot touchdown and battery"
    assert [watcher("rules", "test", text, "--rule", "patriot").code for text in (football, "Patriot missiles")] == [1, 0]
    after = objects(watcher("rules", "suggest", "patriot", "--json"))[0]
    assert (after["noise"], after["no_longer_matched"], after["proposals"]) == (0, 9, [])
    sources = next(each for each in found["proposals"] if each["kind"] == "sources")
    assert sources["patch"].splitlines()[1:] == ["# - query = '@patriot'", "query = '@patriot NOT feed:Sport'"]


def test_suggestions_are_told_in_words_and_nothing_is_edited(marked):
    desk, watcher = marked
    stream(desk, watcher)
    before = desk.path.read_text()
    done = watcher("rules", "suggest", "patriot")
    assert done.code == 0
    assert "patriot: 9 alerts marked useful, 9 marked noise" in done.out
    assert "leave out what has one of these words" in done.out
    assert "marked alerts: precision 50% → 100%, noise 9 → 0, useful lost 0 of 9" in done.out
    assert "to expect on new ones: precision 50% → 100%" in done.out
    assert "the last 30d: 9 of 18 matches and 9 of 18 alerts would be gone, such as:" in done.out
    assert desk.path.read_text() == before


def test_too_few_marks_and_unknown_rules_are_said(marked):
    desk, watcher = marked
    stream(desk, watcher, noise=4)
    done = watcher("rules", "suggest", "patriot")
    assert (done.code, "expected at least 1 more marked noise" in done.out) == (1, True)
    done = watcher("rules", "suggest", "patriots")
    assert (done.code, "did you mean patriot?" in done.err) == (1, True)


def test_a_proposal_that_the_rules_own_sentences_contradict_is_not_made(marked):
    desk, watcher = marked
    stream(desk, watcher)
    guarded = desk.path.read_text().replace("query = '@patriot'\n", "query = '@patriot'\nmust_match = [\"Patriot battery\"]\n")
    desk.path.write_text(guarded)
    (found,) = objects(watcher("rules", "suggest", "patriot", "--json"))
    assert "context" not in [each["kind"] for each in found["proposals"]]


# --- lint ---------------------------------------------------------------------------------------------------------------

LINTED = """[terms]
many = [
  "shell*",
  "shells",
]
[[rules]]
name = "first"
any = [
  "ammunition",
  "AI",
]
must_match = ["ammunition"]
[[rules]]
name = "second"
query = "$many NOT shell*"
"""


def test_remarks_have_a_file_and_the_line_of_the_term(cli, tmp_path):
    (tmp_path / "r.toml").write_text(LINTED)
    done = cli("rules", "lint", "--rules", tmp_path / "r.toml", "--json")
    assert done.code == 0
    assert [(row["line"], row["code"], row["name"], row["text"]) for row in objects(done)] == [
        (4, "covered", "many", "shells"),
        (10, "short", "first", "AI"),
        (13, "untested", "second", None),
    ]
    shown = cli("rules", "lint", "--rules", tmp_path / "r.toml").out
    assert f'{tmp_path}/r.toml:4: terms many: "shells" is found by "shell*" anyway; leave it out [covered]' in shown
    assert "3 remarks" in shown


def test_strict_exits_1_for_any_remark_that_is_not_ignored(cli, tmp_path):
    (tmp_path / "r.toml").write_text(LINTED)
    assert cli("rules", "lint", "--rules", tmp_path / "r.toml", "--strict").code == 1
    ignored = [part for code in ("covered", "short", "untested") for part in ("--ignore", code)]
    done = cli("rules", "lint", "--rules", tmp_path / "r.toml", "--strict", *ignored)
    assert (done.code, done.out) == (0, "nothing to remark\n")
    assert cli("rules", "lint", "--rules", tmp_path / "r.toml", "--ignore", "untestd").code == 2


def test_what_check_warns_of_is_among_the_remarks(watcher, desk):
    desk.path.write_text(desk.path.read_text() + '\n[[rules]]\nname = "odd"\nquery = "a1 NOT a1"\nmust_not_match = ["x"]\n')
    rows = objects(watcher("rules", "lint", "--json"))
    (never,) = [row for row in rows if row["code"] == "warning"]
    assert "never hold" in never["message"]
    assert never["line"] == desk.path.read_text().split("\n").index('query = "a1 NOT a1"') + 1


def test_a_configuration_that_does_not_load_cannot_be_reviewed(cli, tmp_path):
    (tmp_path / "r.toml").write_text('[[rules]]\nname = "r"\nquery = "(a"\n')
    assert cli("rules", "lint", "--rules", tmp_path / "r.toml").code == 78
