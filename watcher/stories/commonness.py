"""How common a word is in its language: what tells an article from others is what is rare.

The table is fixed and ships with the program, so a decision never depends on what a process happened to read before, and the
first article is judged like the millionth. It holds the 158,000 words that make up at least one in 50,000 words of one of
forty languages; every other word counts as that rare.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import xxhash

Keys = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float32]

STEPS = 50  # of the stored scale, for a factor of ten
RARE = 2e-5  # the share of a word that is not in the table
LENGTH = 300  # words of a usual article: a word's weight is how surprising it is to meet it there at all


def key(word: str) -> int:
    """Return the number under which a folded word is known."""
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "surrogatepass")) & 0xFFFFFFFF


def weights(keys: Keys) -> Weights:
    """Return how much each word tells: ``-log`` of the chance to meet it in a usual article; 5.1 for a rare one, 0 for "the"."""
    table, scale = _table()
    places = np.minimum(table.searchsorted(keys), len(table) - 1)
    return np.where(table[places] == keys, scale[places], _weight(np.float64(RARE))).astype(np.float32)


def _weight(share: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(-np.log1p(-np.exp(-LENGTH * share)))


@cache
def _table() -> tuple[Keys, Weights]:
    """The words' keys, ascending, and their weights; read at the first use."""
    raw = zlib.decompress(files("watcher.stories.data").joinpath("commonness.bin").read_bytes())
    size = len(raw) // 5
    gaps = np.frombuffer(raw, np.uint8, 4 * size).reshape(4, size).T.copy().view("<u4")[:, 0]
    scale = np.frombuffer(raw, np.uint8, size, 4 * size)
    keys = gaps.cumsum(dtype=np.uint32)
    return keys, _weight(RARE * 10 ** (scale / STEPS)).astype(np.float32)
