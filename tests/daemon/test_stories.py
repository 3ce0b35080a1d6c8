"""Stories in the database, on both kinds of it: told once, sources counted once, moved by hand, the same after a restart and for two processes."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.store.factories import NOW, claim_entries, document, poll, seeds
from watcher.daemon import verdicts
from watcher.daemon.mirror import Mirror
from watcher.model import AlertId, Article, ChannelPolicy, Evidence, Feed, Match, Reason, Rule
from watcher.store import Store, alerts, byhand, feeds, stories
from watcher.stories import credit
from watcher.stories.sketch import sketch
from watcher.text.sentences import around

FIRE = (
    "Fire destroys historic dairy in Palmer",
    """A fast-moving fire destroyed the Matanuska Maid dairy in Palmer early on Tuesday. Firefighters of the Palmer Fire Department were called at 3:33 a.m.
Nobody was hurt. The warehouse, built in 1936, had stood empty since the dairy closed, Chief John McNutt said. He put the damage at $1.2 million. The state
had sold it a week before. Neighbours in Colony Village saw flames of sixty feet, and Borough Mayor Larry DeVilbiss spoke of a landmark that was lost.""",
)
SAME_FIRE = (
    "Old Mat Maid warehouse burns down",
    """PALMER. Nothing is left of the old Matanuska Maid warehouse after a blaze before dawn. According to John McNutt, who leads the Palmer Fire Department,
