"""The etiquette meter: seven simulated days of two hundred feeds with three restarts, judged from the servers' log.

    python bench/etiquette.py [--feeds 200] [--days 7]

The real poller, store and HTTP client over real sockets, on a clock that leaps. Exit status 1 when a server has cause for complaint.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.etiquette import meter, simulation
from watcher.daemon import log


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--days", type=float, default=7)
    options = parser.parse_args()
    press = meter.Press(options.feeds, options.days)
    stops = [options.days * share for share in (0.23, 0.5, 0.81)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Path("/dev/null").open("w") as nowhere:
        log.configure(nowhere)
        site = simulation.run(lambda: meter.live(press, Path(folder), stops=stops, away=2 * meter.HOUR))
    found = meter.judge(site.log, press)
    answers = Counter(asked.status for asked in site.log)
    whole = [
        asked
        for asked in site.log
        if asked.status in (200, 304) and not (asked.header(b"if-none-match") or asked.header(b"if-modified-since"))
    ]
    silent = sum(press.publications[asked.host, asked.path.removeprefix("/new")].validators == "none" for asked in whole)
    print(f"{len(site.log):,} requests for {options.feeds} feeds in {options.days:g} days, in {time.monotonic() - began:.0f} s")
    print("answers: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(answers.items())))
    print(f"without validators: {len(whole):,}, of which {silent:,} to servers that give none; pauses asked for: {len(press.told):,}")
    print(f"complaints: {len(found)}")
    for lapse in found[:20]:
        print("  " + lapse)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
