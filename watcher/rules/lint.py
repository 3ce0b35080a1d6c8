"""Remarks on what is legal but hardly meant."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.errors import QueryError
from watcher.model import Rule
from watcher.rules import query
from watcher.rules.syntax import Node, Term, children

_SMALL = {"or": "OR", "and": "AND", "not": "NOT", "near": "NEAR/n"}


def remarks(rule: Rule) -> Iterator[str]:
    """Yield remarks on a rule's query."""
    if rule.query is None or not any(mark in rule.query for mark in (" or ", " and ", " not ", " near ", ",", ";")):
        return
    try:
        stack: list[Node] = [query.parse(rule.query)]
    except QueryError:  # reported where it is compiled
        return
    while stack:
        node = stack.pop()
        stack += children(node)
        if not isinstance(node, Term) or rule.query[node.position : node.position + 1] in '"“„«':
            continue
        if node.text in _SMALL:
            yield f'"{node.text}" is searched as a word: operators are written in capitals ({_SMALL[node.text]})'
        elif node.text[-1] in ",;":
            yield f'"{node.text}" is searched with its "{node.text[-1]}": terms are separated by spaces'
