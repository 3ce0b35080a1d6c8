"""What `watcher check` costs with many feeds and rules.

It writes a configuration of 10,000 feeds and 1,000 rules of a hundred terms each, made as bench/match.py makes them, and runs the command as a user does,
its start included.

    WATCHER_CORPORA=… python bench/check.py
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from match import reuters, synthetic, terms_of


def configuration(feeds: int, rules: int, terms: list[str]) -> str:
    """Write a configuration; the terms are dealt out to the rules."""
    lines = [f'[[feeds]]\nurl = "http://127.0.0.1:9/{i}.xml"' for i in range(feeds)]
    each = len(terms) // rules
    for i in range(rules):
        *wanted, unwanted = [f'"{term}"' for term in terms[i * each : (i + 1) * each]]
        half = len(wanted) // 2
        query = f"({' OR '.join(wanted[:half])}) AND ({' OR '.join(wanted[half:])}) NOT {unwanted}"
        lines.append(f"[[rules]]\nname = \"rule {i}\"\nquery = '''{query}'''")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--feeds", type=int, default=10_000, help="how many feeds (default: 10000)")
    parser.add_argument("--rules", type=int, default=1_000, help="how many rules (default: 1000)")
    parser.add_argument("--terms", type=int, default=100_000, help="how many terms all rules have together (default: 100000)")
    options = parser.parse_args()
    rng = random.Random(1)
    root = os.environ.get("WATCHER_CORPORA")
    terms = terms_of(reuters(Path(root)) if root else synthetic(rng, 4_000), options.terms, rng)
    rng.shuffle(terms)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.toml"
        path.write_text(configuration(options.feeds, options.rules, terms), encoding="utf-8")
        start = time.monotonic()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("watcher")), "-c", str(path), "check"], check=True, capture_output=True, text=True
        )
        taken = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print((done.stdout or done.stderr).strip().splitlines()[-1])
    print(f"{taken:.2f} s, of CPU {used.ru_utime + used.ru_stime:.2f} s; peak memory {used.ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
