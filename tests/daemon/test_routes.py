"""Where an article's alert goes: every condition of a route, through the real reader, from the poll to the delivery."""

from __future__ import annotations

import pytest

from tests.desk import HOOK, Desk, entry, feed
from watcher import store
from watcher.store import Store

WAR, SPORT = "https://war.example/rss", "https://sport.example/rss"
CHANNELS = ("desk", "arms", "war", "kyiv", "big", "loud", "late")
TEXT = "Officials said on Tuesday that the delivery of the ordered ammunition begins in spring, after two years of talks. "
UKRAINIAN = "Посадовці повідомили у вівторок, що постачання боєприпасів почнеться навесні після двох років переговорів. "
CONFIG = """
[entities.patriot]
name = "MIM-104 Patriot"
aliases = ["Patriot"]
[[rules]]
name = "news"
any = ["ammunition", "боєприпас*"]
channels = ["desk"]
repeat = "always"
[[rules]]
name = "patriot"
query = "@patriot"
channels = []
[[rules]]
name = "fire"
any = ["fire"]
severity = "urgent"
channels = ["desk"]
[[routes]]
match = { entity = ["patriot"] }
channels = ["arms"]
continue = true
[[routes]]
match = { tag = ["War"] }
channels = ["war"]
continue = true
[[routes]]
match = { language = ["uk"] }
channels = ["kyiv"]
continue = true
[[routes]]
match = { min_articles = 2, rule = ["news"] }
channels = ["big"]
continue = true
[[routes]]
match = { severity = ["urgent"] }
channels = ["loud"]
[[routes]]
match = { severity = ["urgent"] }
channels = ["late"]
"""


@pytest.fixture
def desk(tmp_path):
    return Desk(
        tmp_path, feed("War", WAR, tags=["war"]) + feed("Sport", SPORT) + CONFIG + "".join(HOOK.format(name, name) for name in CHANNELS)
    )


def told(desk):
    """(rule, channel) of every delivery, in order."""
    with Store.open(desk.config.database) as database:
        rows = database.read_now(lambda conn: store.history.listing(conn, limit=1000))
        rules = {alert.id: alert.rule for alert in database.read_now(lambda conn: store.alerts.listing(conn, limit=1000))}
    return {(rules[row["alert"]], row["channel"]) for row in rows}


@pytest.mark.parametrize(
    ("where", "title", "text", "expected"),
    [
        (SPORT, "Ammunition is on its way", TEXT, {("news", "desk")}),
        (SPORT, "Patriot crews trained abroad", "A Patriot crew went home.", {("patriot", "arms")}),
        (WAR, "Ammunition is on its way", TEXT, {("news", "desk"), ("news", "war")}),
        (SPORT, "Боєприпаси вже в дорозі", UKRAINIAN * 3, {("news", "desk"), ("news", "kyiv")}),
        (SPORT, "A fire in the port", "The fire was put out.", {("fire", "desk"), ("fire", "loud")}),
    ],
    ids=["none", "entity", "tag", "language", "severity, and the first that does not continue ends it"],
)
def test_a_route_adds_its_channels_where_its_condition_holds(desk, where, title, text, expected):
    desk.poll(where, entry("one", title, text))
    desk.read()
    assert told(desk) == expected


def test_a_story_that_grows_reaches_the_route_by_its_size(desk):
    """The first report goes to the rule's channel; the copy of it makes two articles, and that one goes to the route's too."""
    report = " ".join(f"Point {n} of the plan on ammunition was {n * 7} pages long." for n in range(40))
    desk.poll(SPORT, entry("one", "Ammunition is on its way", TEXT + report))
    desk.read()
    assert told(desk) == {("news", "desk")}
    desk.poll(WAR, entry("two", "Ammunition is on its way", TEXT + report))
    desk.read()
    assert told(desk) == {("news", "desk"), ("news", "war"), ("news", "big")}
