"""CPU per poll, beside the `reader` library, newsboat, sfeed and a bare aiohttp loop, in one run.

    python bench/poll.py [--feeds 200] [--seconds 10] [--json]

A server in a process of its own serves feeds of 30 entries (about 77 kB) on loopback. `unchanged`: every poll is a
conditional GET answered 304. `changed`: every answer has one new entry. Counted is the CPU time of the whole process tree,
workers and database included, divided by the requests that the server saw. Trust the ratios, not the milliseconds.

Needs: pip install watcher-alerts[bench]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

HOSTS = 4
ENTRIES = 30
SYLLABLES = [
    "ka",
    "to",
    "mi",
    "ne",
    "ru",
    "sa",
    "lo",
    "vi",
    "da",
    "po",
    "ze",
    "fu",
    "ha",
    "gi",
    "be",
    "su",
    "wo",
    "ly",
    "cra",
    "ven",
    "tor",
    "mal",
]
WORDS_AN_ITEM = 330  # about 2.4 kB


class Feeds:
    """Synthetic feeds; in `changed` mode each answer brings one new entry on top."""

    def __init__(self, changed: bool) -> None:
        self.changed = changed
        self.turn: dict[int, int] = {}
        self.items: dict[tuple[int, int], str] = {}
        self.bodies: dict[int, tuple[bytes, str]] = {}

    def item(self, feed: int, number: int) -> str:
        known = self.items.get((feed, number))
        if known is not None:
            return known
        words = random.Random(feed * 1_000_003 + number)  # each item tells something else, as in a newspaper
        filler = " ".join(words.choice(SYLLABLES) + words.choice(SYLLABLES) + words.choice(SYLLABLES) for _ in range(WORDS_AN_ITEM))
        when = formatdate(1_700_000_000 + number * 600, usegmt=True)
        self.items[feed, number] = text = (
            f"<item><title>Report {number} of source {feed}</title><link>http://127.0.0.1/{feed}/{number}</link>"
            f'<guid isPermaLink="false">{feed}-{number}</guid><pubDate>{when}</pubDate>'
            f"<description>&lt;p&gt;{number} {filler}&lt;/p&gt;</description></item>"
        )
        return text

    def body(self, feed: int) -> tuple[bytes, str]:
        if self.changed:
            self.turn[feed] = self.turn.get(feed, 0) + 1
        elif feed in self.bodies:
            return self.bodies[feed]
        newest = ENTRIES + self.turn.get(feed, 0)
        items = "".join(self.item(feed, n) for n in range(newest, newest - ENTRIES, -1))
        text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Source {feed}</title><link>http://127.0.0.1/</link><description>x</description>{items}</channel></rss>'
        body = text.encode()
        self.bodies[feed] = body, f'"{hashlib.md5(body).hexdigest()}"'
        return self.bodies[feed]


def server(port: Synchronized[int], served: Synchronized[int], changed: bool) -> None:
    """Serve until killed."""
    from aiohttp import web

    feeds = Feeds(changed)

    async def answer(request: web.Request) -> web.Response:
        body, etag = feeds.body(int(request.match_info["feed"]))
        with served.get_lock():
            served.value += 1
        if not changed and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, headers={"ETag": etag, "Content-Type": "application/rss+xml"})

    async def main() -> None:
        app = web.Application()
        app.router.add_get("/{feed}.xml", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        first = web.TCPSite(runner, "127.0.0.1", 0)
        await first.start()
        chosen = runner.addresses[0][1]
        for n in range(2, HOSTS + 1):
            await web.TCPSite(runner, f"127.0.0.{n}", chosen).start()
        port.value = chosen
        await asyncio.Event().wait()

    asyncio.run(main())


def urls(port: int, count: int) -> list[str]:
    return [f"http://127.0.0.{1 + n % HOSTS}:{port}/{n}.xml" for n in range(count)]


def cpu_of_tree(root: int) -> float:
    """CPU seconds of a process and its descendants, those that ended included."""
    children: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        name = folder.name
        if name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
            times[int(name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total, queue = 0.0, [root]
    while queue:
        pid = queue.pop()
        total += times.get(pid, 0.0)
        queue += children.get(pid, [])
    return total


def run_watcher(addresses: list[str], served: Synchronized[int], seconds: float) -> tuple[float, int]:
    """The real daemon, its command line, its database: (CPU seconds, requests) after the first polls."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [
            f'[watcher]\ndatabase = "sqlite:///{folder}/bench.db"\n',
            '[fetch]\ninterval = "1s"\nmin_interval = "1s"\nmax_interval = "1s"\nper_host = 8\nallow_private = ["127.0.0.0/8"]\n',
            *(f'[[feeds]]\nurl = "{url}"\nname = "{n}"\ninterval = "1s"\nfull_text = "never"\n' for n, url in enumerate(addresses)),
            '[[rules]]\nname = "r"\nany = ["ammunition"]\n',
        ]
        config = Path(folder, "watcher.toml")
        config.write_text("".join(lines))
        daemon = subprocess.Popen([sys.executable, "-m", "watcher.cli.main", "-c", str(config), "run"], stderr=subprocess.DEVNULL)
        try:
            while served.value < 4 * len(addresses):
                time.sleep(0.2)
            before, count = cpu_of_tree(daemon.pid), served.value
            time.sleep(seconds)
            return cpu_of_tree(daemon.pid) - before, served.value - count
        finally:
            daemon.terminate()
            daemon.wait(20)


