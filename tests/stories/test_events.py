"""Events: the same thing told in other words is one story, what is only alike is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.stories.texts import START, is_new, prose
from watcher.model import EntryId, StoryId
from watcher.stories import Candidate, Index, Verdict
from watcher.stories.events import Events
from watcher.stories.profile import profile
from watcher.stories.sketch import sketch

FIRE = (
    "Fire destroys historic dairy in Palmer",
    (
        "A fast-moving fire destroyed the Matanuska Maid dairy in Palmer early on Tuesday. Firefighters of the Palmer Fire Department were called at 3:33 a.m.; "
        "nobody was hurt. The warehouse, built in 1936, had stood empty since the dairy closed, Chief John McNutt said. He put the damage at $1.2 million."
    ),
)
SAME_FIRE = (
    "Old Mat Maid warehouse burns down",
    (
        "PALMER. Nothing is left of the old Matanuska Maid warehouse after a blaze before dawn. According to John McNutt, who leads the Palmer Fire Department, "
        "the building of 1936 was past saving when his crews came. No injuries were reported from the dairy; investigators do not rule out arson."
    ),
)
OTHER_FIRE = (
    "Fire damages church in Wasilla",
    (
        "A fire badly damaged the Wasilla Bible Church on Friday night. Firefighters of the Central Mat-Su Fire Department were called at 9:40 p.m.; nobody was hurt. "
        "The church, which Governor Sarah Palin attends, had been remodelled in 2006, Pastor Larry Kroon said. He put the damage at $1 million."
    ),
)
POLISH = (
    "Pożar zniszczył mleczarnię",
    (
        "Pożar zniszczył we wtorek nad ranem mleczarnię Matanuska Maid w mieście Palmer na Alasce. Jak powiedział John McNutt ze straży Palmer Fire Department, "
        "magazyn z 1936 roku stał pusty."
    ),
)


def told(number: int, what: tuple[str, str], *, hours: float = 0, host: str = "", story: int | None = None) -> Candidate:
    return Candidate(
        article_id=EntryId(number),
        sketch=sketch(*what, year=START.year),
        at=START + timedelta(hours=hours),
        title=what[0],
        host=host or f"h{number}.example",
        story_id=None if story is None else StoryId(story),
    )


def holding(*candidates: Candidate) -> Index:
    index = Index()
    for number in range(100, 140):
        index.add(told(number, (f"Headline {number}", prose(number)), story=number))
    for candidate in candidates:
        index.add(candidate)
    return index


def test_two_reports_of_one_event_are_one_story_and_no_copies():
    verdict = holding(told(1, FIRE, story=1)).decide(told(2, SAME_FIRE, hours=2))
    assert (verdict.story_id, verdict.copy_of, verdict.basis, verdict.near) == (1, None, "event", 1)
    assert verdict.parts is not None
    assert verdict.parts[0] > 0.4


def test_an_event_like_it_is_another_story():
    index = holding(told(1, FIRE, story=1), told(2, SAME_FIRE, story=1))
    assert is_new(index.decide(told(3, OTHER_FIRE, hours=2)))


def test_names_and_figures_reach_over_the_border_of_a_language():
    assert holding(told(1, FIRE, story=1)).decide(told(2, POLISH, hours=2)).story_id == 1


def test_a_story_goes_stale():
    index = holding(told(1, FIRE, story=1))
    fresh, stale = (index.decide(told(2, SAME_FIRE, hours=hours)) for hours in (2, 24 * 13))
    assert fresh.similarity > stale.similarity


def test_one_name_alone_makes_no_story():
    index = holding(told(1, ("Kishida speaks on energy", "What he wants."), story=1))
    assert is_new(index.decide(told(2, ("Kishida meets farmers", "And eats rice."))))


def test_the_next_part_of_a_sites_series_is_no_report_of_the_same():
    index = holding(
        told(1, ("Russia-Ukraine war: key events in Bakhmut, day 314", "Wagner in Bakhmut and Soledar."), host="s.example", story=1)
    )
    again = ("Russia-Ukraine war: key events in Bakhmut, day 315", "Wagner in Bakhmut and Soledar.")
    assert is_new(index.decide(told(2, again, host="s.example", hours=24)))


def test_what_a_site_prints_under_everything_brings_nothing_together():
    """Forty articles of one site with the same two sentences under them: as many stories as events."""
    under = " Sign up for First Edition, our Melbourne morning letter by Rachel Clun, and follow Guardian Australia on Instagram."
    index = Index()
    verdicts: list[Verdict] = []
    for number in range(160):
        candidate = told(number, (f"Headline {number}", prose(number, 30) + under), hours=number / 10, host="s.example")
        verdicts.append(index.decide(candidate))
        index.add(candidate.of_story(verdicts[-1].story_id or StoryId(number)))
    assert all(map(is_new, verdicts[80:]))


@pytest.mark.parametrize("capacity", [50, 2995])
def test_memory_is_bounded_and_the_newest_stay(capacity: int):
    events = Events(capacity)
    about = profile(*FIRE)
    for number in range(3000):
        events.add(
            number,
            number,
            float(number),
            1,
            about if number in (10, 2990) else profile("", f"Name{number} met Other{number} in Town{number}."),
        )
    assert len(events) == capacity
    near = events.nearest(about, 3000.0, 2, window=1e6, besides=2990)
    assert (near is None) == (capacity < 2990)
    last = events.nearest(about, 3000.0, 2, window=1e6, besides=-1)
    assert last is not None
    assert last.article == (2990 if capacity < 2990 else 10)


def test_what_is_taken_out_leaves_no_trace():
    events, plain = Events(), Events()
    for number, what in enumerate([FIRE, SAME_FIRE, OTHER_FIRE] * 5):
        events.add(number, number, float(number), number, profile(*what))
        if number % 3:
            plain.add(number, number, float(number), number, profile(*what))
    for number in range(0, 15, 3):
        events.kill(number)
    about = profile(*SAME_FIRE)
    assert events.nearest(about, 20.0, 9, window=1e6, besides=-1) == plain.nearest(about, 20.0, 9, window=1e6, besides=-1)


def test_a_window_loaded_anew_decides_like_the_one_that_ran_on():
    """As after a restart: what came before the window is not there, and nothing differs."""
    ran, window = Events(), 10.0
    for number, what in enumerate([FIRE, SAME_FIRE, OTHER_FIRE] * 10):
        ran.add(number, number % 3, float(number), number, profile(*what))
    fresh = Events()
    for number, what in enumerate([FIRE, SAME_FIRE, OTHER_FIRE] * 10):
        if number >= 30 - window:
            fresh.add(number, number % 3, float(number), number, profile(*what))
    for what in (FIRE, SAME_FIRE, OTHER_FIRE):
        about = profile(*what)
        assert ran.nearest(about, 30.0, 9, window=window, besides=-1) == fresh.nearest(about, 30.0, 9, window=window, besides=-1)


def test_entities_of_the_rules_reach_over_scripts():
    """What the user's own rules call one thing in two scripts is one name here."""
    japanese = ("岸田首相、迎撃弾の対米輸出を承認", "政府はペトリオットの対米輸出を認めた。数は30発。")
    english = ("Kishida approves export of interceptors", "Japan will ship 30 Patriot interceptors to America.")
    known = ("kishida", "patriot", "japan")
    index = Index()
    blob = sketch(*english, year=2024, entities=known)
    index.add(Candidate(article_id=EntryId(1), story_id=StoryId(1), sketch=blob, at=START, title=english[0], host="a.example"))
    later = START + timedelta(hours=1)
    with_names = Candidate(article_id=EntryId(2), sketch=sketch(*japanese, year=2024, entities=known), at=later, title=japanese[0])
    without = Candidate(article_id=EntryId(2), sketch=sketch(*japanese, year=2024), at=later, title=japanese[0])
    assert index.decide(with_names).story_id == 1
    assert is_new(index.decide(without))
