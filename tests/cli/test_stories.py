"""``watcher stories``: list, show, split, join, on a real database."""

from __future__ import annotations

import json

import pytest

from tests.daemon.test_stories import FIRE, OTHER, SAME_FIRE, Desk
from watcher.store import Store


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    (tmp_path / "watcher.toml").write_text('[watcher]\ndatabase = "sqlite:///watcher.db"\ninclude = []\n')
    return tmp_path


@pytest.fixture
def watcher(cli, place):
    return lambda *arguments: cli("-c", place / "watcher.toml", "stories", *arguments)


@pytest.fixture
def told(place):
    """Two reports of a fire, and one of something else: (story of the fire, the other one, its articles)."""
    with Store.open(f"sqlite:///{place / 'watcher.db'}") as store:
        desk = Desk(store)
        one, two, other = desk.read(FIRE, "a.example"), desk.read(SAME_FIRE, "b.example"), desk.read(OTHER, "c.example")
        return one.story.id, other.story.id, [settled.alerts[0].entry_id for settled in (one, two, other)]


def objects(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_before_the_first_run_there_is_no_story(watcher):
    done = watcher("list")
    assert done.code == 1
    assert "there is no database yet" in done.err


def test_list_names_the_stories_that_grew(watcher, told):
    fire, other, _ = told
    (row,) = objects(watcher("list", "--since", "20000d", "--json"))
    assert (row["id"], row["articles"], row["sources"], row["alerts"], row["title"]) == (fire, 2, 2, 2, FIRE[0])
    assert [row["id"] for row in objects(watcher("list", "--since", "20000d", "--articles", "1", "--json"))] == [other, fire]
    assert FIRE[0] in watcher("list", "--since", "20000d").out


def test_show_says_why_each_report_is_in_the_story(watcher, told):
    fire, _, (first, second, _) = told
    (found,) = objects(watcher("show", fire, "--json"))
    assert [row["basis"] for row in found["articles"]] == ["new", "event"]
    assert found["articles"][1]["near_id"] == first
    assert found["sources"] == ["a.example", "b.example"]
    shown = watcher("show", fire).out
    assert f"[{second}] Feed 0: {SAME_FIRE[0]} - the same event as {first}: chance " in shown
    assert "2 independent sources: a.example, b.example" in shown
    assert "by rule fires (update)" in shown


def test_split_and_join(watcher, told):
    fire, other, (_, second, _) = told
    (made,) = objects(watcher("split", second, "--json"))
    assert made["articles"] == [second]
    assert made["story"] not in (fire, other)
    assert objects(watcher("join", fire, made["story"], "--json")) == [{"story": fire, "moved": 1}]
    (found,) = objects(watcher("show", made["story"], "--json"))
    assert found["id"] == fire, "a story that was joined shows as the one that stayed"
    assert [row["basis"] for row in found["articles"]] == ["new", "hand"]
    assert "1 article of story" in watcher("join", fire, other).out


@pytest.mark.parametrize("arguments", [("show", 99), ("split", 99), ("join", 1, 99), ("join", 1, 1)])
def test_what_is_not_there_is_named(watcher, told, arguments):
    done = watcher(*arguments)
    assert (done.code, done.out) == (1, "")
    assert "watcher: " in done.err
    assert "unexpected" not in done.err
