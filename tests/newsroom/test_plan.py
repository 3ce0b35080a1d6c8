"""A plan is its seed's alone, and says truly what must arrive."""

from __future__ import annotations

from itertools import islice

from watcher import stories
from watcher.newsroom.plan import WORDS, Plan, code_of, codes_in


def rounds(seed, count=4, **kw):
    plan = Plan(seed, **kw)
    return [plan.baseline, *islice(plan.rounds(), count)]


def test_the_same_seed_gives_the_same_plan():
    assert rounds(7) == rounds(7)
    assert rounds(7) != rounds(8)


def test_a_code_is_told_exactly_when_its_text_has_a_planted_word():
    for round_ in rounds(1)[1:]:
        for piece in round_.pieces:
            assert (code_of(piece) in round_.told) == any(word in piece.text for word in WORDS)
        assert not round_.told & round_.quiet


def test_headline_and_text_carry_the_piece_s_own_code_and_the_teaser_gives_nothing_away():
    for round_ in rounds(2):
        for piece in round_.pieces:
            assert codes_in(piece.headline) == codes_in(piece.text) == {code_of(piece)}
            assert not any(word in f"{piece.headline} {piece.teaser}" for word in WORDS)


def test_copies_are_near_and_other_stories_far_for_the_sketch():
    sketches = {}
    for round_ in rounds(3, count=6):
        for piece in round_.pieces:
            sketches.setdefault(code_of(piece), []).append(frozenset(hashes(piece)))
    pairs = [(a, b) for a in sketches for b in sketches if a < b]
    assert max(len(x & y) for a, b in pairs for x in sketches[a] for y in sketches[b]) < 4
    copied = [pair for pair in sketches.values() if len(pair) == 2]
    assert copied
    assert all(len(x & y) / min(len(x), len(y)) > 0.6 for x, y in copied)


def hashes(piece):
    return stories.sketch.unpack(stories.sketch.sketch(piece.headline, piece.text)).hashes.tolist()
