"""Thousands of matches at once into mail, Slack and a webhook: when does the last arrive, in how many messages, at what rate?

    python bench/storm.py [--matches 5000] [--limit]

The real daemon against the newsroom on loopback. ``--limit``: the rule has a limit above the number of matches, so that each alert is a
message of its own to mail and webhook; Slack is left out then, since one a second is all that it takes. Judged from the receivers' own
records: a headline's code that never arrives is lost. Slack's rate is the most messages within any ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.world import HOOK, MAIL, SLACK, World
from watcher.newsroom import Newsroom
from watcher.newsroom.plan import Plan, codes_in

RULE = '[[rules]]\nname = "storm"\nany = ["q*"]\nupdates = "none"\n'
PATIENCE = 900


async def storm(folder: Path, matches: int, *, limit: bool) -> None:
    plan = Plan(1, feeds=4, planted=matches, harmless=0, copies=0)
    (round_,) = islice(plan.rounds(), 1)
    sinks = (MAIL, HOOK) if limit else (MAIL, SLACK, HOOK)
    channels = "" if not limit else 'channels = ["desk", "siem"]\nlimit = "100000/h"\n'
    async with Newsroom(outlets=plan.outlets, newest=matches) as room:
        world = World(folder, room)
        world.write(rules=RULE + channels, full_text='"never"')
        room.publish(*plan.baseline.pieces)
        await world.begin()
        try:
            began = time.time()
            room.publish(*round_.pieces)
            seen: dict[str, set[str]] = {sink: set() for sink in sinks}
            read = 0

            def complete() -> bool:
                nonlocal read
                for post in room.posts[read:]:
                    if post.sink in seen:
                        seen[post.sink] |= codes_in(post.text)
                read = len(room.posts)
                return all(len(found) >= matches for found in seen.values())

            whole = await room.until(complete, PATIENCE)
            for sink in sinks:
                posts = room.taken(sink)
                times = [post.at for post in posts]
                busiest = max(sum(start <= at < start + 10 for at in times) for start in times)
                lasted = times[-1] - began
                print(
                    f"{sink:11} {matches:5} alerts in {len(posts):5} messages, the last after {lasted:5.0f} s; "
                    f"{len(posts) / max(times[-1] - times[0], 1e-9):6.1f} messages/s, at most {busiest} in 10 s; lost {matches - len(seen[sink])}"
                )
            print("complete" if whole else "NOT complete")
        finally:
            world.daemon.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=5000)
    parser.add_argument("--limit", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(storm(Path(folder), options.matches, limit=options.limit))


if __name__ == "__main__":
    main()
