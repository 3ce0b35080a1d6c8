"""SIGKILL at every labelled step and at random moments, on both stores: nothing is lost, repeats carry their first id.

And the harness itself is put to the test: on builds that were broken on purpose it must turn red.
"""

from __future__ import annotations

import itertools
import os
import random

import pytest

from tests import postgres
from tests.faults.harness import AtLabel, Break, broken_copy, crash, moments
from watcher.daemon import faultpoints

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

SEED = int(os.environ.get("WATCHER_SEED", "20240310"))
MOMENTS = int(os.environ.get("WATCHER_KILLS", "30"))
PATIENCE = {"sqlite": 60.0, "postgresql": 150.0}  # PostgreSQL: what a dead process held comes back when its lease of 30 s runs out
_names = itertools.count(1)


@pytest.fixture(scope="module")
def server():
    try:
        context = postgres.server()
        running = context.__enter__()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    yield running
    context.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request):
    """(URL or None for a file of the run's own, patience)."""
    if request.param == "sqlite":
        return None, PATIENCE["sqlite"]
    return request.getfixturevalue("server").create(f"crash{next(_names)}"), PATIENCE["postgresql"]


def told(report, record_property):
    """Print and record a report; returns its faults."""
    print(report, f"; repeats by kill {report.repeats}")  # noqa: T201  the figures are what a run is for
    for name, value in (
        ("seed", report.seed),
        ("kills", len(report.kills)),
        ("expected", report.expected),
        ("repeats", sum(report.repeats)),
    ):
        record_property(name, value)
    return report.faults


async def test_a_kill_at_every_step_loses_nothing(tmp_path, store, record_property):
    url, patience = store
    labels = [AtLabel(label) for label in faultpoints.LABELS]
    random.Random(SEED).shuffle(labels)
    report = await crash(tmp_path, labels, seed=SEED, database=url, patience=patience)
    assert told(report, record_property) == []


async def test_a_kill_at_the_second_or_third_passage_of_a_step_loses_nothing(tmp_path, record_property):
    rng = random.Random(SEED)
    labels = [AtLabel(label, rng.choice((2, 3))) for label in faultpoints.LABELS]
    report = await crash(tmp_path, labels, seed=SEED + 1, planted=6)
    assert told(report, record_property) == []


async def test_kills_at_random_moments_lose_nothing(tmp_path, store, record_property):
    url, patience = store
    report = await crash(tmp_path, moments(SEED, MOMENTS), seed=SEED + 2, database=url, patience=patience)
    assert told(report, record_property) == []


# -- negative controls: builds that are broken on purpose --------------------------------------------------------------

SENT_BEFORE_SENDING = Break(
    "marked sent before it is sent",
    "daemon/dispatcher.py",
    '            faultpoints.reach("deliveries.rendered")\n',
    "            when = self._runtime.now()\n"
    "            await self._runtime.store.write(lambda conn: store.deliveries.settle(conn, delivery, receipt=Receipt(), next_at=None, now=when))\n"
    '            faultpoints.reach("deliveries.rendered")\n',
)
VALIDATORS_BEFORE_ENTRIES = Break(
    "validators saved before entries",
    "daemon/poller.py",
    "        finished = await self._runtime.store.write(unit, patient=True)\n",
    "        if document is not None and state.baseline_at is not None:\n"
    "            await self._runtime.store.write(lambda conn: store.feeds.finish(conn, after, now=now))\n"
    "        finished = await self._runtime.store.write(unit, patient=True)\n",
)
NO_DEDUPE = Break("no dedupe", "daemon/verdicts.py", "    if verdict.story_id is None:\n", "    if True:\n")


CONTROLS = [
    (SENT_BEFORE_SENDING, "deliveries.rendered", "lost"),
    (VALIDATORS_BEFORE_ENTRIES, "feeds.commit", "lost"),
    (NO_DEDUPE, "entries.matched", "told under another id"),
]


async def control(directory, label, *breaks):
    """Two kills at ``label`` on a copy with ``breaks``; every feed has planted news in both rounds."""
    return await crash(directory, [AtLabel(label)] * 2, seed=SEED, environ=broken_copy(directory, *breaks), patience=30.0, planted=12)


@pytest.mark.parametrize(("broken", "label", "symptom"), CONTROLS, ids=[broken.name.replace(" ", "-") for broken, _, _ in CONTROLS])
async def test_the_harness_turns_red_on_a_build_that_is_broken(tmp_path, broken, label, symptom, record_property):
    found = told(await control(tmp_path, label, broken), record_property)
    assert any(fault.startswith(symptom) for fault in found), f"{broken.name} was not noticed: {found}"


@pytest.mark.parametrize("label", [label for _, label, _ in CONTROLS])
async def test_the_same_kills_on_an_unbroken_copy_stay_green(tmp_path, label, record_property):
    """The controls are red for what they break, not for being copies."""
    assert told(await control(tmp_path, label), record_property) == []