the building of 1936 was past saving when his crews came. No injuries were reported from the dairy; investigators do not rule out arson. It cost 450 dollars.""",
)
OTHER = (
    "Talks in Nagoya end",
    "Prime Minister Kishida left Nagoya without a word on the budget, NTV and others said. The Diet votes on Friday.",
)


@dataclass
class Rules:
    """What is asked of a configuration."""

    rules: Any
    policies: Any = field(default_factory=lambda: {"desk": ChannelPolicy(name="desk", type="email")})
    entities: Any = field(default_factory=dict)
    routes: Any = ()


EVERYTHING = Rules({"fires": Rule(name="fires", query="fire")})


class Desk:
    """Reads articles as the reader does, without feeds and pages."""

    def __init__(self, store: Store, rules: Rules = EVERYTHING) -> None:
        self.store, self.rules, self.mirror = store, rules, Mirror(store)
        self.count = 0
        store.write_now(lambda conn: feeds.sync(conn, seeds(1), now=NOW))

    def claim(self) -> Any:
        self.count += 1
        identity = f"e{self.count}"
        at = NOW + timedelta(minutes=self.count)
        self.store.write_now(lambda conn: poll(conn, document(identity), now=at))
        return self.store.write_now(lambda conn: claim_entries(conn, now=at))[0]

    def reading(self, claimed: Any, what: tuple[str, str], host: str) -> verdicts.Reading:
        title, text = what
        begin, end = around(text, 0, 10)
        evidence = Evidence(
            field="body", start=0, end=1, text=text[:1], term="fire", sentence=text[begin:end] + text[-60:], sentence_start=begin
        )
        article = Article(title=title, text=text, url=f"https://{host}/{claimed.id}")
        return verdicts.Reading(
            claimed=claimed,
            feed=Feed(url="https://h0.example/0"),
            feed_name="Feed",
            article=article,
            matches=tuple(Match(rule=name, evidence=(evidence,)) for name in self.rules.rules),
            sketch=sketch(title, text, year=NOW.year),
            canonical_url=article.url,
            source=host,
            entities=(),
            origin=credit.origin(text, host),
        )

    def read(self, what: tuple[str, str], host: str) -> verdicts.Verdicts:
        reading = self.reading(self.claim(), what, host)
        at = NOW + timedelta(minutes=self.count)
        settled = self.store.write_now(lambda conn: verdicts.settle(conn, reading, self.rules, self.mirror, now=at))
        assert settled is not None
        return settled

    def sources(self, story: int) -> int:
        return self.store.read_now(lambda conn: stories.view(conn, story)).sources  # type: ignore[arg-type]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def cut(text: str) -> str:
    words = text.split()
    return " ".join(words[: 2 * len(words) // 3])


def test_copies_never_change_the_number_of_sources(desk: Desk):
    """However many sites print one text, whole, cut or with a line of their own, and in whatever order."""
    story = desk.read(FIRE, "wire.example").story.id
    desk.read(SAME_FIRE, "own.example")
    assert desk.sources(story) == 2
    dice = random.Random(1)
    for number in range(8):
        title, text = dice.choice([FIRE, SAME_FIRE])
        changed = dice.choice([text, cut(text), f"{text} Subscribe to our letter.", f"By our staff. {text}"])
        settled = desk.read((f"{title}, reports say", changed), f"copy{number}.example")
        assert settled.story.id == story
        assert settled.story.copy_of is not None
        assert desk.sources(story) == 2


def test_who_credits_an_agency_that_is_there_already_is_no_further_source(desk: Desk):
    story = desk.read(("Fire in Palmer", f"PALMER, Aug 7 (Reuters) - {FIRE[1]}"), "reuters.com").story.id
    settled = desk.read(("Warehouse lost", f"{SAME_FIRE[1][:120]} Reuters reported. {SAME_FIRE[1][120:]}"), "b.example")
    assert (settled.story.id, settled.story.basis) == (story, "event")
    assert desk.sources(story) == 1
    assert [decision.reason for decision in settled.decisions] == [Reason.UPDATE], "it has other numbers, so it is news all the same"
    assert "source" not in settled.decisions[0].detail


def test_an_update_says_what_is_new(desk: Desk):
    first, second = desk.read(FIRE, "a.example"), desk.read(SAME_FIRE, "palmer.gov")
    assert [d.reason for d in first.decisions] == [Reason.FIRST_SEEN]
    (alert,) = second.alerts
    assert (alert.update, alert.payload["story"]["update"]) == (True, True)
    assert alert.payload["story"]["sources"] == 2
    assert alert.payload["context"]["news"] == ["official source: palmer.gov", "450"]
    assert second.story.near == first.alerts[0].entry_id


def test_the_same_source_with_nothing_new_is_not_told(desk: Desk):
    desk.read(FIRE, "a.example")
    again = desk.read(
        ("Dairy in Palmer lost to fire", FIRE[1] + " " + " ".join(f"More on it, part {word}." for word in "abcdefgh")), "a.example"
    )
    assert [d.reason for d in again.decisions] == [Reason.ALREADY_TOLD]


def test_a_rule_that_asks_for_two_sources_waits_for_the_second(store: Store):
    desk = Desk(store, Rules({"fires": Rule(name="fires", query="fire", sources=2)}))
    assert [d.reason for d in desk.read(FIRE, "a.example").decisions] == [Reason.TOO_FEW_SOURCES]
    assert [d.reason for d in desk.read(("Copy of it", cut(FIRE[1])), "b.example").decisions] == [Reason.TOO_FEW_SOURCES]
    reached = desk.read(SAME_FIRE, "c.example")
    assert [(d.reason, d.update) for d in reached.decisions] == [(Reason.FIRST_SEEN, False)]


def test_what_was_split_by_hand_stays_apart_and_its_copies_follow(desk: Desk):
    one, two = desk.read(FIRE, "a.example"), desk.read(SAME_FIRE, "b.example")
    assert two.story.id == one.story.id
    moved = two.alerts[0].entry_id
    assert moved is not None
    made = desk.store.write_now(lambda conn: byhand.split(conn, [moved], now=NOW))
    assert made != one.story.id
    assert desk.sources(one.story.id) == desk.sources(made) == 1
    copy = desk.read(("The same again", cut(SAME_FIRE[1])), "c.example")
    assert copy.story.id == made
    assert [d.reason for d in copy.decisions] == [Reason.ALREADY_TOLD], "what was told of it went along"
    again = Desk.__new__(Desk)
    again.__dict__.update(desk.__dict__, mirror=Mirror(desk.store))
    assert again.read(("And again", cut(SAME_FIRE[1])), "d.example").story.id == made, "after a restart too"


def test_what_was_joined_by_hand_is_one_story_and_told_once(desk: Desk):
    one, two = desk.read(FIRE, "a.example"), desk.read(OTHER, "b.example")
    assert two.story.new
    assert desk.store.write_now(lambda conn: byhand.join(conn, one.story.id, two.story.id, now=NOW)) == 1
    assert desk.sources(one.story.id) == 2
    copy = desk.read((OTHER[0], OTHER[1]), "c.example")
    assert copy.story.id == one.story.id
    shown = desk.store.read_now(lambda conn: byhand.show(conn, two.story.id))
    assert shown is not None
    assert (shown["id"], len(shown["articles"]), len(shown["alerts"])) == (one.story.id, 3, 2)


def test_a_mirror_that_starts_anew_decides_the_same(store: Store):
    """Half of a stream is read, then everything in memory is lost: no story comes out otherwise."""
    stream = [(f"{n} {title}", text.replace("1936", str(1936 + n % 7))) for n in range(6) for title, text in (FIRE, SAME_FIRE, OTHER)]
    desk = Desk(store)
    told = [desk.read(what, f"h{n % 5}.example").story for n, what in enumerate(stream)]
    placed = {story.id for story in told}
    fresh = Mirror(store)
    for n, what in enumerate(stream):
        reading = desk.reading(replace(desk.claim(), epoch=0), what, f"x{n}.example")
        candidate = verdicts.candidate_of(reading, now=NOW + timedelta(hours=1))
        verdict = [store.write_now(lambda conn, m=mirror, c=candidate: m.decide(conn, c)) for mirror in (desk.mirror, fresh)]
        assert verdict[0] == verdict[1]
        assert verdict[0].story_id in placed


RACERS = 4


@pytest.fixture
def several(url: str) -> Iterator[list[Store]]:
    """Connections of several processes on PostgreSQL; on SQLite, which has one daemon, its writer from several threads."""
    first = Store.open(url)
    others = [Store.open(url) for _ in range(RACERS - 1)] if url.startswith("postgresql") else []
    yield [first, *(others or [first] * (RACERS - 1))]
    for opened in (first, *others):
        opened.close()


def test_copies_that_arrive_together_are_one_story_with_one_first_alert(several: list[Store]):
    """Copies of two reports, settled at the same moments by processes with mirrors of their own: again and again one story, told first once."""
    desks = [Desk(each) for each in several]
    rounds = 5
    several[0].write_now(lambda conn: poll(conn, document(*(f"e{n}" for n in range(RACERS * rounds)))))
    claims = several[0].write_now(claim_entries)
    found: list[tuple[int, verdicts.Verdicts]] = []
    barrier = threading.Barrier(RACERS, timeout=20)

    def work(which: int) -> None:
        desk = desks[which]
        for turn in range(rounds):
            at = NOW + turn * timedelta(days=30)  # beyond the window: each round opens a story of its own
            reading = desk.reading(claims[turn * RACERS + which], (FIRE, SAME_FIRE)[which % 2], f"h{which}.example")
            barrier.wait()
            settled = desk.store.write_now(lambda conn, r=reading, at=at: verdicts.settle(conn, r, EVERYTHING, desk.mirror, now=at))
            assert settled is not None
            found.append((turn, settled))

    threads = [threading.Thread(target=work, args=(which,)) for which in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == RACERS * rounds
    for turn in range(rounds):
        settled = [each for number, each in found if number == turn]
        assert len({each.story.id for each in settled}) == 1, turn
        assert sum(each.story.new for each in settled) == 1, turn
        assert sum(d.reason is Reason.FIRST_SEEN for each in settled for d in each.decisions) == 1, turn


def test_of_processes_that_did_not_see_each_other_only_one_tells_the_story_first(several: list[Store]):
    """The last line of defence: the claim itself, should the order of decisions ever fail."""
    story = several[0].write_now(lambda conn: stories.create(conn, title="A fire", now=NOW))
    barrier, won = threading.Barrier(RACERS, timeout=20), []

    def claim(which: int) -> None:
        for rule in "abcdefgh":
            barrier.wait()
            if several[which].write_now(lambda conn, rule=rule: alerts.claim_first(conn, rule, story, AlertId(f"{which:032x}"))):
                won.append(rule)

    threads = [threading.Thread(target=claim, args=(which,)) for which in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(won) == list("abcdefgh")
