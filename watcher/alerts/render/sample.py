"""An alert of nothing, for `channels preview` and for trying templates: everything that an alert can have, it has."""

from __future__ import annotations

from datetime import datetime, timedelta

from watcher.alerts import payload
from watcher.model import (
    Alert,
    Article,
    Decision,
    Entity,
    Evidence,
    Feed,
    Match,
    Reason,
    Rule,
    Severity,
    StoryId,
    StoryView,
)

_SENTENCE = "Germany sends a third Patriot battery to Kyiv, and 40,000 artillery shells are to follow before the winter."
_SECOND = "The minister said that ammunition & spare parts would come from several countries."
_HEADLINES = (
    "Germany sends a third Patriot battery to Kyiv",
    "Kyiv: artillery shells from three countries are on their way",
    "岸田首相、防空ミサイルの輸出方針を表明",
    "Ministers <meet> on ammunition & spare parts",
    "Україна отримає третю батарею Patriot",
)
_ENTITIES = {"patriot": Entity(id="patriot", name="MIM-104 Patriot", kind="weapon")}


def sample(now: datetime, number: int = 0) -> Alert:
    """Return a made-up alert; those of different numbers differ in headline, severity and story."""
    rule = Rule(name="sample-rule", severity=list(Severity)[(2 - number) % 3])
    title = _HEADLINES[number % len(_HEADLINES)]
    article = Article(
        title=title,
        text=f"{_SENTENCE} {_SECOND}",
        url=f"https://news.example.org/world/sample-{number}",
        author="A. Writer",
        language="en",
        published_at=now - timedelta(minutes=7 + number),
        note="This is a sample: nothing has happened.",
    )
    update = number % 3 == 1
    return payload.alert(
        Decision(rule=rule.name, reason=Reason.UPDATE if update else Reason.FIRST_SEEN, update=update),
        rule,
        Match(rule=rule.name, evidence=_evidence(), score=8.0),
        article,
        feed=Feed(url="https://news.example.org/rss", name="Example News", tags=("ukraine",)),
        identity=f"sample-{number}",
        first_seen_at=now - timedelta(minutes=5),
        story=StoryView(
            id=StoryId(1 + number // 2),
            articles=7 - number % 3,
            sources=3,
            others=(("Another House", "https://another.example/1", "another.example"),),
        ),
        entities=_ENTITIES,
        news=("another source: news.example.org", "40,000") if update else (),
        now=now,
    )


def _evidence() -> tuple[Evidence, ...]:
    found = []
    for word, sentence, offset, entity in (
        ("Patriot", _SENTENCE, 0, "patriot"),
        ("artillery shells", _SENTENCE, 0, None),
        ("ammunition", _SECOND, len(_SENTENCE) + 1, None),
    ):
        start = offset + sentence.index(word)
        found.append(
            Evidence(
                field="body",
                start=start,
                end=start + len(word),
                text=word,
                term=word,
                entity=entity,
                sentence=sentence,
                sentence_start=offset,
            )
        )
    return tuple(found)
