"""Rules: what the user asked for, found in an article and shown. Pure.

    syntax      the shapes of a parsed query         query      text -> syntax, with precise objections
    terms       a word or phrase with wildcards      patterns   regular expressions in linear time
    document    an article in one row of coordinates automaton  all terms in one pass
    compiler    syntax -> nodes; references, numbered terms
    nodes       conditions that can be judged        meta       names of feeds, tags and languages
    rulebook    all rules together: match, explain, self_test, warnings
"""

from __future__ import annotations

from collections.abc import Iterable

from watcher.model import Entity, Rule, Terms
from watcher.rules import query
from watcher.rules.rulebook import Failure, Rulebook, RulebookErrors, Trace

__all__ = ["Failure", "Rulebook", "RulebookErrors", "Trace", "compile", "query"]


def compile(rules: Iterable[Rule], entities: Iterable[Entity] = (), terms: Iterable[Terms] = ()) -> Rulebook:  # noqa: A001  the word of the trade
    """Compile rules against entities and lists of terms.

    :raises RulebookErrors: with everything that does not compile, not only the first.
    """
    return Rulebook(tuple(rules), tuple(entities), tuple(terms))
