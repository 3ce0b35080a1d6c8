"""Remarks on what is legal but hardly meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from watcher.errors import QueryError
from watcher.model import Entity, Rule, Terms
from watcher.rules import query
from watcher.rules.syntax import And, Node, Term, children

_OPERATORS = {"or": "OR", "and": "AND", "not": "NOT", "near": "NEAR/n"}
_MISSPELT = {"AN": "AND", "ADN": "AND", "NAD": "AND", "ANDD": "AND", "NTO": "NOT", "NOTT": "NOT", "ORR": "OR"}
_WORTH_A_LOOK = re.compile(r"\b(?:AN|ADN|NAD|ANDD|NTO|NOTT|ORR)\b|\b(?:[oO]r|[aA]nd|[nN]ot|[nN]ear)\b|[,;'‘’‚‹›]|\b\d{1,4}\b")
_SINGLE = "'‘’‚‹›"
_QUOTES = '"“”„‟«»〝〞＂「『'
_CYRILLIC, _LATIN = "АВЕКМНОРСТУХІЈЅаеорсухіјѕ", "ABEKMHOPCTYXIJSaeopcyxijs"  # in pairs that look alike
_FOREIGN_IN = (
    (re.compile(rf"[{_CYRILLIC}]+(?=[a-zA-Z])"), re.compile(r"[A-Za-z]"), "Cyrillic"),
    (re.compile(rf"[{_LATIN}]+"), re.compile(r"[\u0400-\u052f]"), "Latin"),
)
_WORD = re.compile(r"[^\W\d_]+")


def remarks(thing: Rule | Entity | Terms) -> Iterator[str]:
    """Yield remarks on what a rule, an entity or a list looks for."""
    if isinstance(thing, Rule):
        yield from _of_query(thing.query or "")
        items: tuple[str, ...] = (*thing.any_, *thing.all_, *thing.none_, *(key for key, _ in thing.score))
    elif isinstance(thing, Entity):
        items = (*(alias.text for alias in thing.aliases), *thing.requires, *thing.rejects)
    else:
        items = thing.items
    for item in items:
        yield from mixed_letters(item)


def mixed_letters(text: str) -> Iterator[str]:
    """Yield a remark for each word in which letters of another script stand that look like its own: it finds nothing that is spelt right."""
    if text.isascii():
        return
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        cyrillic = sum("\u0400" <= char <= "\u052f" for char in word)
        odd = _FOREIGN_IN[0 if cyrillic * 2 <= len(word) else 1]
        found = odd[0].search(word)
        if found is not None and odd[1].search(word) and _all_look_alike(word, odd[2]):
            yield f'"{word}" mixes alphabets: its "{found[0]}" is {odd[2]}, so it finds only texts that mix them the same way'


def _all_look_alike(word: str, foreign: str) -> bool:
    """Whether all letters of the foreign alphabet in a word look like letters of the other: else the mixture is meant (HIMARSи)."""
    if foreign == "Cyrillic":
        return all(char in _CYRILLIC for char in word if "\u0400" <= char <= "\u052f")
    return all(char in _LATIN for char in word if char.isascii())


def _of_query(text: str) -> Iterator[str]:
    if text.isascii() and _WORTH_A_LOOK.search(text) is None:
        return
    try:
        stack: list[Node] = [query.parse(text)]
    except QueryError:  # reported where it is compiled
        return
    while stack:
        node = stack.pop()
        stack += reversed(children(node))
        if isinstance(node, And):
            yield from _neighbours(text, node)
        if not isinstance(node, Term):
            continue
        yield from mixed_letters(node.text)
        if text[node.position : node.position + 1] in _QUOTES:
            continue
        if node.text.lower() in _OPERATORS:
            yield f'"{node.text}" is searched as a word: operators are written in capitals ({_OPERATORS[node.text.lower()]})'
        elif node.text in _MISSPELT:
            yield f'"{node.text}" is searched as a word: was {_MISSPELT[node.text]} meant? Else write it small, or in quotes'
        elif node.text[-1] in ",;":
            yield f'"{node.text}" is searched with its "{node.text[-1]}": terms are separated by spaces'
        elif node.text[0] in _SINGLE and re.search(rf"[{_SINGLE}](?:[\s)]|$)", text[node.position + 1 :]):
            yield f'"{node.text}" is searched with its {node.text[0]}: a phrase stands in double quotes'


def _neighbours(text: str, clause: And) -> Iterator[str]:
    """Yield a remark for a number beside a word: both are searched anywhere, also far apart."""
    for left, right in pairwise(clause.items):
        if not (isinstance(left, Term) and isinstance(right, Term)):
            continue
        end = left.position + len(left.text)
        if text[left.position : end] == left.text and text[end : right.position].isspace() and _number_and_word(left.text, right.text):
            yield f'"{left.text} {right.text}" are two terms that may stand far apart: put a phrase in double quotes'


def _number_and_word(a: str, b: str) -> bool:
    number, word = (a, b) if a.isdigit() else (b, a)
    return number.isdigit() and word.isalpha() and len(number) <= 4
