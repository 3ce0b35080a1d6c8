"""Rules: which articles are meant, and why. Pure.

Text of rules to conditions::

    query        the query language's parser         syntax     the shapes it gives
    terms        one word or phrase with wildcards   patterns   regular expressions in linear time
    compiler     rules, entities and lists to conditions
    proximity    groups inside NEAR                  logic, lint   warnings

An article through the conditions::

    document     the article's fields in one row, folded, with the way back
    index        all terms in one automaton          automaton  the library underneath
    run          what was found in one article       near       steps from word to word
    mentions     entities and their context
    conditions   the clauses; the only code that decides
    evidence     what shows it: evidence, traces     triggers   which rules are worth a look
    rulebook     the whole, ready to match           inflect    word forms
    clues        what the archive's index must hold  closure    what a rule names

About rules::

    critique     what could be better about them     function_words   words without a topic
    suggest      what marked alerts say of them      candidates, statistics   what it chooses from, and how carefully
    dialects/    queries of other tools              scope      where a rule applies
"""

from watcher.rules import closure, clues, query
from watcher.rules.evidence import Mention, Trace
from watcher.rules.rulebook import Failure, Rulebook, RulebookErrors
from watcher.rules.rulebook import compile_rules as compile  # noqa: A004  rules.compile reads as re.compile does

__all__ = ["Failure", "Mention", "Rulebook", "RulebookErrors", "Trace", "closure", "clues", "compile", "query"]
