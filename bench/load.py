"""Ten thousand feeds on this machine, one in ten of them faulty, one in twenty changing a cycle: does anything give way?

    python bench/load.py [--feeds 10000] [--hosts 500] [--interval 60] [--cycles 4] [--json]
    python bench/load.py --feeds 2000 --rules 1000 --faulty 0 --interval 60           memory with many rules
    python bench/load.py --feeds 200 --interval 1 --cycles 240 --retention            a compressed soak

The servers are a process of their own on loopback and keep the time of each publication; a webhook sink there notes when its alert
arrives. Faulty in equal parts: never answers, 500, TLS that is none, garbage, a byte a second. Counted after the first cycle: the
longest time that a healthy feed was left alone, delay from publication to alert, CPU, memory of the main process and of all (each
shared page once), descriptors, threads, lag of the event loop, size of the database.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

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
ENTRIES = 10
FAULTS = ("silent", "error", "tls", "garbage", "slow")


def kind(number: int, faulty: float) -> str:
    """Whether and how a feed is ill; drawn, but the same in every process."""
    draw = random.Random(number)
    return draw.choice(FAULTS) if draw.random() < faulty else "well"


class Site:
    """The feeds' state and what happened to them."""

    def __init__(self, feeds: int, faulty: float, interval: float, changing: float) -> None:
        self.kinds = [kind(n, faulty) for n in range(feeds)]
        self.newest = [ENTRIES] * feeds
        self.bodies: dict[int, bytes] = {}
        self.asked: dict[int, list[float]] = defaultdict(list)
        self.published: dict[str, float] = {}
        self.told: dict[str, float] = {}
        self.well = [n for n, what in enumerate(self.kinds) if what == "well"]
        self.pause = interval / max(1.0, changing * len(self.well))

    def item(self, feed: int, number: int) -> str:
        draw = random.Random(feed * 1_000_003 + number)
        words = " ".join("".join(draw.choices(SYLLABLES, k=3)) for _ in range(60))
        return f"<item><title>Report {feed}-{number} {words[:40]}</title><link>http://127.0.0.1/{feed}/{number}</link><guid>{feed}-{number}</guid><description>ammunition {words}</description></item>"

    def body(self, feed: int) -> bytes:
        if feed not in self.bodies:
            items = "".join(self.item(feed, n) for n in range(self.newest[feed], self.newest[feed] - ENTRIES, -1))
            self.bodies[feed] = (
                f"<?xml version='1.0'?><rss version='2.0'><channel><title>Source {feed}</title>{items}</channel></rss>".encode()
            )
        return self.bodies[feed]

    async def publish(self) -> None:
        """Something new somewhere, all the time, in feeds that have been polled before."""
        draw = random.Random(1)
        while True:
            await asyncio.sleep(self.pause)
            feed = draw.choice(self.well)
            if len(self.asked[feed]) > 1:
                self.newest[feed] += 1
                self.bodies.pop(feed, None)
                self.published[f"{feed}-{self.newest[feed]}"] = time.time()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A small HTTP/1.1 server: what is measured is the client."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"POST"):
                    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]
                    body = await reader.readexactly(length)
                    for found in re.findall(rb"Report (\d+-\d+)", body)[:1]:
                        self.told.setdefault(found.decode(), time.time())
                    writer.write(b"HTTP/1.1 204 OK\r\n\r\n")
                    continue
                feed = int(head.split(b" ", 2)[1].strip(b"/").split(b".")[0])
                self.asked[feed].append(time.time())
                what = self.kinds[feed]
                if what == "silent":
                    await reader.read()
                    return
                if what == "slow":
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                    while not reader.at_eof() and not writer.is_closing():
                        writer.write(b"x")
                        await asyncio.sleep(1)
                    return
                body, status = (os.urandom(3000), 200) if what == "garbage" else (b"", 500) if what == "error" else (self.body(feed), 200)
                etag = f'"{feed}-{self.newest[feed]}"'.encode()
                if what == "well" and etag in head:
                    writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n")
                else:
                    writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nETag: ".encode() + etag + b"\r\n\r\n" + body)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


