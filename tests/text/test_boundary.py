"""Word boundaries by pairs of scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text import boundary
from watcher.text.boundary import Kind


@pytest.mark.parametrize("text", ["ab", "a1", "1a", "aб", "бα", "é1", "a\u0301", "\u0301\u0302", "가나", "кa", "ښa", "ที่", "ก็"])
def test_these_join(text: str) -> None:
    assert not boundary.is_boundary(text, len(text) - 1)


@pytest.mark.parametrize(
    "text", ["a-", "-a", "a'", "a_", "_a", "a岸", "岸a", "岸田", "かな", "ไท", "가a", "a가", "1岸", "岸가", "a🚀", "a™", " a", "a\x00"]
)
def test_these_do_not(text: str) -> None:
    assert boundary.is_boundary(text, 1)


def test_a_letter_with_marks_joins_the_next_letter() -> None:
    assert not boundary.is_boundary("e\u0301\u0302x", 3)
    assert boundary.is_boundary("-\u0301x", 2)


@pytest.mark.parametrize(
    ("word", "rest", "ends"),
    [
        ("한국", "이", True),
        ("한국", "에서는", True),
        ("한국", "어", False),
        ("한국", "어를", False),
        ("한국", "이 말", True),
        ("우크라이나", "군", False),
    ],
)
def test_korean_particles_may_follow_a_term(word: str, rest: str, *, ends: bool) -> None:
    assert boundary.ends_word(word + rest, len(word)) is ends
    assert not boundary.is_boundary(word + rest, len(word))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b", 2),
        ("don't stop", 2),
        ("F-16 jet", 3),
        ("岸田首相", 4),
        ("日本のPatriotを", 5),
        ("l'été d'un", 2),
        ("", 0),
        ("… — !", 0),
        ("été\u0301 x", 2),
        ("한국이 말", 2),
        ("x'", 1),
        ("foo_bar", 2),
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert len(boundary.word_starts(text)) == words


@given(st.text(max_size=30))
def test_ends_are_boundaries_and_nothing_raises(text: str) -> None:
    assert boundary.is_boundary(text, 0)
    assert boundary.is_boundary(text, len(text))
    starts = boundary.word_starts(text)
    assert starts == sorted(set(starts))
    assert all(boundary.kind(text[i]) not in (Kind.OTHER, Kind.MARK) for i in starts)
