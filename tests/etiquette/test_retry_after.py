"""A server that asks to be left alone is left alone: by every feed and page of the host, and after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from tests.etiquette import simulation
from tests.etiquette.simulation import Answer, Simulation, Site
from watcher.errors import BadStatus, FetchError
from watcher.feeds import hosts
from watcher.net import retry_after

FEED = b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><guid>1</guid><title>One</title></item></channel></rss>'
SHORTEST, LONGEST = timedelta(minutes=2), timedelta(hours=6)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_holds_for_all_feeds_of_the_host_and_over_a_restart(tmp_path: Path, status: int) -> None:
    """Two feeds of one host, one of another; the first is told to wait an hour, and the daemon starts again meanwhile."""

    async def main() -> None:
        def answer(host: str, path: str, _request: web.BaseRequest) -> Answer:
            if path == "/a" and simulation.loop().time() > 1000 and not told:
                told.append(simulation.loop().time())
                return Answer(status, headers=[("Retry-After", "3600")])
            return Answer(200, FEED)

        told: list[float] = []
        site = Site(answer)
        async with site.serve(["127.0.0.2", "127.0.0.3"]):
            world = Simulation(tmp_path)
            feeds = [("127.0.0.2", "/a"), ("127.0.0.2", "/b"), ("127.0.0.3", "/c")]
            world.configure(
                'min_interval = "1m"\nmax_interval = "2h"', [f'[[feeds]]\nurl = "{site.url(*each)}"\ninterval = "5m"' for each in feeds]
            )
            await world.run(2000)
            await world.run(6000)
        (at,) = told
        after = [each for each in site.log if each.at > at]
        assert min(each.at for each in after if each.path == "/b") >= at + 3600
        assert min(each.at for each in after if each.path == "/a") >= at + 3600
        assert sum(each.host == "127.0.0.3" for each in after) > 15, "the other host goes on"

    simulation.run(main)


def status(code: int, wait: timedelta | None) -> BadStatus:
    return BadStatus("https://example.org/", status=code, retry_after=wait)


def test_a_pause_is_clamped_to_the_intervals_and_meant_for_the_host_only_where_it_can_be() -> None:
    def pause(error: FetchError, *, worked: bool = True) -> timedelta | None:
        return hosts.pause_of(error, shortest=SHORTEST, longest=LONGEST, worked=worked)

    hour = timedelta(hours=1)
    assert pause(status(429, hour)) == pause(status(503, hour)) == pause(status(403, hour)) == hour
    assert pause(status(503, timedelta(days=400))) == LONGEST
    assert pause(status(503, timedelta(0))) == SHORTEST
    assert pause(status(429, None)) == SHORTEST, "429 is about us, also without a time"
    assert pause(status(403, None)) == SHORTEST, "403 where there was a document before is a rate limit"
    assert pause(status(403, None), worked=False) is None
    assert pause(status(503, None)) is None
    assert pause(status(404, hour)) is None, "a missing document says nothing about its neighbours"
    assert pause(FetchError("https://example.org/", "timeout")) is None


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (["120"], 120),
        ([" 120 "], 120),
        (["1.5"], 1),
        (["120", "240"], 240),
        (["240", "120"], 240),
        (["abc", "60"], 60),
        (["120, 300"], 300),
        (["Mon, 02 Mar 2026 00:02:00 GMT"], 120),
        (["Sun, 01 Mar 2026 00:00:00 GMT"], None),
        (["-5"], None),
        (["abc"], None),
        ([""], None),
        (["9" * 30], None),
        (["9999999999"], 3650 * 86400),
        ([], None),
    ],
)
def test_what_servers_write_into_retry_after(said: list[str], wait: int | None) -> None:
    sent = CIMultiDictProxy(CIMultiDict([("Retry-After", each) for each in said]))
    expected = None if wait is None else timedelta(seconds=wait)
    assert retry_after(sent, NOW) == expected
