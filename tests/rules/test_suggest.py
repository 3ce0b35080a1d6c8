"""What marked alerts suggest: what is there is found, what is chance is not, and the figures are the engine's."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher import rules
from watcher.model import MatchInput, Rule
from watcher.rules import query, statistics
from watcher.rules.suggest import Labelled, patched, suggest

RULE = Rule(name="patriot", query="Patriot OR Петріот")
FILLER = [
    "ministry",
    "spokesman",
    "region",
    "village",
    "convoy",
    "winter",
    "bridge",
    "river",
    "border",
    "signal",
    "harvest",
    "railway",
    "market",
    "museum",
    "clinic",
    "teacher",
]


def article(seed: int, *words: str, **more: str) -> MatchInput:
    """A few sentences that have the words, and chance for the rest."""
    chance = random.Random(seed).sample(FILLER, 6)
    return MatchInput(title=f"Patriot {seed}", text=" ".join([*words, *chance]) + ".", **more)


def labelled(noise: list[MatchInput], useful: list[MatchInput]) -> list[Labelled]:
    every = [(each, False) for each in noise] + [(each, True) for each in useful]
    return [Labelled(article=each, useful=useful, story=number) for number, (each, useful) in enumerate(every)]


def only(kind: str, advice):
    return next(proposal for proposal in advice.proposals if proposal.kind == kind)


def test_a_word_of_noise_alone_is_left_out_and_the_figures_are_the_engines():
    marks = labelled([article(n, "touchdown", "quarterback") for n in range(12)], [article(n, "missiles") for n in range(100, 115)])
    proposal = only("exclude", suggest(RULE, marks))
    assert proposal.clause in ("NOT touchdown", "NOT quarterback")
    assert proposal.recommended
    assert (proposal.labelled.precision_after, proposal.labelled.lost) == (1.0, 0)
    changed = patched(RULE, proposal)
    assert changed.query == f"(Patriot OR Петріот) {proposal.clause}"
    book = rules.compile([changed])
    kept = [bool(book.match(each.article)) for each in marks]
    assert sum(kept) == proposal.labelled.useful_kept + proposal.labelled.noise_kept
    (support,) = proposal.supports
    assert (support.noise, support.stories, support.useful) == (12, 12, 0)


def test_a_rule_of_lists_gets_it_into_none():
    marks = labelled([article(n, "touchdown") for n in range(12)], [article(n, "missiles") for n in range(100, 115)])
    proposal = only("exclude", suggest(Rule(name="r", any_=("Patriot",), none_=("NFL",)), marks))
    assert patched(Rule(name="r", any_=("Patriot",), none_=("NFL",)), proposal).none_ == ("NFL", "touchdown")


def test_copies_of_one_story_prove_nothing():
    noise = [Labelled(article=article(1, "touchdown"), useful=False, story=1) for _ in range(12)]
    useful = [Labelled(article=article(n, "missiles"), useful=True, story=n) for n in range(100, 115)]
    assert not [proposal for proposal in suggest(RULE, [*noise, *useful]).proposals if proposal.kind == "exclude"]


def test_what_one_useful_article_has_is_not_left_out():
    useful = [article(n, "missiles") for n in range(100, 115)]
    marks = labelled([article(n, "touchdown") for n in range(12)], [*useful, article(200, "touchdown")])
    assert "touchdown" not in str([proposal.clause for proposal in suggest(RULE, marks).proposals if proposal.kind == "exclude"])


def test_what_a_test_sentence_of_the_rule_has_is_not_left_out():
    guarded = Rule(name="r", query="Patriot", must_match=("A touchdown of the Patriot missile",))
    marks = labelled([article(n, "touchdown") for n in range(12)], [article(n, "missiles") for n in range(100, 115)])
    assert "touchdown" not in str([proposal.clause for proposal in suggest(guarded, marks).proposals if proposal.kind == "exclude"])


def test_words_that_everything_has_say_nothing():
    """The archive knows them; without one, function words are known by name."""
    marks = labelled([article(n, "weekend", "because") for n in range(12)], [article(n, "missiles") for n in range(100, 115)])
    without = suggest(RULE, marks)
    assert only("exclude", without).clause == "NOT weekend"
    archive = [article(n, "weekend" if n % 10 == 0 else "") for n in range(300, 600)]
    assert not [proposal for proposal in suggest(RULE, marks, archive).proposals if proposal.kind == "exclude"]


def test_sections_and_feeds_of_noise_are_left_out():
    noise = [article(n, url=f"https://a.example/sport/{n}", feed="Sport Wire") for n in range(12)]
    useful = [article(n, url=f"https://a.example/world/{n}", feed="War Wire") for n in range(100, 115)]
    advice = suggest(RULE, labelled(noise, useful))
    assert only("sections", advice).clause == "NOT url:/sport/" or only("sections", advice).clause == 'NOT url:"/sport/"'
    assert only("sources", advice).clause == 'NOT feed:"Sport Wire"'
    for proposal in advice.proposals:
        book = rules.compile([patched(RULE, proposal)])
        assert [bool(book.match(each)) for each in (noise[0], useful[0])] == [False, True]


def test_a_context_that_all_useful_ones_share_is_asked_for():
    noise = [article(n, f"odd{n}", f"other{n}") for n in range(40)]
    useful = [article(n, "missiles" if n % 2 else "battery") for n in range(100, 130)]
    proposal = only("context", suggest(RULE, labelled(noise, useful)))
    assert set(proposal.clause.strip("()").split(" OR ")) == {"missiles", "battery"}
    assert proposal.recommended
    assert patched(RULE, proposal).query == f"(Patriot OR Петріот) AND {proposal.clause}"


def test_japanese_and_ukrainian_words_are_learnt_too():
    noise = [MatchInput(title="Петріот", text=f"{'футбол' if n % 2 else '野球の試合'} {n} {FILLER[n]}") for n in range(14)]
    useful = [MatchInput(title="Петріот", text=f"ракета {n} {FILLER[n]}") for n in range(14)]
    clause = only("exclude", suggest(RULE, labelled(noise, useful))).clause
    assert "футбол" in clause
    assert any(pair in clause for pair in ("野球", "球の", "試合", "の試"))


@pytest.mark.parametrize(("noise", "useful"), [(0, 30), (4, 30), (30, 4), (0, 0)])
def test_too_few_marks_are_said_to_be_too_few(noise, useful):
    marks = labelled([article(n, "touchdown") for n in range(noise)], [article(n) for n in range(100, 100 + useful)])
    advice = suggest(RULE, marks)
    assert advice.proposals == ()
    assert advice.missing.startswith(f"too few marks to tell chance from reason: {useful} useful and {noise} noise")


def test_chance_is_not_taken_for_reason():
    """Marks that have nothing to do with the words: of fifty sets hardly one may bring a proposal, and none that is recommended is common."""
    proposed = recommended = 0
    for seed in range(50):
        source = random.Random(seed)
        words = [f"word{n}" for n in range(300)]
        marks = [
            Labelled(article=MatchInput(title="Patriot", text=" ".join(source.sample(words, 40))), useful=source.random() < 0.6, story=n)
            for n in range(60)
        ]
        advice = suggest(RULE, marks)
        proposed += bool(advice.proposals)
        recommended += any(proposal.recommended for proposal in advice.proposals)
    assert proposed <= 3
    assert recommended <= 1


WORDS = st.sampled_from(["touchdown", "missiles", "weekend", "батарея", "岸田首相", "don't", "F-16", "a-b", "AND", "х'у", '"', "or"])


@given(st.lists(st.tuples(st.lists(WORDS, max_size=5), st.booleans(), st.integers(0, 12)), min_size=10, max_size=30))
def test_every_proposal_is_a_rule_that_does_what_its_figures_say(drawn):
    marks = [
        Labelled(article=MatchInput(title="Patriot", text=" ".join(words), feed=f"F{story % 3}"), useful=useful, story=story)
        for words, useful, story in drawn
    ]
    for proposal in suggest(RULE, marks).proposals:
        changed = patched(RULE, proposal)
        query.parse(changed.query or "x")
        book = rules.compile([changed])
        kept = [each for each in marks if book.match(each.article)]
        assert sum(each.useful for each in kept) == proposal.labelled.useful_kept
        assert sum(not each.useful for each in kept) == proposal.labelled.noise_kept


def test_the_statistics_are_those_of_the_textbook():
    assert statistics.fisher(8, 9, 2, 9) == pytest.approx(0.0076, abs=5e-4)  # one-sided
    assert statistics.fisher(0, 5, 0, 5) == 1
    assert statistics.discoveries([0.01, 0.02, 0.03, 0.5], 0.05) == 3
    assert statistics.discoveries([], 0.05) == 0
    assert statistics.upper_bound(0, 30) == pytest.approx(1 - 0.05 ** (1 / 30), abs=1e-9)
    assert statistics.upper_bound(3, 3) == 1
    assert math.isclose(
        sum(statistics.fisher(k, 4, 4 - k, 4) - (statistics.fisher(k + 1, 4, 3 - k, 4) if k < 4 else 0) for k in range(5)), 1
    )
