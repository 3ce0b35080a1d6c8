"""Sketches: what they keep, and that they survive storage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stories.texts import kana, prose
from watcher.stories.rows import lowest, overlap
from watcher.stories.sketch import EMPTY, FEW, MAX_SHIFT, VERSION, shingles, sketch, unpack


def share(a: str, b: str) -> float:
    one, two = unpack(sketch("", a)), unpack(sketch("", b))
    shift = max(one.shift, two.shift)
    return len(np.intersect1d(one.hashes, two.hashes)) / min(one.sizes[shift], two.sizes[shift])


def test_all_shingles_of_a_short_text_are_kept():
    text = prose(1, 60)
    found = unpack(sketch("", text))
    assert found.shift == 0
    assert found.total == len(found.hashes) == len(set(shingles(text.casefold())))


@pytest.mark.parametrize("words", [100, 400, 3000, 40_000])
def test_a_sketch_is_some_dozens_of_hashes_and_knows_how_many_shingles_there_were(words: int):
    found = unpack(sketch("", prose(2, words)))
    assert FEW / 3 < len(found.hashes) <= 1024 or words > 3000
    assert abs(found.total - words) <= words * 0.1 + 5
    assert found.sizes[found.shift] == len(found.hashes)
    assert len(sketch("", prose(2, words))) < 10_000


def test_half_a_text_stands_wholly_in_the_text_whatever_the_sizes():
    for words in (150, 800, 6000):
        text = prose(3, words)
        assert share(text, text[: len(text) // 2]) > 0.9


def test_scripts_without_spaces_are_cut_into_characters():
    text = kana(1)
    assert unpack(sketch("", text)).total > 400
    assert share(text, text[100:400]) > 0.9
    assert share(text, kana(2)) < 0.2


def test_case_width_and_punctuation_do_not_count():
    one, other = (
        unpack(sketch("", "The U.S. and Japan: talks — on ＳＨＥＬＬＳ!")),
        unpack(sketch("", "the u.s. AND japan talks on shells")),
    )
    assert one.hashes.tolist() == other.hashes.tolist()


def test_a_headline_repeated_above_the_text_does_not_count():
    text = prose(4, 80)
    one, other = unpack(sketch("A headline", "A headline\n" + text)), unpack(sketch("Another", text))
    assert (one.total, one.hashes.tolist()) == (other.total, other.hashes.tolist())


def test_the_numbers_of_a_text_are_kept_apart():
    found = unpack(sketch("", "On 4 May 34 of 101 missiles were shot down at 12:30, 5.5 per cent"))
    assert len(found.numbers) == 5


@pytest.mark.parametrize("blob", [b"", b"\x00", b"short", b"\xff" * 16, bytes(8), np.array([VERSION + 1 << 56], "<u8").tobytes()])
def test_a_blob_that_is_no_sketch_of_this_version_is_like_nothing(blob: bytes):
    assert unpack(blob).total == EMPTY.total == 0
    assert not len(unpack(blob).hashes)


def test_nothing_has_an_empty_sketch():
    assert unpack(sketch("", "")).total == 0
    assert unpack(sketch("Title", " \n…")).total == 0


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_sketch_that_reads_back(text: str):
    found = unpack(sketch("", text))
    assert found.total == len(found.hashes)
    assert list(found.hashes) == sorted(set(found.hashes.tolist()))
    assert found.shift <= MAX_SHIFT


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), max_size=60), st.sets(st.integers(0, 2**64 - 1), max_size=60))
def test_samples_of_one_set_agree_and_samples_of_strangers_do_not(a: set[int], b: set[int]):
    assert overlap(lowest(a, 16), lowest(a, 16)) == (min(16, len({x >> 32 | 1 for x in a})),) * 2
    common, fewer = overlap(lowest(a, 16), lowest([x for x in b if x >> 33 not in {y >> 33 for y in a}], 16))  # samples keep the upper bits
    assert common == 0
    assert fewer <= 16
