"""``watcher search``: what the rules would match is what is found, with an index and without."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.desk import HOOK, Desk, entry, feed
from tests.rules import test_naive
from tests.store.conftest import postgres_server  # noqa: F401  a fixture
from watcher import rules
from watcher.cli import lookback, main
from watcher.daemon import indexer
from watcher.model import Rule
from watcher.rules import clues
from watcher.store import Store, archive, fulltext

WAR, SPORT = "https://war.example/rss", "https://sport.example/rss"
RULES = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot", "Петріот*"]
requires = ["missile*", "battery"]
[terms]
places = ["Kyiv", "Київ"]
[[rules]]
name = "missiles"
query = '@patriot AND $places'
"""


def index(desk: Desk) -> None:
    """What the daemon does in the background."""
    with Store.open(desk.config.database) as database, closing(fulltext.open_index(database, version=clues.VERSION, create=True)) as found:
        while indexer.step(database, found):
            pass


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    found = Desk(tmp_path, feed("War", WAR, tags=["war"]) + feed("Sport", SPORT) + RULES + HOOK.format("desk", "desk"))
    found.poll(
        WAR,
        entry("1", "A third battery", "Germany sends a Patriot battery to Kyiv.\nIt is the third."),
        entry("2", "岸田首相がキーウを訪問", "日本の岸田首相は、ウクライナを訪問した。"),
        entry("3", "Літаки", "F‑16 прибули до Києва.", author="О. Шевченко"),
    )
    found.read()
    found.poll(SPORT, entry("4", "Patriots win", "The Patriots beat the Jets 24-3."))
    found.read()
    return found


@pytest.fixture(params=[True, False], ids=["indexed", "not indexed"])
def watcher(cli, desk, request):
    if request.param:
        index(desk)
    return lambda *arguments: cli("-c", desk.path, *arguments)


def titles(done):
    return [json.loads(line)["title"] for line in done.out.splitlines()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Patriot", ["A third battery"]),
        ("patriot*", ["Patriots win", "A third battery"]),
        ("岸田", ["岸田首相がキーウを訪問"]),
        ("訪", ["岸田首相がキーウを訪問"]),
        ("キーウ AND 首相", ["岸田首相がキーウを訪問"]),
        ("F-16", ["Літаки"]),
        ("f16", ["Літаки"]),
        ("author:шевченко", ["Літаки"]),
        ("url:example.org AND прибули", ["Літаки"]),
        ("Germany NEAR/4 battery", ["A third battery"]),
        ("@patriot AND $places", ["A third battery"]),
        ("%missiles", ["A third battery"]),
        ("patriot* NOT feed:War", ["Patriots win"]),
        ("tag:war AND NOT (岸田 OR прибули)", ["A third battery"]),
        (r"/J\w+s 2\d/", ["Patriots win"]),
        ("case:PATRIOT", []),
        ('"battery to Kyiv"', ["A third battery"]),
        ("*riots", ["Patriots win"]),
    ],
)
def test_the_language_of_rules(watcher, query, expected):
    done = watcher("search", query, "--json")
    assert titles(done) == expected
    assert done.code == (0 if expected else 1)


def test_one_hit_says_where_and_why(watcher):
    (line,) = watcher("search", "岸田", "--json").out.splitlines()
    found = json.loads(line)
    assert {"id", "title", "url", "feed", "author", "language", "published", "first_seen", "story", "evidence"} == found.keys()
    assert found["feed"] == "War"
    assert [(e["field"], e["start"], e["end"], e["text"]) for e in found["evidence"]] == [("title", 0, 2, "岸田"), ("body", 3, 5, "岸田")]
    assert found["evidence"][1]["sentence"] == "日本の岸田首相は、ウクライナを訪問した。"


def test_for_people_the_sentence_stands_below_the_headline(watcher):
    out = watcher("search", "Kyiv").out
    assert "War  A third battery" in out
    assert "https://example.org/1  (watcher why " in out
    assert "  Germany sends a Patriot battery to Kyiv." in out