def site(link: Connection, feeds: int, faulty: float, interval: float, changing: float, hosts: list[str]) -> None:
    """The servers' process: says its port, and what happened when it is asked."""

    async def main() -> None:
        state = Site(feeds, faulty, interval, changing)
        port = 0
        for host in hosts:
            server = await asyncio.start_server(state.serve, host, port, backlog=1000)
            port = server.sockets[0].getsockname()[1]
        link.send(port)
        publishing = asyncio.create_task(state.publish())
        while True:
            await asyncio.to_thread(link.poll, None)
            link.recv()
            link.send((dict(state.asked), state.published, state.told))
            assert not publishing.done()

    asyncio.run(main())


def status_of(pid: int) -> dict[str, float]:
    """Memory of the main process and of its tree (MB), descriptors, threads."""
    tree, parents = [pid], defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int((folder / "stat").read_text().rpartition(")")[2].split()[1])].append(int(folder.name))
            except OSError:
                continue
    for each in tree:
        tree += parents[each]

    def figure(process: int, file: str, name: str) -> float:
        try:
            return int(re.search(rf"{name}:\s*(\d+)", Path(f"/proc/{process}/{file}").read_text())[1]) / 1024  # type: ignore[index]
        except (OSError, TypeError):
            return 0.0

    return {
        "main": figure(pid, "status", "VmRSS"),
        "tree": sum(figure(each, "smaps_rollup", "Pss") for each in tree),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
        "threads": figure(pid, "status", "Threads") * 1024,
        "cpu": sum(_cpu(each) for each in tree),
    }


def _cpu(pid: int) -> float:
    try:
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def lag(web: int) -> dict[float, float]:
    """The histogram of the event loop's lag: bound -> how many came later than it, of all."""
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/metrics") as answer:
        found = re.findall(r'watcher_loop_lag_seconds_bucket\{le="([^"]+)"\} ([\d.]+)', answer.read().decode())
    return {float(bound): float(count) for bound, count in found}


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def configuration(folder: Path, options: argparse.Namespace, port: int, web: int, hosts: list[str]) -> Path:
    lines = [
        f'[watcher]\ndatabase = "sqlite:///{folder}/load.db"\n' + ('retention = "60s"\n' if options.retention else ""),
        f'[fetch]\ninterval = "{options.interval}s"\nmin_interval = "{options.interval}s"\nmax_interval = "{options.interval}s"\nallow_private = ["127.0.0.0/8"]\nconcurrency = {options.concurrency}\n',
        f'[web]\nlisten = "127.0.0.1:{web}"\n',
        f'[channels.sink]\ntype = "webhook"\nurl = "http://{hosts[0]}:{port}/sink"\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\nallow_private = ["127.0.0.0/8"]\n',
        '[[rules]]\nname = "r"\nany = ["ammunition"]\nrepeat = "always"\n',
        *(f'[[rules]]\nname = "r{n}"\nquery = \'("word{n}" AND missile*) OR "phrase {n} of many"\'\n' for n in range(options.rules - 1)),
    ]
    for n in range(options.feeds):
        scheme = "https" if kind(n, options.faulty) == "tls" else "http"
        lines.append(
            f'[[feeds]]\nurl = "{scheme}://{hosts[n % len(hosts)]}:{port}/{n}.xml"\nfull_text = "never"\ninterval = "{options.interval}s"\n'
        )
    path = folder / "watcher.toml"
    path.write_text("".join(lines))
    return path


