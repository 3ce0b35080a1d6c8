"""What changed in an article after it was told: its headline, names and numbers in its sentences, a denial. Nothing else.

Two readings of one page differ by more than its author's edits: menus, counters, "read also" lines, a caption more or less. So a sentence counts only

    where it stands between sentences that both readings have, or resembles one that it replaces,
    and when it has a name, a number or a denial that the other reading has nowhere.

Where most of the sentences are others, the page was rewritten as a whole, or is another page: that is said in one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from watcher.alerts.novelty import DENIALS, numbers
from watcher.text import sentences
from watcher.text.fold import fold

MOST = 5  # changes that one message names
SHOWN = 240  # characters of a sentence, or of both that are compared
LEAD = 30  # characters shown before two sentences part
ALIKE = 0.5  # share of words that makes a sentence the successor of another
LEAST_WORDS = 5  # of a sentence that has no counterpart
NEAREST = 25  # sentences among which the successor of one is sought: pairing stays linear
LONGEST = 1000  # sentences of a text that are compared
KEPT = 0.3  # share of sentences below which a text was rewritten

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_FOREIGN = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}|[\u4e00-\u9fff]{2,6}")  # katakana, kanji: scripts without capitals
_DIGIT = re.compile(r"(?<![\w.,-])\d(?![\w.,-])")


class Version(NamedTuple):
    """What a page said at a moment: its own headline ("" where that was not seen) and its text."""

    title: str
    text: str


def changes(before: Version, after: Version) -> tuple[str, ...]:
    """Return what was materially changed, each item a line for the receiver; () when nothing was."""
    found = []
    if before.title and after.title and _key(before.title) != _key(after.title):
        found.append(f"the headline is now “{after.title}”; it was “{before.title}”")
    found += _of_text(before.text, after.text)
    if len(found) > MOST:
        found = [*found[: MOST - 1], f"and {len(found) - MOST + 1} more changes"]
    return tuple(found)


def _of_text(before: str, after: str) -> Iterator[str]:
    old, new = sentences.split(before)[:LONGEST], sentences.split(after)[:LONGEST]
    if not old or not new:
        return
    old_keys, new_keys = [_key(each) for each in old], [_key(each) for each in new]
    common = set(old_keys) & set(new_keys)  # wherever they stand: order is layout
    kept = sum(key in common for key in old_keys)
    if len(old) >= 4 and kept < KEPT * len(old):
        if 2 * len(after) >= len(before):
            yield f"its text was rewritten: {kept} of {len(old)} sentences are left"
        return
    old_facts, new_facts = _facts(before), _facts(after)
    blocks = SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes()
    for number, (tag, old_from, old_to, new_from, new_to) in enumerate(blocks):
        if tag != "equal":
            gone = [old[at] for at in range(old_from, old_to) if old_keys[at] not in common]
            come = [new[at] for at in range(new_from, new_to) if new_keys[at] not in common]
            yield from _of_block(gone, come, old_facts, new_facts, inside=0 < number < len(blocks) - 1)


def _of_block(
    old: Sequence[str], new: Sequence[str], old_facts: frozenset[str], new_facts: frozenset[str], *, inside: bool
) -> Iterator[str]:
    left = list(new)
    for sentence in old:
        successor = max(left[:NEAREST], key=lambda each: _likeness(sentence, each), default=None)
        if successor is not None and _likeness(sentence, successor) >= ALIKE:
            left.remove(successor)
            if (_facts(sentence) - new_facts) | (_facts(successor) - old_facts):
                now, was = _around_difference(successor, sentence)
                yield f"“{now}”; before: “{was}”"
        elif inside and _weighs(sentence, new_facts):
            yield f"taken out: “{_cut(sentence)}”"
    for sentence in left:
        if inside and _weighs(sentence, old_facts):
            yield f"put in: “{_cut(sentence)}”"


def _weighs(sentence: str, elsewhere: frozenset[str]) -> bool:
    words = len(_WORD.findall(sentence))
    dense = len("".join(_FOREIGN.findall(sentence))) >= LEAST_WORDS
    return (words >= LEAST_WORDS or dense) and bool(_facts(sentence) - elsewhere)


def _facts(text: str) -> frozenset[str]:
    """The names, numbers and denials of a text, folded."""
    found = {*numbers(text), *_DIGIT.findall(text), *_FOREIGN.findall(text)}
    for sentence in sentences.split(text):
        words = [match[0] for match in _NAME.finditer(sentence)]
        found |= {fold(word).text for word in words[1:] if word[0].isupper() and len(word) > 1}
        found |= DENIALS.intersection(fold(word).text for word in words)
    return frozenset(found)


def _likeness(one: str, two: str) -> float:
    """The share of words that two sentences have in common, of the longer one; of pairs of letters where nothing stands between words."""
    a, b = _pieces(one), _pieces(two)
    return len(a & b) / max(len(a), len(b), 1)


def _pieces(sentence: str) -> set[str]:
    text = fold(sentence).text
    words = set(_WORD.findall(text))
    return words if len(words) > 3 else {text[at : at + 2] for at in range(len(text) - 1)}


def _key(text: str) -> str:
    return " ".join(_WORD.findall(fold(text).text))


def _around_difference(one: str, two: str) -> tuple[str, str]:
    """Both sentences from a few words before they part, each short enough that a reader sees where."""
    same = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    start = one.rfind(" ", 0, same - LEAD) + 1 if same > 2 * LEAD else 0
    ahead = "…" if start else ""
    now, was = (
        ahead + (each[start:] if len(each) - start <= SHOWN // 2 else each[start : start + SHOWN // 2].rsplit(" ", 1)[0] + "…")
        for each in (one, two)
    )
    return now, was


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= SHOWN else sentence[: SHOWN - 1].rsplit(" ", 1)[0] + "…"
