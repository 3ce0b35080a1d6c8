"""What an article is about, in a hundred numbers: its names, its phrases, its figures.

Two articles on one event are written apart, so their sentences differ. What they share is who and where (*names*), a few turns of
words that nobody else uses (*phrases*: two words side by side) and how many (*figures*). Common words were measured and say nothing
that these do not say better: they bring together what is only alike.

Of each kind the most telling are kept, as the hash of the word and its weight: rarer words weigh more (``commonness``), and so do
names near the beginning, where news says what is new. Scripts without capitals have names too: their rare words.
Scripts without spaces are cut into pairs of characters, runs of katakana stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watcher.stories import commonness
from watcher.stories.commonness import Keys, Weights
from watcher.text.fold import fold

NAMES, PHRASES, FIGURES = 32, 64, 12
SIZES = (NAMES, PHRASES, FIGURES)
ROOM = sum(SIZES)
PARTS = (slice(0, NAMES), slice(NAMES, NAMES + PHRASES), slice(NAMES + PHRASES, ROOM))

SCALE = 16  # of the stored weights
MOST_WORDS = 1200  # of an article; what comes later is background
LEAD = 60  # words that count double
HALF = 100  # words after which a mention counts half
LEAST = 0.1
MOST_PHRASE = 8.0  # weight of the rarest pair of words
TITLE_CASE = 0.7  # share of long words with capitals that makes a line a headline in title case, where a capital means nothing
ENTITY = 12.0  # weight of an entity: the user says that it is one
PAIR = 0.5  # weight of a pair of characters, beside a whole word
LEAST_RARE = 1.0  # rarity of a name: "In" is none
UNCOMMON_FIRST, UNCOMMON = 2.0, 2.5  # rarity of a word that is rather a name where a capital does not tell
_ADDRESS = re.compile(r"https?://\S+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_GROUPING = re.compile(r"[,.](?=\d{3}(?!\d))")
_KATAKANA = r"\u30a1-\u30fa\u30fc"
_HAN = r"\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_SOUTHEAST = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_TOKEN = re.compile(
    rf"[.!?:\u2026]+(?=\s)|(?<![\w-])\d+(?:[.,]\d+)*(?![\w-])|[{_KATAKANA}]{{2,}}|[{_HAN}]+|[{_SOUTHEAST}]+|(?!\d)(?:(?![_{_KATAKANA}{_HAN}{_SOUTHEAST}\u3040-\u309f])[\w\u0900-\u0dff])+(?:'\w+)?"
)
_STOPS = frozenset(".!?:\u2026")
_UNSPACED = re.compile(rf"[{_HAN}{_SOUTHEAST}]")
# Case endings of names; light, and the same for all languages of the script.
_CYRILLIC_END = re.compile(
    r"(?<=[\u0400-\u052f]{3})(?:ого|ому|ему|его|ими|ыми|ами|ями|ой|ою|ей|ею|ий|ый|им|ым|ом|ем|єм|ую|ая|ої|ів|ов|ах|ях|[уюаяоеєиіїыьй])$"
)

# How a word was written. "First" of its sentence, and "maybe" (in a headline in title case, in a script without capitals), it is a name if it
# is rather rare and nowhere written small.
_NO_NAME, _PLAIN, _NAME, _FIRST, _MAYBE = range(5)
_KEY, _WEIGHT = np.dtype("<u4"), np.dtype("u1")


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """``keys``: hashes, each kind ascending in its part of the array (:data:`PARTS`), 0 for none. ``weights``: in sixteenths, at most 255."""

    keys: Keys
    weights: npt.NDArray[np.uint8]

    def __bool__(self) -> bool:
        return bool(self.weights.any())

    def pack(self) -> bytes:
        """Return the profile as bytes, without the empty places."""
        counts = [np.count_nonzero(self.keys[part]) for part in PARTS]
        kept = np.flatnonzero(self.keys)
        return bytes(counts) + self.keys[kept].astype(_KEY).tobytes() + self.weights[kept].tobytes()


EMPTY = Profile(np.zeros(ROOM, np.uint32), np.zeros(ROOM, np.uint8))


def unpack(blob: bytes) -> Profile:
    """Read what :meth:`Profile.pack` made; anything else is :data:`EMPTY`."""
    counts = blob[: len(SIZES)]
    total = sum(counts)
    if len(counts) < len(SIZES) or len(blob) < len(SIZES) + 5 * total or any(n > size for n, size in zip(counts, SIZES, strict=True)):
        return EMPTY
    packed = np.frombuffer(blob, _KEY, total, len(SIZES))
    heavy = np.frombuffer(blob, _WEIGHT, total, len(SIZES) + 4 * total)
    keys, weights = np.zeros(ROOM, np.uint32), np.zeros(ROOM, np.uint8)
    done = 0
    for part, count in zip(PARTS, counts, strict=True):
        keys[part.start : part.start + count] = packed[done : done + count]
        weights[part.start : part.start + count] = heavy[done : done + count]
        done += count
    return Profile(keys, weights)


def profile(title: str, text: str, *, year: int | None = None, entities: Iterable[str] = ()) -> Profile:
    """Return what an article is about.

    :param year: when it was published: the years around it are in every article of their time and say nothing.
    :param entities: ids of things that the user's rules found in it; they are names that are the same in every language.
    """
    tokens, written = _words(title, text)
    if not tokens:
        return EMPTY
    number = {token: n for n, token in enumerate(dict.fromkeys(tokens))}
    distinct = list(number)
    of = np.array([number[token] for token in tokens])
    full = np.array([commonness.key(token) for token in distinct], np.uint32)
    stems = np.array([commonness.key(_CYRILLIC_END.sub("", token)) for token in distinct], np.uint32)
    digits = np.array([token[0].isdecimal() for token in distinct])
    rarity = commonness.weights(full)

    style = np.array(written)
    maybe = ((style == _FIRST) & (rarity >= UNCOMMON_FIRST)[of]) | ((style == _MAYBE) & (rarity >= UNCOMMON)[of])
    capitals, plain, maybe = (np.bincount(of, which, len(distinct)) for which in (style == _NAME, style == _PLAIN, maybe))
    rarity *= np.array([PAIR if _UNSPACED.match(token) else 1.0 for token in distinct], np.float32)
    said = np.log1p(np.bincount(of, _places(len(of)), len(distinct)))

    names = (
        ((capitals > 0) & (capitals >= plain) | (maybe > 0) & (plain == 0))
        & ~digits
        & (rarity >= LEAST_RARE)
        & np.array([len(token) > 1 for token in distinct])
    )
    figures = digits & np.array([not _near(token, year) for token in distinct])
    heavy = np.minimum(2.0 * np.array([len(token) for token in distinct]), 6.0)
    known = np.array([commonness.key(f"entity:{each}") for each in dict.fromkeys(entities)], np.uint32)
    all_names = np.concatenate([stems[names], known])
    parts = (
        _heaviest(all_names, np.concatenate([(said * rarity)[names], np.full(len(known), ENTITY)]), NAMES),
        _heaviest(*_phrases(stems[of], rarity[of]), PHRASES),
        _heaviest(stems[figures], (said * heavy)[figures], FIGURES),
    )
    return Profile(np.concatenate([keys for keys, _ in parts]), np.concatenate([weights for _, weights in parts]))


def _words(title: str, text: str) -> tuple[list[str], list[int]]:
    """Return a text's words, folded, in order, and how each was written."""
    if title.strip() and not text.lstrip().startswith(title.strip()):
        text = f"{title}\n{text}"
    tokens: list[str] = []
    written: list[int] = []
    for line in fold(_ADDRESS.sub(" ", text[: 12 * MOST_WORDS]), case=False).text.split("\n"):
        found = _TOKEN.findall(line)
        long = [word for word in found if len(word) >= 4 and word[0].isalpha()]
        headline = len(long) >= 3 and sum(word[0].isupper() for word in long) >= TITLE_CASE * len(long)
        begins = True
        for word in found:
            first = word[0]
            if first in _STOPS:
                begins = True
                continue
            if first.isdecimal():
                tokens.append(_GROUPING.sub("", word))
                written.append(_NO_NAME)
            elif _UNSPACED.match(first):
                pieces = [word[at : at + 2] for at in range(max(1, len(word) - 1))]
                tokens.extend(pieces)
                written.extend([_NAME] * len(pieces))
            else:
                tokens.append(word.casefold().removesuffix("'s"))
                written.append(_PLAIN if first.islower() else _MAYBE if headline or not first.isupper() else _FIRST if begins else _NAME)
            begins = False
        if len(tokens) >= MOST_WORDS:
            break
    return tokens[:MOST_WORDS], written[:MOST_WORDS]