def test_limits_feeds_and_time(watcher, desk):
    assert titles(watcher("search", "patriot*", "-n", "1", "--json")) == ["Patriots win"]
    assert titles(watcher("search", "patriot*", "--feed", "tag:war", "--json")) == ["A third battery"]
    assert titles(watcher("search", "patriot*", "--feed", "Sport", "--json")) == ["Patriots win"]
    assert titles(watcher("search", "patriot*", "--since", "1h", "--json")) == ["Patriots win", "A third battery"]
    with closing(sqlite3.connect(desk.path.with_name("watcher.db"))) as database:
        database.execute("UPDATE articles SET added_at = added_at - ? WHERE seq <= 3", (timedelta(days=2) // timedelta(microseconds=1),))
        database.commit()
    assert titles(watcher("search", "patriot*", "--since", "1d", "--json")) == ["Patriots win"]


def test_word_forms_on_request(watcher):
    assert titles(watcher("search", "літак", "--json")) == []
    assert titles(watcher("search", "літак", "--inflect", "--json")) == ["Літаки"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("Patriot NEAR/x missile", "NEAR/x: x must be a number\n  Patriot NEAR/x missile\n               ^"),
        ("岸田 AND (首相", 'a "(" that is not closed: expected a ")"\n  岸田 AND (首相\n           ^'),
        ("@patriott", 'there is no entity "patriott"; did you mean patriot?\n  @patriott\n  ^'),
        ("$nowhere", 'there is no list of terms "nowhere"'),
        ("", "an empty query"),
        ("/(?=x)/", "lookahead"),
    ],
)
def test_a_query_that_is_wrong_is_pointed_at(watcher, query, said):
    done = watcher("search", query)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_what_cannot_be_asked_says_why(cli, watcher, desk, tmp_path):
    assert 'no feed is called "Wor"; did you mean War?' in watcher("search", "x", "--feed", "Wor").err
    assert watcher("search").code == 2
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "watcher.toml"
    other.write_text("[watcher]\ninclude = []\n")
    done = cli("-c", other, "search", "x")
    assert done.code == 1
    assert "there is no database yet; `watcher run` creates it" in done.err
    other.write_text('[watcher]\ninclude = []\n[[rules]]\nname = "x"\nquery = "("\n')
    assert cli("-c", other, "search", "@x").code == 78


def test_a_plain_query_needs_no_sound_configuration(watcher, desk):
    """A daemon may run on it while its file is being edited."""
    desk.path.write_text(desk.path.read_text() + "[[rules]]\nname = 7\n")
    assert titles(watcher("search", "Patriot", "--json")) == ["A third battery"]
    assert watcher("search", "@patriot").code == 78


def test_an_empty_archive_finds_nothing(cli, tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    empty = Desk(tmp_path, feed("War", WAR))
    done = cli("-c", empty.path, "search", "Patriot")
    assert (done.code, done.out) == (1, "nothing found\n")


def test_an_index_that_is_broken_costs_time_only(cli, desk):
    index(desk)
    desk.path.with_name("watcher.db.search").write_bytes(b"rubbish " * 1000)
    assert titles(cli("-c", desk.path, "search", "Patriot", "--json")) == ["A third battery"]


def test_making_the_index_anew(child, desk):
    """By command, on all cores; then the rest of many articles is found through it, and what came later beside it."""
    desk.poll(SPORT, *(entry(f"m{n}", f"Match {n}", f"Goal number {n} in the {'final' if n == 7 else 'league'}.") for n in range(400)))
    desk.read()
    found = child("-c", desk.path, "search", "final", "--json")
    assert titles(found) == ["Match 7"]
    done = child("-c", desk.path, "search", "--reindex")
    assert done.code == 0
    assert "404 articles indexed" in done.out
    desk.poll(SPORT, entry("late", "Late", "The final again."))
    desk.read()
    assert titles(child("-c", desk.path, "search", "final", "--json")) == ["Late", "Match 7"]
    assert titles(child("-c", desk.path, "search", "goal NOT league", "--reindex", "--json")) == ["Match 7"]
    with Store.open(desk.config.database) as database, closing(fulltext.open_index(database, version=clues.VERSION, create=False)) as made:
        assert made.mark() == 405


# --- searching is matching ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def random_archive(request, tmp_path_factory):
    rng = random.Random(11)
    database = "sqlite:///watcher.db"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_server").create("search")

    def text(most):
        return "".join(rng.choice([*test_naive.WORDS, *test_naive.GLUE]) for _ in range(rng.randint(1, most)))

    found = Desk(tmp_path_factory.mktemp("archive"), feed("War", WAR), database=database)
    found.poll(WAR, *(entry(f"r{n}", text(4).strip() or "x", text(14)) for n in range(120)))
    found.read()
    index(found)
    found.poll(WAR, *(entry(f"s{n}", text(4).strip() or "x", text(14)) for n in range(30)))
    found.read()
    return found


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(test_naive.queries, test_naive.term))
def test_searching_finds_what_matching_finds(random_archive, capfd, node):
    """On a random archive of which a part is indexed: exactly the articles that a rule of this query matches, newest first."""
    capfd.readouterr()
    main.execute(["-c", str(random_archive.path), "search", str(node), "--json", "-n", "1000"])
    shown = [json.loads(line)["id"] for line in capfd.readouterr().out.splitlines()]
    book = rules.compile([Rule(name="r", query=str(node))])
    with Store.open(random_archive.config.database) as database:
        rows = database.read_now(lambda conn: archive.onward(conn, low=1, high=10**9, limit=10**6))
    feeds = {each.url: each for each in random_archive.config.feeds}
    assert shown == [row.entry_id for row in reversed(rows) if book.match(lookback.article_of(row, feeds))]
