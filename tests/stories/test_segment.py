"""Postings: nursery, small and large segments answer as one dictionary would."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.stories.segment import Postings

KEYS = st.lists(st.lists(st.integers(0, 40), max_size=6, unique=True), max_size=90)


def keys(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.uint32)


@settings(max_examples=60, deadline=None)
@given(KEYS, st.lists(st.integers(0, 45), min_size=1, max_size=8, unique=True), st.integers(0, 100), st.integers(0, 90))
def test_postings_find_what_a_dictionary_finds_after_any_adds_and_drops(
    articles: list[list[int]], wanted: list[int], most: int, dropped: int
):
    postings, plain = Postings(small=2), defaultdict(set)
    for row, values in enumerate(articles):
        assert postings.add(keys(values)) == row
        for value in values:
            plain[value].add(row)
    postings.drop(dropped)
    positions, rows = postings.find(keys(sorted(wanted)), np.full(len(wanted), 1000))
    found = {(sorted(wanted)[p], r) for p, r in zip(positions.tolist(), rows.tolist(), strict=True)}
    expected = {(value, row) for value in wanted for row in plain[value]}
    assert found <= expected
    assert {pair for pair in expected if pair[1] >= dropped} <= found
    if not dropped:
        positions, _ = postings.find(keys(sorted(wanted)), np.full(len(wanted), most))
        assert {sorted(wanted)[p] for p in positions.tolist()} == {value for value in wanted if 0 < len(plain[value]) <= most}


def test_a_hash_costs_six_bytes():
    postings = Postings(small=16)
    for row in range(160):
        postings.add(keys(list(range(row, row + 10))))
    assert postings.nbytes == 160 * 10 * 6
