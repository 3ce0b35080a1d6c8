"""Every decision has its reason, in the documented order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import NOW, match, rule
from watcher.alerts.decide import Facts, Told, decide, find_silence
from watcher.model import AlertId, Reason, Repeat, Severity, Silence, Story, StoryId, Updates

FACTS = Facts(feed="news", feed_url="https://example.org/rss", source="example.org", story=Story(id=StoryId(1), new=True))
FIRST = AlertId("first")
COPY = Story(id=StoryId(1), new=False, copy_of="17")
OWN_REPORT = Story(id=StoryId(1), new=False)
STORY_TOLD = Told(story=FIRST, sources=frozenset({"example.org"}))


def silence(**changes):
    return Silence(
        **{
            "id": 1,
            "until_at": NOW + timedelta(hours=1),
            "created_at": NOW,
            "author": "ann",
            "comment": "too loud",
            "rule": "japan-ammunition",
            **changes,
        }
    )


def reason(of=None, facts=FACTS, told=None, silences=()):
    return decide(match(), of or rule(), facts=facts, told=told or Told(), silences=silences, now=NOW).reason


@pytest.mark.parametrize(
    ("what", "of", "facts", "told", "expected"),
    [
        ("nothing told", {}, {}, Told(), Reason.FIRST_SEEN),
        ("the feed's first poll", {}, {"baseline": True}, Told(), Reason.BACKFILL),
        ("the same entry again", {"repeat": Repeat.ALWAYS}, {}, Told(entry=FIRST), Reason.ALREADY_TOLD),
        (
            "always: another entry of a story that was told",
            {"repeat": Repeat.ALWAYS},
            {"story": COPY},
            Told(article=FIRST, story=FIRST),
            Reason.FIRST_SEEN,
        ),
        ("article: the same URL", {"repeat": Repeat.ARTICLE}, {}, Told(article=FIRST), Reason.ALREADY_TOLD),
        (
            "article: another URL of the story, even a copy",
            {"repeat": Repeat.ARTICLE},
            {"story": COPY},
            Told(story=FIRST),
            Reason.FIRST_SEEN,
        ),
        ("story: the same URL in another feed", {}, {"source": "b"}, Told(article=FIRST, story=FIRST), Reason.ALREADY_TOLD),
        ("story: a copy elsewhere", {}, {"story": COPY, "source": "b"}, STORY_TOLD, Reason.ALREADY_TOLD),
        ("story: another source's own report", {}, {"story": OWN_REPORT, "source": "b"}, STORY_TOLD, Reason.UPDATE),
        ("the same with updates = none", {"updates": Updates.NONE}, {"story": OWN_REPORT, "source": "b"}, STORY_TOLD, Reason.ALREADY_TOLD),
        ("the same source once more", {}, {"story": OWN_REPORT}, STORY_TOLD, Reason.ALREADY_TOLD),
        ("the same source with something new", {}, {"story": OWN_REPORT, "news": ("40 dead",)}, STORY_TOLD, Reason.UPDATE),
        ("one source of two", {"sources": 2}, {}, Told(), Reason.TOO_FEW_SOURCES),
        ("the second source", {"sources": 2}, {"sources": 2}, Told(), Reason.FIRST_SEEN),
        ("nobody to tell", {}, {"reached": False}, Told(), Reason.NO_CHANNEL),
        ("within the limit", {"limit": (20, 3600.0)}, {}, Told(in_window=19), Reason.FIRST_SEEN),
        ("over the limit", {"limit": (20, 3600.0)}, {}, Told(in_window=20), Reason.OVER_LIMIT),
        ("urgent knows no limit", {"limit": (20, 3600.0), "severity": Severity.URGENT}, {}, Told(in_window=99), Reason.FIRST_SEEN),
    ],
)
def test_the_table_of_reasons(what, of, facts, told, expected):
    assert reason(rule(**of), replace(FACTS, **facts), told) is expected, what


def test_a_silence_counts_only_what_would_have_been_told():
    """So that its count is honest, and so that a story silenced once is told as new afterwards."""
    assert reason(silences=[silence()]) is Reason.SILENCED
    assert reason(silences=[silence()], told=STORY_TOLD) is Reason.ALREADY_TOLD
    assert reason(silences=[silence(until_at=NOW)]) is Reason.FIRST_SEEN


@pytest.mark.parametrize(
    ("changes", "matches"),
    [
        ({"rule": None, "feed": "news"}, True),
        ({"rule": None, "feed": "https://example.org/rss"}, True),
        ({"rule": None, "entity": "patriot"}, True),
        ({"entity": "patriot"}, True),
        ({"entity": "leopard"}, False),
        ({"rule": "other"}, False),
        ({"rule": None}, False),
        ({"rule": None, "severity": "high"}, True),
        ({"severity": "urgent"}, False),
        ({"rule": None, "text": "PRIME  minister"}, True),
        ({"rule": None, "text": "rime minister"}, False),
        ({"rule": None, "text": "on the second line"}, True),
        ({"rule": None, "text": "岸田"}, True),
        ({"rule": None, "text": "\u00ad"}, False),
    ],
)
def test_a_silence_matches_when_all_that_it_names_holds(changes, matches):
    facts = replace(FACTS, title="The Prime Minister speaks", text="What stands on\nthe second line counts too: 日本の岸田首相。")
    found = find_silence([silence(**changes)], rule(), facts, ("patriot",), NOW)
    assert (found is not None) is matches


def test_the_detail_names_what_decided():
    decision = decide(match(), rule(), facts=replace(FACTS, source="b", story=OWN_REPORT), told=STORY_TOLD, now=NOW)
    assert (decision.update, decision.detail) == (True, "another source: b")
    silenced = decide(match(), rule(), facts=FACTS, told=Told(), silences=[silence()], now=NOW)
    assert silenced.silence == silence().id
    assert "ann" in decide(match(), rule(), facts=FACTS, told=Told(), silences=[silence()], now=NOW).detail
    assert FIRST in decide(match(), rule(), facts=FACTS, told=Told(entry=FIRST), now=NOW).detail


@given(
    st.sampled_from(Repeat), st.sampled_from(Updates), st.booleans(), st.booleans(), st.integers(0, 30), st.sampled_from(["a", "b"]), st.sampled_from([None, "17"]), st.sampled_from(Severity)
)  # fmt: skip
def test_a_copy_is_never_an_update_and_an_entry_never_told_twice(repeat, updates, told_entry, told_story, count, source, copy_of, severity):
    told = Told(entry=FIRST if told_entry else None, story=FIRST if told_story else None, sources=frozenset({"a"}), in_window=count)
    facts = replace(FACTS, source=source, story=Story(id=StoryId(1), new=False, copy_of=copy_of))
    decision = decide(match(), rule(repeat=repeat, updates=updates, limit=(20, 60.0), severity=severity), facts=facts, told=told, now=NOW)
    if told_entry:
        assert decision.reason is Reason.ALREADY_TOLD
    if decision.update:
        assert told_story
        assert copy_of is None
        assert updates is Updates.THREAD
        assert repeat is Repeat.STORY
    if not told_entry and not told_story:
        assert decision.reason.tells, "nothing is dropped"
