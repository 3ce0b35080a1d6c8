"""What the links in messages do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.factories import an_alert, planned
from watcher import store
from watcher.daemon import clicks
from watcher.store import Store

ID = an_alert(1).id


@pytest.fixture
def click(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/watcher.db") as database:
        now = database.clock()
        database.write_now(lambda conn: store.alerts.insert(conn, an_alert(1), [planned()]))

        def act(action, alert=ID, later=timedelta(0)):
            return database.write_now(lambda conn: clicks.act(conn, action, alert, "desk", now=now + later))

        act.read = database.read_now
        act.now = now
        yield act


def test_a_mark_is_kept_in_the_name_of_the_channels_reader_and_the_last_one_counts(click):
    click("noise")
    click("useful")
    mark = click.read(lambda conn: store.marks.of(conn, [ID]))[ID]
    assert (mark["verdict"], mark["author"]) == ("useful", "a reader of desk")


def test_an_acknowledgement_is_taken_once_and_says_who_was_first(click):
    assert "Nobody else will be called" in click("ack")
    assert "already, by a reader of desk" in click("ack")


def test_a_link_silences_a_rule_for_a_day_and_only_once(click):
    assert click("silence").startswith("Rule r is silent until ")
    (silence,) = click.read(lambda conn: store.silences.in_force(conn, now=click.now))
    assert (silence.rule, silence.until_at) == ("r", click.now + timedelta(days=1))
    assert "before" in click("silence")
    assert "before" in click("silence", later=timedelta(days=3))
    assert len(click.read(store.silences.everything)) == 1


def test_an_alert_that_is_no_longer_kept_is_none(click):
    assert click("ack", "0" * 32) is None
