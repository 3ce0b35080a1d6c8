"""Profiles: what an article is about, in every script."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.stories import commonness, profile
from watcher.stories.profile import EMPTY, PARTS, unpack


def names(text: str, title: str = "") -> set[int]:
    found = profile.profile(title, text)
    return set(found.keys[PARTS[0]].tolist()) - {0}


def figures(text: str, year: int | None = None) -> set[int]:
    found = profile.profile("", text, year=year)
    return set(found.keys[PARTS[2]].tolist()) - {0}


def key(word: str) -> int:
    return commonness.key(word)


def test_the_table_knows_common_words_of_many_languages_and_counts_all_others_as_rare():
    the, ukraine, unheard = commonness.weights(np.array([key("the"), key("ukraine"), key("qwertzuiop")], np.uint32))
    assert the < 0.01 < ukraine < unheard
    assert unheard == pytest.approx(5.12, abs=0.01)


def test_names_are_words_with_capitals_that_are_nowhere_written_small():
    assert names("Yesterday the minister met Kishida in Nagoya. Officials of the ministry said that officials agreed.") >= {
        key("kishida"),
        key("nagoya"),
    }
    assert key("officials") not in names("Officials met Kishida. The officials agreed.")


def test_a_headline_in_title_case_makes_no_names_of_common_words():
    found = names("", title="New Government Said Kishida Will Come Back Again This Week")
    assert key("kishida") in found
    assert found.isdisjoint({key("new"), key("will"), key("week"), key("said")})


def test_case_endings_of_cyrillic_names_do_not_tell_them_apart():
    assert names("Вчора міністр говорив із Зеленським у столиці.") & names("Вони зустріли Зеленського вдень.")


def test_scripts_without_capitals_have_names():
    assert names("岸田首相はトマホークを購入した。") & names("政府はトマホークの購入を決めた。")


def test_figures_stand_alone_and_the_current_year_is_none():
    assert figures("It cost 40,000 dollars and 12 percent") == figures("It cost 40000 dollars and 12 percent")
    assert figures("The F-16 and the COVID-19 of TVN24") == set()
    assert figures("Since 2023", year=2023) == set()
    assert figures("Since 1999", year=2023) == {key("1999")}


@given(st.text(), st.text())
def test_every_text_has_a_profile_that_survives_packing(title: str, text: str):
    one = profile.profile(title, text)
    two = unpack(one.pack())
    assert (one.keys == two.keys).all()
    assert (one.weights == two.weights).all()


@given(st.binary(max_size=80))
def test_rubbish_is_no_profile(blob: bytes):
    assert unpack(blob).keys.shape == EMPTY.keys.shape


def test_a_long_text_is_cut_and_not_all_kept():
    found = profile.profile("", " ".join(f"Name{n} did thing{n} on {n + 10000}." for n in range(5000)))
    assert [int(np.count_nonzero(found.keys[part])) for part in PARTS] == list(profile.SIZES)