def _places(count: int) -> npt.NDArray[np.float64]:
    """What a mention counts at each place of a text."""
    at = np.arange(count)
    falling: npt.NDArray[np.float64] = np.maximum(LEAST, 0.5 ** (at / HALF)) * np.where(at < LEAD, 2.0, 1.0)
    return falling


def _phrases(keys: Keys, rarity: Weights) -> tuple[Keys, npt.NDArray[np.float64]]:
    """Return the pairs of neighbours, each once, and their weights."""
    if len(keys) < 2:
        return keys[:0], np.empty(0)
    pairs = keys[:-1].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + keys[1:]
    distinct, first = np.unique((pairs >> np.uint64(16)).astype(np.uint32), return_index=True)
    return distinct, np.minimum(rarity[:-1] + rarity[1:], MOST_PHRASE)[first].astype(np.float64)


def _near(token: str, year: int | None) -> bool:
    """Whether a number is a year within one of ``year``."""
    return year is not None and _YEAR.fullmatch(token) is not None and abs(int(token) - year) <= 1


def _heaviest(keys: Keys, weights: npt.NDArray[np.float64], room: int) -> tuple[Keys, npt.NDArray[np.uint8]]:
    """Return the heaviest, ascending by key, filled up with zeros; of keys that meet (two forms of one name) the weights add up."""
    distinct, which = np.unique(keys, return_inverse=True)
    total = np.bincount(which, weights, len(distinct))
    order = np.lexsort((distinct, -total))[:room]
    order = np.sort(order[(total[order] > 0) & (distinct[order] > 0)])
    out, scale = np.zeros(room, np.uint32), np.zeros(room, np.uint8)
    if len(order):
        out[: len(order)] = distinct[order]
        scale[: len(order)] = np.clip(np.rint(SCALE * total[order]), 1, 255)
    return out, scale
