"""Headlines: when two are one, and when one says too little."""

from __future__ import annotations

import pytest

from watcher.stories import headline

TITLE = "Kim Jong Un pledges nuclear buildup to take on US and South Korea"


@pytest.mark.parametrize(
    "same",
    [
        "Kim Jong Un Pledges Nuclear Buildup to Take On US and South Korea",
        "BREAKING: Kim Jong Un pledges nuclear buildup to take on US and South Korea",
        "Kim Jong-un pledges nuclear build­up, to take on US and South Korea - The Daily",
        "Kim Jong Un pledges nuclear buildup to take on US and South Korea | Example News",
    ],
)
def test_case_punctuation_kicker_and_site_name_do_not_count(same: str):
    assert headline.key(same) == headline.key(TITLE) != 0


@pytest.mark.parametrize(
    "other",
    [
        "Kim Jong Un pledges nuclear buildup to take on US and Japan",
        "5 killed in bus crash near the border town",
        "6 killed in bus crash near the border town",
    ],
)
def test_other_headlines_have_other_keys(other: str):
    assert headline.key(other) not in (0, headline.key(TITLE), headline.key("7 killed in bus crash near the border town"))


@pytest.mark.parametrize(
    "poor",
    [
        "",
        "Daily briefing",
        "Opinion",
        "Letters to the editor from our readers this week",
        "Your horoscope for Sunday 10 March from our astrologer",
        "Курс валют на сегодня 10 марта 2024 года",
        "朝刊",
        "News in brief",
    ],
)
def test_headlines_that_name_no_event_have_no_key(poor: str):
    assert headline.key(poor) == 0


def test_a_japanese_headline_tells_by_its_characters():
    assert headline.key("岸田首相が米国を訪問へ、弾薬の共同生産を協議") != 0


def test_words_and_numbers_of_a_headline():
    assert headline.words("Today's answer (#584) – 24 January") == (["today", "answer", "january"], "584 24")
    assert headline.words("岸田首相、訪米へ")[0][:2] == ["岸田", "田首"]
