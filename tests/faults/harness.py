"""The crash harness: the real daemon is killed again and again, and what arrived is compared with what should have.

The oracle is outside. What *should* arrive follows from the plan's seed; what *did* arrive stands in the ledger that the
receivers write before they acknowledge. The daemon's database is never asked.

A run prints its seed; the same seed gives the same plan, the same kills and the same failures of receivers.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import watcher
from tests.e2e.world import HOOK, MAIL, SINKS, SLACK, World, world
from tests.faults.disk import Disk
from watcher.newsroom import Trouble, ledger
from watcher.newsroom.plan import Plan, codes_in

IN_FLIGHT = 32
"""Deliveries that a process may have in flight, so what one kill may repeat (DESIGN.md section 8)."""

SLACK_PACE = 1.2
"""Seconds that each message to Slack may take: a channel gets about one a second (RELIABILITY 2.1)."""


@dataclass(frozen=True, slots=True)
class AtLabel:
    """Death at the ``count``-th passage of a labelled step (``watcher.daemon.faultpoints``)."""

    label: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.label}:{self.count}"


@dataclass(frozen=True, slots=True)
class AtMoment:
    """Death ``seconds`` after the first request that follows the start."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.3f}s"


@dataclass(frozen=True, slots=True)
class PowerCut:
    """Death like :class:`AtMoment`, and the disk under the database is left as it was at that moment."""

    seconds: float
    disk: Disk

    def __str__(self) -> str:
        return f"power cut at {self.seconds:.3f}s"


Kill = AtLabel | AtMoment | PowerCut


@dataclass
class Report:
    """What a run showed. ``lost``, ``forbidden``, ``renamed`` name sink and code; all of them must be empty.

    ``repeats``: for each kill, the messages that came again after it. ``unreached``: labels at which nobody died.
    """

    seed: int
    expected: int = 0
    kills: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    status: int | None = None

    @property
    def faults(self) -> list[str]:
        """Everything that breaks the promise, in words."""
        worst = [
            f"{count} repeats after kill {kill}" for kill, count in zip(self.kills, self.repeats[1:], strict=True) if count > IN_FLIGHT
        ]
        worst += [f"{self.repeats[0]} repeats before the first kill"] if self.repeats[0] else []
        return [
            *(f"lost: {what}" for what in self.lost),
            *(f"never to be told: {what}" for what in self.forbidden),
            *(f"told under another id: {what}" for what in self.renamed),
            *(f"nobody died at {what}" for what in self.unreached),
            *worst,
            *([f"the last start ended with {self.status}"] if self.status != 0 else []),
        ]

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {len(self.kills)} kills, {self.expected} messages expected, {len(self.lost)} lost, {sum(self.repeats)} repeats "
            f"(worst {max(self.repeats)} a kill), {len(self.renamed)} with another id, {len(self.forbidden)} never to be told"
        )


async def crash(
    directory: Path,
    kills: Sequence[Kill],
    *,
    seed: int,
    database: str | None = None,
    environ: Mapping[str, str] | None = None,
    patience: float = 60.0,
    feeds: int = 4,
    planted: int = 3,
) -> Report:
    """Kill the daemon once for each of ``kills``, each in a round of fresh news; then let it finish, and judge.

    :param database: its URL; default: a SQLite file in ``directory``.
    :param environ: for the daemon, e.g. PYTHONPATH of a broken copy.
    :param patience: seconds for a labelled step to be reached, and for everything to arrive at the end.
    """
    plan, rng = Plan(seed, feeds=feeds, planted=planted), random.Random(seed)
    report = Report(seed, kills=[str(kill) for kill in kills])
    moments: list[float] = []
    told: set[str] = set()
    async with world(directory, outlets=plan.outlets, database=database, environ=environ) as w:
        w.write()
        w.room.publish(*plan.baseline.pieces)
        await w.begin()
        await w.daemon.kill()
        _plant_troubles(w, rng)
        for kill, round_ in zip(kills, islice(plan.rounds(), len(kills)), strict=True):
            w.room.publish(*round_.pieces)
            told |= round_.told
            died = await _die(w, kill, patience)
            if not died:
                report.unreached.append(str(kill))
            moments.append(time.time())
        w.room.lift()
        w.daemon.start()
        complete = await w.arrives_all(told, patience + SLACK_PACE * len(told))
        await w.room.polled(times=2, seconds=patience)
        await w.settled(3.0 if complete else 0.0)
        report.status = await w.daemon.stop(10)
    _judge(report, list(ledger.read(directory / "ledger.jsonl")), told, moments)
    return report


