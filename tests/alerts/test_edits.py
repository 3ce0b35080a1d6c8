"""What counts as an edit of an article, and what is only the page around it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.alerts.edits import Version, changes

TITLE = "Tokyo to ship shells to Ukraine"
TEXT = """Japan will ship 155 mm shells to the United States, the defence ministry said on Monday.
The first 40,000 rounds are to leave the port of Kure in April.
Minister Minoru Kihara denied that Ukraine would receive them directly.
An official in Washington spoke of a step that helps everybody involved.
Neither side named a price, and the contract has not been signed yet.
The talks began last autumn and were hard, people who took part say."""


def of(before: str, after: str, *, was: str = TITLE, now: str = TITLE) -> tuple[str, ...]:
    return changes(Version(was, before), Version(now, after))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("40,000 rounds", "14,000 rounds", "14,000"),
        ("Minoru Kihara", "Yoko Kamikawa", "Kamikawa"),
        ("the contract has not been signed yet", "the contract has been signed now", "before"),
        ("Neither side named a price, and the contract has not been signed yet.\n", "", "taken out"),
        (
            "An official in Washington spoke",
            "It was Poland that asked for all of this first.\nAn official in Washington spoke",
            "put in: “It was Poland",
        ),
    ],
    ids=["number", "name", "denial", "sentence with a denial gone", "sentence with a name added"],
)
def test_what_a_reader_must_know_is_told(old, new, said):
    assert old in TEXT
    (change,) = of(TEXT, TEXT.replace(old, new))
    assert said in change


def test_a_headline_that_says_something_else_is_told_and_one_that_is_set_otherwise_is_not():
    assert of(TEXT, TEXT, now="Tokyo will not ship shells to Ukraine") == (
        "the headline is now “Tokyo will not ship shells to Ukraine”; it was “Tokyo to ship shells to Ukraine”",
    )
    assert of(TEXT, TEXT, now="TOKYO to ship shells – to Ukraine!") == ()
    assert of(TEXT, TEXT, was="") == (), "where the page's headline was never seen there is nothing to compare with"


@pytest.mark.parametrize(
    "after",
    [
        TEXT.replace("said on Monday", "said Monday"),
        TEXT.replace("hard, people", "difficult, people"),
        TEXT.replace("\n", "  \n\n").replace("'", "’"),
        "Photo: Kyodo 2024, Hiroshi Tanaka\n" + TEXT,
        TEXT + "\nRead also: Poland buys 180 tanks from Korea\nMore from Berlin: Scholz meets Macron today",
        TEXT.replace("An official in Washington", "Sign up for our daily letter here now.\nAn official in Washington"),
        "\n".join(reversed(TEXT.split("\n"))),
        TEXT.split("\n", maxsplit=1)[0],
        "",
    ],
    ids=["a word less", "a synonym", "layout", "caption above", "links below", "box within", "order", "only the lead is left", "nothing"],
)
def test_churn_is_no_edit(after):
    assert of(TEXT, after) == ()


def test_a_page_that_was_rewritten_is_one_line():
    fresh = "\n".join(f"Sentence number {n} is about the Harbour of Odesa and has its own words {n * 37}." for n in range(8))
    assert of(TEXT, fresh) == ("its text was rewritten: 0 of 6 sentences are left",)


def test_scripts_without_spaces_and_capitals_are_compared_too():
    before = "防衛省は月曜日、砲弾四万発を米国に輸出すると発表した。木原大臣は直接の供与を否定した。価格は明らかにされていない。"
    assert of(before, before.replace("木原大臣", "上川大臣"))
    assert of(before, before) == ()


def test_of_a_long_sentence_the_part_that_changed_is_shown():
    long = (
        "Therefore, during the meeting that will take place in the capital in spring, as people who know of it said, Prime Minister Fumio Kishida will agree "
        + "to much else " * 20
        + "."
    )
    (change,) = of(TEXT + "\n" + long, TEXT + "\n" + long.replace("Kishida", "Abe"))
    now, was = change.split("; before: ")
    assert "Abe" in now
    assert "Kishida" in was
    assert len(change) < 300


def test_many_changes_are_counted_and_not_all_shown():
    before = "\n".join(f"In village {n} of the Kherson region {n * 7 + 100} houses were hit during the night." for n in range(20))
    after = "\n".join(
        f"In village {n} of the Kherson region {n * 7 + 1100} houses were hit during the night." if n % 2 else line
        for n, line in enumerate(before.split("\n"))
    )
    found = of(before, after)
    assert len(found) == 5
    assert found[-1] == "and 6 more changes"


@given(st.text(max_size=400), st.text(max_size=400))
def test_nothing_breaks_it_and_the_same_is_never_changed(one, two):
    assert changes(Version(one, two), Version(one, two)) == ()
    assert all(isinstance(line, str) and line for line in changes(Version(one, one), Version(two, two)))


def test_a_long_page_is_compared_fast():
    """256 Ki characters, every sentence changed a little: no quadratic blow-up of the pairing."""
    words = random.Random(1)
    lines = [
        " ".join(words.choice(["Kyiv", "shells", "north", "5000", "was", "hit"]) + str(words.randrange(900)) for _ in range(12)) + "."
        for _ in range(2500)
    ]
    assert of("\n".join(lines), "\n".join(line.replace("1", "2") for line in lines)) is not None
    half = [line.replace("1", "2") if at < 1250 else line for at, line in enumerate(lines)]
    assert of("\n".join(lines), "\n".join(half))[-1].endswith("more changes")
