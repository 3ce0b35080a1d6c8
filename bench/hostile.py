"""What folding and matching cost on texts of 100,000 hostile characters, beside plain news of the same length.

python bench/hostile.py
"""

from __future__ import annotations

import time

from watcher import rules
from watcher.model import MatchInput, Rule
from watcher.text.fold import fold

LENGTH = 100_000
PATTERNS = {
    "plain English": "The second battery has arrived at the front. ",
    "marks on one letter": "\u0301",
    "two kinds of marks": "\u0301\u0327",
    "zero width spaces": "\u200b",
    "soft hyphens": "Pa\u00adtriot ",
    "hyphens": "a-",
    "hyphenated lines": "a-\n",
    "jamo": "\u1100\u1161\u11a8",
    "ligatures of many letters": "\ufdfa",
    "a Japanese name, found everywhere": "岸田",
    "Japanese and Latin by turns": "岸a",
    "Thai": "ก็",
    "one letter": "a",
    "numbers": "F 16 155 мм ",
    "signs of direction": "\u202e",
    "spaces": " ",
}


def main() -> None:
    book = rules.compile([Rule(name="r", query='(Patriot* NEAR/5 155-мм) OR "F-16" OR 岸田 OR /a+b/ OR e*')])
    for name, pattern in PATTERNS.items():
        text = ("e" + pattern * LENGTH)[:LENGTH]
        start = time.process_time()
        fold(text)
        folded = time.process_time()
        book.match(MatchInput(text=text))
        matched = time.process_time()
        print(f"{name:34} fold {1e3 * (folded - start):6.1f} ms, match {1e3 * (matched - folded):6.1f} ms")


if __name__ == "__main__":
    main()