def _plant_troubles(w: World, rng: random.Random) -> None:
    """Each receiver fails once, somewhere on the way: no delivery twice, or the ladder would make it wait five minutes."""
    w.room.plant(w.room.hook("siem"), Trouble(status=503, retry_after="1", after=rng.randrange(6), times=1))
    w.room.plant(w.room.slack("chat"), Trouble(status=500, body=b"rollup_error", after=rng.randrange(6), times=1))
    w.room.plant("smtp/data", Trouble(status=451, after=rng.randrange(6), times=1))


async def _die(w: World, kill: Kill, patience: float) -> bool:
    """Start the daemon and see it die; returns whether it died as it was told to."""
    if isinstance(kill, AtLabel):
        w.daemon.start(WATCHER_FAULT=str(kill))
        status = await w.daemon.wait(patience)
        if status is None:
            await w.daemon.kill()
        return status == -9
    seen = len(w.room.requests)
    w.daemon.start()
    await w.room.until(lambda: len(w.room.requests) > seen or not w.daemon.alive, patience)
    await asyncio.sleep(kill.seconds)
    alive = w.daemon.alive
    if isinstance(kill, PowerCut):
        await asyncio.to_thread(kill.disk.snapshot)
    await w.daemon.kill()
    if isinstance(kill, PowerCut):
        w.daemon.end()  # its workers too: nobody may hold the disk
        kill.disk.cut()
    return alive


def _judge(report: Report, lines: Iterable[dict], told: set[str], moments: list[float]) -> None:
    """Fill in the report from the receivers' ledger."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    seen: Counter[tuple[str, str]] = Counter()
    report.expected = len(told) * len(SINKS)
    report.repeats = [0] * (len(moments) + 1)
    for line in lines:
        codes = codes_in(line["text"])
        if len(codes) != 1 or not codes <= told:
            report.forbidden.append(f"{line['sink']}: {sorted(codes) or line['text'][:200]}")
            continue
        key = (line["sink"], *codes)
        if seen[key]:
            report.repeats[sum(moment < line["at"] for moment in moments)] += 1
        seen[key] += 1
        ids[key].add(line["id"])
    report.lost = [f"{sink} {code}" for sink in SINKS for code in sorted(told) if not seen[sink, code]]
    report.renamed = [f"{sink} {code}: {sorted(found)}" for (sink, code), found in ids.items() if len(found) > 1 and sink in (MAIL, HOOK)]


def moments(seed: int, count: int, longest: float = 3.0) -> list[Kill]:
    """``count`` random moments, the same for the same seed."""
    rng = random.Random(seed)
    return [AtMoment(rng.uniform(0.0, longest)) for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Break:
    """A build broken on purpose: in ``file``, ``old`` becomes ``new``."""

    name: str
    file: str
    old: str
    new: str


def broken_copy(directory: Path, *breaks: Break) -> Mapping[str, str]:
    """Copy the package below ``directory``, break the copy, and return the environment that runs it.

    A patch that no longer applies is an error: a control that controls nothing must not pass.
    """
    source = Path(watcher.__file__).parent
    target = directory / "broken" / "watcher"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for one in breaks:
        path = target / one.file
        text = path.read_text()
        assert text.count(one.old) == 1, f"{one.name}: {one.file} has its place {text.count(one.old)} times"
        path.write_text(text.replace(one.old, one.new))
    return {"PYTHONPATH": str(target.parent), "PYTHONDONTWRITEBYTECODE": "1"}


__all__ = ["HOOK", "MAIL", "SINKS", "SLACK", "AtLabel", "AtMoment", "Break", "PowerCut", "Report", "broken_copy", "crash", "moments"]
