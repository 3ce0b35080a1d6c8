"""Makes ``watcher/stories/data/commonness.bin``: how common the words of some forty languages are.

Usage: pip install wordfreq && python bench/commonness.py

Each word that makes up at least one in 50,000 words of a language, under the hash of its folded form; of a word that several
languages have, its commonest use. See ``watcher/stories/data/README.md`` for the sources and their licence.
"""

from __future__ import annotations

import zlib
from math import log10
from pathlib import Path

import numpy as np
import wordfreq

from watcher.stories import commonness
from watcher.text.fold import fold

RARE = 2e-5
TARGET = Path(commonness.__file__).parent / "data" / "commonness.bin"


def main() -> None:
    found: dict[int, float] = {}
    for language in sorted(wordfreq.available_languages("small")):
        for word, share in wordfreq.get_frequency_dict(language, "small").items():
            if share >= RARE:
                key = commonness.key(fold(word).text)
                found[key] = max(share, found.get(key, 0.0))
    keys = np.array(sorted(found), np.uint32)
    scale = np.array([round(commonness.STEPS * (log10(found[int(key)]) - log10(RARE))) for key in keys], np.uint8)
    gaps = np.diff(keys, prepend=np.uint32(0)).astype("<u4").view(np.uint8).reshape(-1, 4)
    TARGET.write_bytes(zlib.compress(gaps.T.tobytes() + scale.tobytes(), 9))
    print(f"{len(keys):,} words, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
