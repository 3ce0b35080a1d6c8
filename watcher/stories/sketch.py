"""How much of one text stands in another, from a few dozen hashes each: FracMinHash (Irber 2022, after Broder 1997).

A text becomes the set of its shingles: three words in a row, or six characters where a script writes no spaces. Each is hashed; the
sketch keeps the hashes below a limit, so the *same* shingles survive in every text that has them, and shares can be counted
without either text. The limit is a power of two chosen per text: all shingles of a short text (which makes it exact), an
eighth of an ordinary article, less of a book. Two sketches are compared below the lower of their limits.

Layout of the blob, little-endian 64-bit words: two headers (version, shift, count of numbers, count of shingles; bytes of the profile),
the kept hashes ascending, the hashes of the text's numbers ascending, the packed :mod:`profile <watcher.stories.profile>` filled up to
whole words. Version 1, which had neither the second header nor a profile, is read on; another version reads as an empty sketch: similar to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import xxhash

from watcher.stories import profile
from watcher.text.fold import fold

Hashes = npt.NDArray[np.uint64]

VERSION = 2
WORDS = 3  # words in a shingle; a character of a script without spaces counts as half a word
FEW = 80  # up to this many hashes are all kept …
USUAL_SHIFT = 3  # … above it one in eight at most is dropped to, …
MANY = 1024  # … until even that is more than this
MAX_SHIFT = 8
MAX_NUMBERS = 255  # a text with more is a table: its numbers are not compared

# Scripts that are written without spaces: Han, kana, Thai, Lao, Myanmar, Khmer. Hangul has spaces.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3031-\u3035\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0dff])+")  # Indic vowel signs are marks, which \w does not know
_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])(?:[^\\W_]|[\u0900-\u0dff]))+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LIMITS = np.array([2 ** (64 - shift) - 1 for shift in range(MAX_SHIFT + 1)], dtype=np.uint64)


@dataclass(frozen=True)
class Sketch:
    """A sketch unpacked. ``total``: distinct shingles of the text; ``hashes``: those kept, below ``2**(64 - shift)``."""

    total: int
    shift: int
    hashes: Hashes
    numbers: Hashes
    profile: profile.Profile = profile.EMPTY

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many hashes lie below each limit, index = shift; 0 for the shifts that this sketch is too coarse for."""
        counts = self.hashes.searchsorted(_LIMITS, side="right").tolist()
        return (0,) * self.shift + tuple(counts[self.shift :])


EMPTY = Sketch(0, 0, np.empty(0, np.uint64), np.empty(0, np.uint64))


def sketch(title: str, text: str, *, year: int | None = None, entities: Iterable[str] = ()) -> bytes:
    """Return what the stories keep of an article, packed. In the hashes, a title repeated at the head of the text does not count.

    :param year: when it was published; ``entities``: what rules found in it (see :func:`watcher.stories.profile.profile`).
    """
    folded = fold(text).text
    head = fold(title).text.strip()
    if head and folded.startswith(head):
        folded = folded[len(head) :]
    hashes = np.unique(np.fromiter(shingles(folded), dtype=np.uint64))
    total = len(hashes)
    shift = 0
    while shift < MAX_SHIFT and len(hashes) > (FEW if shift < USUAL_SHIFT else MANY):
        shift += 1
        hashes = hashes[: int(np.searchsorted(hashes, np.uint64(2 ** (64 - shift))))]
    found = {digest(number[0]) for number in _NUMBER.finditer(folded)}
    numbers = np.array(sorted(found) if len(found) <= MAX_NUMBERS else [], dtype=np.uint64)
    about = profile.profile(title, text, year=year, entities=entities).pack()
    header = np.array([VERSION << 56 | shift << 48 | len(numbers) << 32 | total, len(about)], dtype=np.uint64)
    return np.concatenate([header, hashes, numbers]).astype("<u8").tobytes() + about + bytes(-len(about) % 8)


def digest(text: str) -> int:
    """Return the 64-bit hash of a text, the same on every machine and in every release."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def unpack(blob: bytes) -> Sketch:
    """Read a packed sketch; what is no sketch of this version is :data:`EMPTY`."""
    if len(blob) < 8 or len(blob) % 8:
        return EMPTY
    words = np.frombuffer(blob, dtype="<u8").astype(np.uint64)
    header = int(words[0])
    version, count = header >> 56, header >> 32 & 0xFFFF
    about = int(words[1]) if version == VERSION and len(words) > 1 else 0
    begin, end = (2, len(words) - (about + 7) // 8) if version == VERSION else (1, len(words))
    if version not in (1, VERSION) or count > end - begin:
        return EMPTY
    cut = end - count
    return Sketch(
        header & 0xFFFFFFFF, header >> 48 & 0xFF, words[begin:cut], words[cut:end], profile.unpack(blob[8 * end : 8 * end + about])
    )


def shingles(folded: str) -> Iterator[int]:
    """Yield the 64-bit hash of each shingle of a folded text; of a text shorter than one shingle, the hash of all of it."""
    if not _HAS_UNSPACED.search(folded):
        words = _WORD.findall(folded)
        if 0 < len(words) < WORDS:
            yield digest(" ".join(words))
        yield from map(digest, map(" ".join, zip(*(words[at:] for at in range(WORDS)), strict=False)))
        return
    tokens = _TOKEN.findall(folded)
    weights = [1 if _HAS_UNSPACED.match(token) else 2 for token in tokens]
    end = weight = 0
    for start, first in enumerate(weights):
        while end < len(tokens) and weight < 2 * WORDS:
            weight += weights[end]
            end += 1
        if weight < 2 * WORDS and start > 0:
            return
        yield digest(" ".join(tokens[start:end]))
        weight -= first
