"""What an update adds to what was told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.factories import ENTITIES, alert, evidence, match
from watcher.alerts import novelty

TOLD = novelty.known([alert().payload])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("40,000 shells and 1 500 tonnes, 2.5 billion, 12.50 euros", ["40000", "1500", "12.50"]),
        ("F-16, MIM-104, 155mm, 3 men in 2024", []),
        ("155 mm shells", ["155"]),
        ("٤٠ and 40.", ["٤٠", "40"]),
        ("", []),
    ],
)
def test_numbers_that_carry_news(text, found):
    assert list(novelty.numbers(text)) == found


def test_the_same_again_is_no_news():
    assert novelty.news(match(), TOLD, ENTITIES) == ()


def test_a_new_name_and_a_new_number_are_news():
    sentence = "Kishida offers 40,000 shells to Germany and 155 mm guns."
    told = novelty.known([alert(found=match(evidence("155 mm", sentence="155 mm guns"))).payload])
    assert novelty.news(match(evidence("Kishida", sentence, entity="kishida")), told, ENTITIES) == ("Fumio Kishida", "40,000")


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda s: st.lists(s, max_size=3) | st.dictionaries(st.sampled_from(["matches", "entity", "sentence"]), s, max_size=3),
        max_leaves=8,
    )
)
def test_any_stored_payload_can_be_compared_with(data):
    novelty.known([data] if isinstance(data, dict) else [])
