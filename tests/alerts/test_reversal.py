"""A headline that takes back what another one said is news; another wording of the same claim is none."""

from __future__ import annotations

import pytest

from watcher.alerts.novelty import Known, figures, known, news, reversed_
from watcher.model import Match

TAKEN_BACK = [
    ("Japan will export Patriot missiles to Ukraine", "Japan denies it will export Patriot missiles to Ukraine"),
    ("Міністр підтвердив поставки батарей Patriot", "Міністр спростував поставки батарей Patriot"),
    ("Berlin liefert weitere Panzer an Kiew", "Berlin liefert keine weiteren Panzer an Kiew"),
]


@pytest.mark.parametrize(("earlier", "later"), TAKEN_BACK)
def test_a_denial_of_the_same_claim_reverses_it_in_either_order(earlier: str, later: str):
    assert reversed_(earlier, later)
    assert reversed_(later, earlier)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("Japan will export Patriot missiles to Ukraine", "Japan to send Patriot missiles to Ukraine"),
        ("Japan denies it will export missiles", "Japan again denies that it will export missiles"),
        ("Japan will export Patriot missiles", "Farmers in France do not want lower prices"),
        ("", "No"),
    ],
)
def test_other_wordings_and_other_claims_reverse_nothing(earlier: str, later: str):
    assert not reversed_(earlier, later)


def test_it_stands_first_among_the_news():
    told = known([{"article": {"title": TAKEN_BACK[0][0]}, "matches": []}])
    assert told == Known(titles=(TAKEN_BACK[0][0],))
    assert news(Match(rule="r"), told, {}, title=TAKEN_BACK[0][1]) == (f"the headline says otherwise: {TAKEN_BACK[0][1]}",)


def test_only_the_nearest_headline_told_can_be_taken_back():
    """In a long story somebody has always denied something: one more report of what was told last takes nothing back."""
    told = Known(
        titles=("No tanks for Ukraine, says Biden", "Biden approves sending 31 Abrams tanks to Ukraine", "Why Biden sends tanks to Ukraine")
    )
    assert news(Match(rule="r"), told, {}, title="Biden approves sending Abrams tanks to Ukraine at last") == ()
    later = "Biden denies sending Abrams tanks to Ukraine"
    assert news(Match(rule="r"), told, {}, title=later) == (f"the headline says otherwise: {later}",)


@pytest.mark.parametrize(
    "text",
    [
        "What we know on day 335 of the invasion", "It flew there on Dec. 21, 2022.", "Talks on 20 January", "do 20 stycznia", "до 20 січня",
        "am 14. März", "On May 11 it sailed.",
    ],
)  # fmt: skip
def test_a_date_is_no_new_number(text):
    assert figures(text) == {}


@pytest.mark.parametrize(
    ("text", "found"), [("Germany may 30 tanks send", "30"), ("In March 40,000 shells came", "40000"), ("In one day 12 tanks burnt", "12")]
)
def test_a_number_near_a_date_is_one(text, found):
    assert list(figures(text)) == [found]