def measure(options: argparse.Namespace) -> dict[str, Any]:
    hosts = [f"127.1.{1 + n // 250}.{1 + n % 250}" for n in range(options.hosts)]
    context = get_context("spawn")
    link, theirs = context.Pipe()
    servers = context.Process(
        target=site, args=(theirs, options.feeds, options.faulty, options.interval, options.changing, hosts), daemon=True
    )
    servers.start()
    port, web = link.recv(), random.randint(20_000, 30_000)

    def happened() -> tuple[dict[int, list[float]], dict[str, float], dict[str, float]]:
        link.send(None)
        return link.recv()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configuration(folder, options, port, web, hosts)
        with (folder / "log").open("w") as logfile:
            daemon = subprocess.Popen([sys.executable, "-m", "watcher.cli.main", "-c", str(config), "run"], stderr=logfile)
        try:
            began = time.time()
            expected = sum(kind(n, options.faulty) != "tls" for n in range(options.feeds))
            while len(happened()[0]) < expected and time.time() - began < 10 * options.interval + 60:
                time.sleep(1)
            first = time.time() - began
            time.sleep(options.interval * 1.2)
            asked, published, _ = happened()
            counted_from, before, polls = time.time(), status_of(daemon.pid), sum(map(len, asked.values()))
            late = lag(web)
            samples = []
            while time.time() < counted_from + options.interval * options.cycles:
                time.sleep(max(1.0, options.interval * options.cycles / 60))
                samples.append(status_of(daemon.pid) | {"database": sum(file.stat().st_size for file in folder.glob("load.db*")) / 2**20})
            until = time.time()
            time.sleep(options.interval + 3)
            asked, published, told = happened()
            after = status_of(daemon.pid)
            end = lag(web)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
            servers.kill()
    return report(options, locals())


def report(options: argparse.Namespace, seen: dict[str, Any]) -> dict[str, Any]:
    asked, published, told, samples = seen["asked"], seen["published"], seen["told"], seen["samples"]
    begin, until = seen["counted_from"], seen["until"]
    gaps = []
    for feed, times in asked.items():
        if kind(feed, options.faulty) == "well":
            moments = [at for at in times if begin - options.interval * 1.2 <= at <= until]
            gaps += [later - earlier for earlier, later in itertools.pairwise(moments)]
    delays = [told[what] - at for what, at in published.items() if begin <= at <= until and what in told]
    missing = [what for what, at in published.items() if begin <= at <= until and what not in told]
    steps = {bound: seen["end"][bound] - seen["late"][bound] for bound in seen["end"]}
    total = steps[float("inf")]
    quarter = max(1, len(samples) // 4)
    polls = sum(map(len, asked.values())) - seen["polls"]

    def trend(name: str) -> tuple[float, float]:
        return sum(s[name] for s in samples[:quarter]) / quarter, sum(s[name] for s in samples[-quarter:]) / quarter

    return {
        "first_cycle_s": round(seen["first"], 1),
        "cycle_p50_s": round(percentile(gaps, 0.5), 1), "cycle_p99_s": round(percentile(gaps, 0.99), 1), "cycle_max_s": round(max(gaps), 1),
        "alerts": len(delays), "alerts_missing": len(missing),
        "delay_p50_s": round(percentile(delays, 0.5), 2), "delay_p99_s": round(percentile(delays, 0.99), 2), "delay_max_s": round(max(delays, default=0), 2),
        "main_MB_max": round(max(s["main"] for s in samples)), "tree_MB_max": round(max(s["tree"] for s in samples)),
        "main_MB_quarters": [round(x, 1) for x in trend("main")], "tree_MB_quarters": [round(x, 1) for x in trend("tree")],
        "descriptors_max": max(s["descriptors"] for s in samples), "descriptors_quarters": [round(x, 1) for x in trend("descriptors")],
        "threads_quarters": [round(x, 1) for x in trend("threads")], "database_MB_quarters": [round(x, 1) for x in trend("database")],
        "lag_share_within_0.25_s": round(steps[0.25] / total, 4) if total else None, "lag_p99_below_s": min((b for b, n in steps.items() if total and n >= 0.99 * total), default=None),
        "polls": polls, "cpu_ms_per_poll": round((seen["after"]["cpu"] - seen["before"]["cpu"]) / max(1, polls) * 1000, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--cycles", type=int, default=4)
    parser.add_argument("--faulty", type=float, default=0.10)
    parser.add_argument("--changing", type=float, default=0.05)
    parser.add_argument("--rules", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--retention", action="store_true", help="keep articles for a minute only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
