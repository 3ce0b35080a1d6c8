"""Texts made for the tests: articles that nobody wrote, different from each other, alike where a test wants it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from watcher.model import EntryId, StoryId
from watcher.stories import Candidate, Verdict
from watcher.stories.sketch import sketch

START = datetime(2024, 3, 10, 12, tzinfo=UTC)
WORDS = """
minister said talks on defence industry would continue in spring after officials from both countries met to discuss
production repair ships export rules budget parliament committee report analysts expect supply chain partners company factory workers region
city river market prices energy grid winter harvest grain port railway bridge school hospital election vote court judge
police season weather storm
""".split()  # noqa: SIM905 - a vocabulary reads best as words
JAPANESE = (
    "政府と企業は新しい協力について話し合いを続けている防衛装備の修理や弾薬の生産を増やす計画が春までにまとまる見通しだ首相は来月訪米する"
)
RUSSIAN = "правительство сообщило что переговоры о сотрудничестве продолжатся весной после встречи министров двух стран и совместного заявления для прессы".split()  # noqa: SIM905


def prose(seed: object, words: int = 400, vocabulary: list[str] = WORDS) -> str:
    """A text of its own for each seed, in sentences of a dozen words, one paragraph for each four."""
    dice = random.Random(f"prose {seed}")
    made = [dice.choice(vocabulary) for _ in range(words)]
    sentences = [" ".join(made[at : at + 12]).capitalize() + "." for at in range(0, words, 12)]
    return "\n".join(" ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4))


def kana(seed: object, characters: int = 600) -> str:
    dice = random.Random(f"kana {seed}")
    return "".join(dice.choice(JAPANESE) + ("。" if dice.random() < 0.05 else "") for _ in range(characters))


def article(
    number: int, text: str, *, title: str = "", host: str = "", url: str | None = None, hours: float = 0, story: int | None = None
) -> Candidate:
    return Candidate(
        article_id=EntryId(number),
        sketch=sketch(title, text),
        at=START + timedelta(hours=hours),
        title=title or f"Headline of article number {number} tells of something",
        host=host or f"h{number}.example",
        canonical_url=url,
        story_id=None if story is None else StoryId(story),
    )


def is_new(verdict: Verdict) -> bool:
    return verdict == Verdict()
