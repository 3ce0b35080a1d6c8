"""Marks on alerts, and the counts of what rules matched."""

from __future__ import annotations

from datetime import timedelta

from tests.store.factories import LONG, NOW, an_alert, later, read, some_entries
from watcher.model import Decision, Evidence, Match, Reason
from watcher.store import alerts, hits, marks, retention

FOUND = Match(rule="r", evidence=(Evidence(field="title", start=0, end=1, text="A", term="a"),))


def told(conn, number=2):
    """A rule that matched so many articles and told each."""
    for n, claimed in enumerate(some_entries(conn, number), 1):
        decision = Decision(rule="r", reason=Reason.FIRST_SEEN if n % 2 else Reason.SILENCED)
        story = read(conn, claimed, found=((FOUND, decision),), now=later(n))
        alerts.insert(conn, an_alert(n, entry_id=claimed.id, story_id=story.id, at=later(n)), [])


def test_a_mark_replaces_the_one_before_and_can_be_taken_away(store):
    def unit(conn):
        told(conn)
        first, second = (alert.id for alert in alerts.listing(conn)[::-1])
        marks.put(conn, first, "noise", note="old", author="eva", now=NOW)
        marks.put(conn, first, "useful", now=later(5))
        marks.put(conn, second, "noise", now=NOW)
        assert marks.of(conn, [first, second, "none"])[first] == {"verdict": "useful", "note": "", "author": "", "marked_at": later(5)}
        assert [alert.id for alert in alerts.listing(conn, marked="noise")] == [second]
        assert [(item.verdict, item.article.title) for item in marks.labelled(conn, "r")] == [("useful", "A title"), ("noise", "A title")]
        assert marks.take(conn, first)
        assert not marks.take(conn, first)
        assert [alert.id for alert in alerts.listing(conn, marked="none")] == [first]

    store.write_now(unit)


def test_marks_go_with_their_alerts(store):
    def unit(conn):
        told(conn)
        for alert in alerts.listing(conn):
            marks.put(conn, alert.id, "noise", now=NOW)
        while retention.prune(conn, now=NOW + 2 * LONG, retention=LONG):
            pass
        assert marks.labelled(conn, "r") == []
        assert alerts.listing(conn) == []

    store.write_now(unit)


def test_hits_are_counted_by_span_told_or_not(store):
    def unit(conn):
        told(conn, 3)
        found = hits.of_rules(conn, now=later(3) + timedelta(days=1), days=(1, 7))["r"]
        assert (found.matched, found.alerted, found.last_at) == ((0, 3), (0, 2), later(3))

    store.write_now(unit)