def run_bare(addresses: list[str], rounds: int) -> tuple[float, int]:
    """Nothing but aiohttp: GET with the validator, read, 64 at a time."""
    import aiohttp

    async def main() -> tuple[float, int]:
        etags: dict[str, str] = {}
        gate = asyncio.Semaphore(64)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()) as session:

            async def get(url: str) -> None:
                async with gate, session.get(url, headers={"If-None-Match": etags.get(url, "")}) as answer:
                    await answer.read()
                    etags[url] = answer.headers["ETag"]

            await asyncio.gather(*(get(url) for url in addresses))
            before = cpu_of_self()
            for _ in range(rounds):
                await asyncio.gather(*(get(url) for url in addresses))
            return cpu_of_self() - before, rounds * len(addresses)

    try:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except ImportError:
        return asyncio.run(main())


def run_reader(addresses: list[str], rounds: int) -> tuple[float, int]:
    """The `reader` library: update_feeds over a file database."""
    from reader import make_reader

    with tempfile.TemporaryDirectory() as folder:
        reader = make_reader(f"{folder}/reader.sqlite")
        for url in addresses:
            reader.add_feed(url)
        reader.update_feeds(workers=2, scheduled=False)
        before = cpu_of_self()
        for _ in range(rounds):
            reader.update_feeds(workers=2, scheduled=False)
        return cpu_of_self() - before, rounds * len(addresses)


def run_commands(command: list[str], addresses: list[str], rounds: int) -> tuple[float, int]:
    """A program that polls all its feeds and ends: once to begin with, then counted."""
    subprocess.run(command, check=True, capture_output=True)
    before = cpu_of_self()
    for _ in range(rounds):
        subprocess.run(command, check=True, capture_output=True)
    return cpu_of_self() - before, rounds * len(addresses)


def run_newsboat(addresses: list[str], rounds: int) -> tuple[float, int]:
    """newsboat without its screen: ``-x reload``."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "urls").write_text("\n".join(addresses))
        Path(folder, "config").touch()
        files = ["-u", f"{folder}/urls", "-C", f"{folder}/config", "-c", f"{folder}/cache.db"]
        return run_commands(["newsboat", *files, "-x", "reload"], addresses, rounds)


def run_sfeed(addresses: list[str], rounds: int) -> tuple[float, int]:
    """sfeed_update: curl, a C parser and text files."""
    with tempfile.TemporaryDirectory() as folder:
        feeds = "\n".join(f"feed 'f{n}' '{url}'" for n, url in enumerate(addresses))
        Path(folder, "sfeedrc").write_text(f"sfeedpath='{folder}/feeds'\nfeeds() {{\n{feeds}\n}}\n")
        return run_commands(["sfeed_update", f"{folder}/sfeedrc"], addresses, rounds)


def cpu_of_self() -> float:
    return sum(u.ru_utime + u.ru_stime for u in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def in_child(function: Any, *args: Any) -> tuple[float, int]:
    """Run a peer in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, args)


def measure(changed: bool, feeds: int, seconds: float) -> dict[str, float]:
    """Milliseconds of CPU per poll, by contestant."""
    context = multiprocessing.get_context("spawn")
    port, served = context.Value("i", 0), context.Value("q", 0)
    process = context.Process(target=server, args=(port, served, changed), daemon=True)
    process.start()
    try:
        while not port.value:
            time.sleep(0.05)
        addresses = urls(port.value, feeds)
        rounds = max(2, int(seconds))
        results = {
            "watcher": run_watcher(addresses, served, seconds),
            "reader": in_child(run_reader, addresses[: feeds // 4 or 1], 2 if changed else rounds // 2),
            "bare aiohttp": in_child(run_bare, addresses, rounds),
        }
        few = addresses[: feeds // 4 or 1]
        for name, program, run in (("newsboat", "newsboat", run_newsboat), ("sfeed", "sfeed_update", run_sfeed)):
            if shutil.which(program):
                results[name] = in_child(run, few, 2)
            else:
                print(f"{program} is not installed: left out (apt install {name})", file=sys.stderr)
        return {name: cpu / count * 1000 for name, (cpu, count) in results.items()}
    finally:
        process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = {mode: measure(mode == "changed", options.feeds, options.seconds) for mode in ("unchanged", "changed")}
    if options.json:
        print(json.dumps(table))
        return
    print("| CPU per poll | watcher | `reader` | newsboat | sfeed | bare aiohttp | watcher ÷ reader | watcher ÷ bare |\n|" + " --- |" * 8)
    for mode, row in table.items():
        ours, theirs, bare = row["watcher"], row["reader"], row["bare aiohttp"]
        others = [f"{row[name]:.2f} ms" if name in row else "–" for name in ("newsboat", "sfeed")]
        print(
            f"| {mode} | {ours:.2f} ms | {theirs:.2f} ms | {' | '.join(others)} | {bare:.2f} ms | {ours / theirs:.2f} | {ours / bare:.2f} |"
        )


if __name__ == "__main__":
    main()
