"""Clustering a stream: what ``watcher cluster`` says of each article."""

from __future__ import annotations

from datetime import timedelta

from tests.stories.texts import START, prose
from watcher.model import MatchInput
from watcher.stories.cluster import cluster


def given(name: str, text: str, *, hours: float | None = 0, title: str = "", url: str = "") -> tuple[str, MatchInput]:
    at = None if hours is None else START + timedelta(hours=hours)
    return name, MatchInput(
        title=title or f"What {name} has to tell about it", text=text, url=url or f"https://{name}.example/a", published_at=at
    )


def test_a_story_is_named_by_its_first_article_and_a_copy_by_what_it_repeats():
    placed = list(
        cluster(
            [
                given("a", prose(1)),
                given("b", prose(2)),
                given("c", prose(1)[:1500], hours=1),
                given("d", prose(2), hours=1, url="https://b.example/a?utm_source=x"),
            ]
        )
    )
    assert [(p.id, p.story, p.duplicate_of, p.basis) for p in placed] == [
        ("a", "a", None, "new"),
        ("b", "b", None, "new"),
        ("c", "a", "a", "text"),
        ("d", "b", "b", "url"),
    ]


def test_articles_without_a_time_count_as_published_with_the_one_before():
    placed = list(
        cluster(
            [
                given("a", prose(1), hours=None),
                given("b", prose(1), hours=None),
                given("c", prose(1), hours=0),
                given("d", prose(1), hours=None),
            ]
        )
    )
    assert [p.story for p in placed] == ["a", "a", "c", "c"]


def test_the_stream_is_read_one_at_a_time_without_looking_ahead():
    def endless():
        yield given("a", prose(1))
        yield given("b", prose(1))
        raise AssertionError("looked ahead")

    stream = cluster(endless())
    assert next(stream).story == next(stream).story == "a"


def test_synthetic_articles_of_one_small_vocabulary_are_all_different_stories():
    placed = list(cluster(given(f"n{n}", prose(n, 390)) for n in range(300)))
    assert len({p.story for p in placed}) == 300
