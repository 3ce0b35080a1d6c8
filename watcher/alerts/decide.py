"""Whether a match is told. Every "no" has a name, and the decision's ``detail`` says what it rests on.

In this order; the first that applies decides::

    the feed's first poll                    BACKFILL
    this very entry was told                 ALREADY_TOLD
    repeat = article, story: this URL was    ALREADY_TOLD
    repeat = story, and the story was:
        the text is a copy                   ALREADY_TOLD     syndicated text is never an update
        updates = none                       ALREADY_TOLD
        nothing new                          ALREADY_TOLD     the same source once more
    fewer independent sources than wanted    TOO_FEW_SOURCES  the match that brings the last one alerts
    a silence                                SILENCED
    no channel is left for it                NO_CHANNEL
    the rule's limit, unless urgent          OVER_LIMIT       told in a summary
    otherwise                                FIRST_SEEN, or UPDATE when the story was told
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.model import AlertId, Decision, Match, Reason, Repeat, Rule, Severity, Silence, Story, Updates
from watcher.text.boundary import ends_word, starts_word
from watcher.text.fold import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the entry that matched.

    ``feed``: the feed's name; ``feed_url`` as configured. ``source``: who says so, for "another source": the article's
    host or, where the story room knows it, the origin of the text; ``official``: a government's or the like. ``sources``: the story's independent sources, this one included.
    ``baseline``: known since the feed's first poll and not within ``backfill``.
    ``news``: what is materially new against the story as told (see ``alerts.novelty``), for updates by a source that was told already.
    ``reached``: whether ``plan.targets`` names any channel. ``title``, ``text``: of the article, for silences by text.
    """

    feed: str
    feed_url: str
    source: str = ""
    story: Story | None = None
    official: bool = False
    sources: int = 1
    baseline: bool = False
    news: tuple[str, ...] = ()
    reached: bool = True
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What this rule has told before: a few indexed look-ups in the alerts whose reason ``tells``.

    ``entry``, ``article``, ``story``: the first alert of this rule for this entry, for this canonical URL, for this story; else None.
    ``sources``: the ``Facts.source`` of this rule's alerts in this story.
    ``in_window``: its alerts with reason FIRST_SEEN or UPDATE in the last ``rule.limit[1]`` seconds (0 without a limit).
    """

    entry: AlertId | None = None
    article: AlertId | None = None
    story: AlertId | None = None
    sources: frozenset[str] = frozenset()
    in_window: int = 0


def decide(match: Match, rule: Rule, *, facts: Facts, told: Told, silences: Iterable[Silence] = (), now: datetime) -> Decision:
    """Return whether ``match`` is told, with the reason.

    :param silences: those of the store, expired ones too.
    """
    say = _Verdicts(rule.name)
    if facts.baseline:
        return say(Reason.BACKFILL, "known since the feed's first poll")
    if (earlier := _repeats(rule, facts, told)) is not None:
        return say(Reason.ALREADY_TOLD, earlier)
    if facts.sources < rule.sources:
        return say(Reason.TOO_FEW_SOURCES, f"{facts.sources} of {rule.sources} independent sources")
    if (silence := find_silence(silences, rule, facts, entities_of(match), now)) is not None:
        until = f"{silence.until_at:%Y-%m-%d %H:%M} UTC"
        said = f"silence {silence.id} by {silence.author} until {until}" + (f": {silence.comment}" if silence.comment else "")
        return replace(say(Reason.SILENCED, said), silence=silence.id)
    if not facts.reached:
        return say(Reason.NO_CHANNEL, "neither the rule nor a route names a channel that exists")
    update = told.story is not None and rule.repeat is Repeat.STORY
    if rule.limit is not None and rule.severity is not Severity.URGENT and told.in_window >= rule.limit[0]:
        return say(Reason.OVER_LIMIT, f"{told.in_window} alerts within {rule.limit[1]:g} s, the limit is {rule.limit[0]}", update=update)
    if update:
        return say(Reason.UPDATE, "; ".join(what_is_new(facts, told)), update=True)
    return say(Reason.FIRST_SEEN, "")


def find_silence(silences: Iterable[Silence], rule: Rule, facts: Facts, entities: Sequence[str], now: datetime) -> Silence | None:
    """Return the first silence in force that matches: every condition that it names must hold, and it must name one.

    ``feed`` may be the feed's name or its URL; ``text`` is words that stand in the headline or the text, whatever their case.
    """
    for silence in silences:
        if (
            silence.until_at > now
            and (silence.rule is None or silence.rule == rule.name)
            and (silence.feed is None or silence.feed in (facts.feed, facts.feed_url))
            and (silence.entity is None or silence.entity in entities)
            and (silence.severity is None or silence.severity == rule.severity)
            and (silence.text is None or says(f"{facts.title}\n{facts.text}", silence.text))
            and any((silence.rule, silence.feed, silence.entity, silence.severity, silence.text))
        ):
            return silence
    return None


def says(text: str, words: str) -> bool:
    """Whether ``words`` stand in ``text`` as whole words, folded as the rules fold them."""
    searched, wanted = (" ".join(fold(part).text.split()) for part in (text, words))
    at = searched.find(wanted) if wanted else -1
    while at >= 0:
        if starts_word(searched, at) and ends_word(searched, at + len(wanted)):
            return True
        at = searched.find(wanted, at + 1)
    return False


def entities_of(match: Match) -> tuple[str, ...]:
    """Return the ids of the entities in a match's evidence, each once, in order."""
    return tuple(dict.fromkeys(e.entity for e in match.evidence if e.entity))


def _repeats(rule: Rule, facts: Facts, told: Told) -> str | None:
    """Return why this would say something twice, or None."""
    if told.entry is not None:
        return f"this entry, as alert {told.entry}"
    if rule.repeat is Repeat.ALWAYS:
        return None
    if told.article is not None:
        return f"this article, as alert {told.article}"
    if rule.repeat is Repeat.ARTICLE or told.story is None:
        return None
    if facts.story is not None and facts.story.copy_of is not None:
        return f"a copy of article {facts.story.copy_of}; the story is alert {told.story}"
    if rule.updates is Updates.NONE:
        return f"the story, as alert {told.story}"
    if facts.source in told.sources and not facts.news:
        return f"the story by the same source, as alert {told.story}"
    return None


def what_is_new(facts: Facts, told: Told) -> tuple[str, ...]:
    """Return what an update of a story says that was not told: another source, then ``facts.news``."""
    kind = "official source" if facts.official else "another source"
    new = () if facts.source in told.sources else (f"{kind}: {facts.source}",)
    return (*new, *facts.news)


@dataclass(frozen=True, slots=True)
class _Verdicts:
    rule: str

    def __call__(self, reason: Reason, detail: str, *, update: bool = False) -> Decision:
        return Decision(rule=self.rule, reason=reason, update=update, detail=detail)
