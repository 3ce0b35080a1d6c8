"""The etiquette meter over two simulated days with three restarts, and clients without manners, which it must catch.

The whole week of two hundred feeds is ``bench/etiquette.py``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.etiquette import meter, simulation
from tests.etiquette.meter import DAY, HOUR, Press
from tests.etiquette.simulation import Asked, SimulatedClient, Simulation

FEEDS, DAYS = 45, 2.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Press, list[Asked]]:
    press = Press(FEEDS, DAYS)
    site = simulation.run(lambda: meter.live(press, tmp_path_factory.mktemp("week"), stops=(0.5, 0.9, 1.4), away=2 * HOUR))
    return press, site.log


def test_two_days_of_polling_give_the_servers_no_cause_for_complaint(world: tuple[Press, list[Asked]]) -> None:
    press, log = world
    assert meter.judge(log, press) == []
    assert len(log) > FEEDS * DAYS * DAY / meter.LONGEST
    assert {asked.status for asked in log} >= {200, 301, 304, 403, 404, 429, 503}, "every server has had its say"
    assert len({told.host for told in press.told}) == len(press.hosts)


@pytest.mark.parametrize(
    "lapse",
    ["forgets", "invents", "mixes up", "hurries", "ignores a pause", "crowds", "cookie", "parameter", "referrer", "anonymous", "gives up"],
)
def test_each_lapse_is_caught(world: tuple[Press, list[Asked]], lapse: str) -> None:
    """Controls: the honest log with one thing changed."""
    press, honest = world
    log = list(honest)
    at = next(n for n, asked in enumerate(log) if asked.header(b"if-none-match") and n > 500)
    asked = log[at]
    others = [(name, value) for name, value in asked.headers if name.lower() != b"if-none-match"]
    changed = {
        "forgets": replace(asked, headers=tuple(others)),
        "invents": replace(asked, headers=(*others, (b"If-None-Match", b'"1"'))),
        "mixes up": replace(asked, headers=(*others, (b"If-None-Match", (asked.header(b"if-none-match") or b"").replace(b"W/", b"")))),
        "cookie": replace(asked, headers=(*asked.headers, (b"Cookie", b"visitor=1"))),
        "referrer": replace(asked, headers=(*asked.headers, (b"Referer", b"http://127.0.0.1/"))),
        "parameter": replace(asked, path=asked.path + "&_=1"),
        "anonymous": replace(asked, headers=tuple((name, b"Python" if name == b"User-Agent" else value) for name, value in asked.headers)),
    }
    if lapse in changed:
        log[at] = changed[lapse]
    elif lapse == "hurries":
        log.insert(at + 1, replace(asked, at=asked.at + 60))
    elif lapse == "crowds":
        log.insert(at + 1, replace(asked, at=asked.at + 0.01))
    elif lapse == "ignores a pause":
        told = press.told[0]
        log.append(replace(next(a for a in log if a.host == told.host), at=told.at + HOUR))
    else:
        log = [each for each in log if each.path != asked.path or each.at < HOUR * 8]
    assert meter.judge(log, press)


class Forgetful(SimulatedClient):
    """A client that never sends a validator."""

    async def get(self, url: str, **kwargs: Any) -> Any:
        return await super().get(url, **kwargs | {"conditional": None})


class Rude(Simulation):
    client = Forgetful


def test_a_client_without_validators_is_caught(tmp_path: Path) -> None:
    press = Press(10, 0.5)
    site = simulation.run(lambda: meter.live(press, tmp_path, simulation=Rude))
    found = meter.judge(site.log, press)
    assert any("held was" in lapse for lapse in found)
    assert any("sent again" in lapse for lapse in found)
