"""What two sets of rules make of the same articles: counted, sampled and drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from watcher.cli import output

if TYPE_CHECKING:
    from watcher.daemon.verdicts import Verdicts
    from watcher.model import Match
    from watcher.store.archive import Archived

SAMPLES = 5  # of what is added and of what is removed, the newest, by rule
COLUMNS = 60  # of the plot
_BARS = " ▁▂▃▄▅▆▇█"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Days = Iterable[tuple[str, str, int, int]]
"""Rule, channel, day since 1970, number of alerts."""


@dataclass(slots=True)
class Changes:
    """How often something is only with the rules tried, only with the running ones, with both."""

    added: int = 0
    removed: int = 0
    kept: int = 0

    def note(self, before: bool, after: bool) -> None:
        """Count one."""
        if before and after:
            self.kept += 1
        elif after:
            self.added += 1
        elif before:
            self.removed += 1

    def record(self) -> dict[str, int]:
        """For JSON."""
        return {"added": self.added, "removed": self.removed, "kept": self.kept}


@dataclass(slots=True)
class _Rule:
    """What is known of one rule. ``reasons``: of the decisions of the running and of the tried one."""

    status: str
    alerts: Changes = field(default_factory=Changes)
    matches: Changes = field(default_factory=Changes)
    reasons: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    added: list[dict[str, Any]] = field(default_factory=list)
    removed: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    looked: int = 0


class Comparison:
    """Filled article by article; its size goes with the rules and days, not with the archive."""

    def __init__(self, statuses: Mapping[str, str], *, since: datetime, until: datetime) -> None:
        self.statuses, self.since, self.until = dict(statuses), since, until
        self.articles = 0
        self.rules = {name: _Rule(status) for name, status in statuses.items()}
        self._days: tuple[list[tuple[str, str, int, int]], list[tuple[str, str, int, int]]] = ([], [])

    def cost(self, costs: Mapping[str, float]) -> None:
        """Note what rules cost on one article, in seconds."""
        for name, seconds in costs.items():
            if name in self.rules:
                self.rules[name].seconds += seconds
                self.rules[name].looked += 1

    def add(self, row: Archived, before: Verdicts | None, after: Verdicts | None, matches: Iterable[Match]) -> None:
        """Note what both sets of rules decided about one article."""
        was = {decision.rule: decision.reason for decision in before.decisions} if before else {}
        now = {decision.rule: decision.reason for decision in after.decisions} if after else {}
        shown = {match.rule: match for match in matches}
        for name in was.keys() | now.keys():
            rule = self.rules[name]
            rule.matches.note(name in was, name in now)
            for reasons, decided in zip(rule.reasons, (was, now), strict=True):
                if name in decided:
                    reasons[decided[name].value] += 1
            told = (name in was and was[name].tells, name in now and now[name].tells)
            rule.alerts.note(*told)
            if told[0] != told[1]:
                samples = rule.added if told[1] else rule.removed
                reason = (was if told[1] else now).get(name)
                samples.append(_sample(row, shown[name], reason.value if reason else "no_match"))
                del samples[:-SAMPLES]

    def days(self, before: Days, after: Days) -> None:
        """Note what went to each channel, day by day."""
        self._days = (list(before), list(after))

    @property
    def changed(self) -> bool:
        """Whether any alert is added or removed."""
        return any(rule.alerts.added or rule.alerts.removed for rule in self.rules.values())

    # --- for programs ---------------------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """The whole as one object."""
        days = self._calendar()
        return {
            "since": output.when(self.since),
            "until": output.when(self.until),
            "articles": self.articles,
            **self._total("alerts").record(),
            "matches": self._total("matches").record(),
            "rules": [self._rule(name, rule) for name, rule in self.rules.items()],
            "days": [_date(day) for day in days],
            "channels": {
                channel: {"running": [before.get(day, 0) for day in days], "tried": [after.get(day, 0) for day in days]}
                for channel, (before, after) in self._channels().items()
            },
        }

    def _total(self, what: str) -> Changes:
        total = Changes()
        for rule in self.rules.values():
            one: Changes = getattr(rule, what)
            total.added, total.removed, total.kept = total.added + one.added, total.removed + one.removed, total.kept + one.kept
        return total

    def _rule(self, name: str, rule: _Rule) -> dict[str, Any]:
        return {
            "rule": name,
            "status": rule.status,
            **rule.alerts.record(),
            "matches": rule.matches.record(),
            "reasons": {"running": dict(rule.reasons[0]), "tried": dict(rule.reasons[1])},
            "silenced": rule.reasons[1]["silenced"],
            "cost_ms": self._cost(rule),
            "samples": {"added": rule.added[::-1], "removed": rule.removed[::-1]},
        }

    def _cost(self, rule: _Rule) -> float:
        """Milliseconds for a thousand articles, beyond the pass that all rules share."""
        return round(rule.seconds * 1000 / max(1, self.articles) * 1000, 3)

    def _calendar(self) -> range:
        first, last = ((at.astimezone(UTC) - _EPOCH).days for at in (self.since, self.until))
        return range(first, last + 1)

    def _channels(self) -> dict[str, tuple[Counter[int], Counter[int]]]:
        """By channel, what it got each day with the running rules and with those tried."""
        found: dict[str, tuple[Counter[int], Counter[int]]] = {}
        for side, counted in enumerate(self._days):
            for rule, channel, day, count in counted:
                if rule in self.rules:
                    found.setdefault(channel, (Counter(), Counter()))[side][day] += count
        return dict(sorted(found.items()))

    # --- for people -----------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Print tables, a plot and samples."""
        output.say(f"{self.articles:,} articles from {self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC")
        if not self.articles:
            output.say("no article was read in that time; `watcher status` tells how the daemon is")
            return
        if not self.rules:
            output.say("no rule is touched: RULES define nothing that a rule uses")
            return
        output.say()
        output.table(("rule", "", "alerts", "of them", "matches", "silenced", "ms"), self._rows())
        output.say("ms: what the rule tried costs on a thousand articles, beside the pass that all rules share")
        self._plot()
        for name, rule in self.rules.items():
            for sign, what, samples in (("+", "added", rule.added), ("-", "removed", rule.removed)):
                if samples:
                    output.say(f"\n{name}, {what}:")
                for sample in reversed(samples):
                    output.say(f"  {sign} {sample['title']}  ({sample['url'] or sample['id']}){_why(sample['otherwise'])}")
                    if sample["sentence"]:
                        output.say(f"    {' '.join(sample['sentence'].split())}")

    def _rows(self) -> Iterable[Sequence[object]]:
        for name, rule in self.rules.items():
            alerts, matches = rule.alerts, rule.matches
            before, after = alerts.removed + alerts.kept, alerts.added + alerts.kept
            seen = (matches.removed + matches.kept, matches.added + matches.kept)
            yield (
                name, rule.status, f"{before} → {after}", f"+{alerts.added} -{alerts.removed} ={alerts.kept}", f"{seen[0]} → {seen[1]}",
                rule.reasons[1]["silenced"] or "", self._cost(rule),
            )  # fmt: skip

    def _plot(self) -> None:
        """One line a channel and set of rules, one column a day, or several days where there are many."""
        channels, days = self._channels(), self._calendar()
        if not channels:
            return
        each = -(-len(days) // COLUMNS)
        columns = [range(start, min(start + each, days.stop)) for start in range(days.start, days.stop, each)]
        unit = "a day" if each == 1 else f"every {each} days"
        output.say(f"\nalerts {unit}, {_date(days.start)} to {_date(days.stop - 1)}:")
        width = max(map(len, channels))
        for channel, sides in channels.items():
            drawn = [[sum(side[day] for day in column) for column in columns] for side in sides]
            most = max(map(max, drawn))
            for label, counts in zip(("running", "tried"), drawn, strict=True):
                line = "".join(_bar(count, most) for count in counts)
                output.say(
                    f"  {channel if label == 'running' else '':{width}}  {label:7}  {line}  {sum(counts)} in all, at most {max(counts)}"
                )


def _bar(count: int, most: int) -> str:
    """A block as high as ``count`` is of ``most``; whatever is not nothing is seen."""
    return _BARS[0] if not count else _BARS[max(1, round(count / most * (len(_BARS) - 1)))]


def _sample(row: Archived, match: Match, otherwise: str) -> dict[str, Any]:
    sentence = next((evidence.sentence for evidence in match.evidence if evidence.sentence), "")
    return {
        "id": row.entry_id,
        "title": row.title,
        "url": row.url,
        "feed": row.feed_name or row.feed_title or row.feed_url,
        "at": output.when(row.added_at),
        "sentence": sentence,
        "otherwise": otherwise,
    }


def _why(otherwise: str) -> str:
    """Where the other rules matched too, why they did not tell."""
    return "" if otherwise == "no_match" else f" (otherwise {otherwise})"


def _date(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day):%Y-%m-%d}"
