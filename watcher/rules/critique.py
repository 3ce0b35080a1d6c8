"""What could be better about a set of rules, though nothing in it is wrong. Each finding has a code, a place and a remedy.

untested       a rule without must_match                  identical      two rules that ask for the same
covered        a term that another one finds anyway       repeated       the same term twice
short          two or three letters that are also words   prefix         a wildcard behind so few letters
function_word  a word that every article has              bare_name      an entity's name, searched as a mere word
shared_alias   one name, two entities without context     unused         an entity or a list that no rule names
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from watcher.errors import QueryError
from watcher.model import Entity, MatchInput, Rule, Terms
from watcher.rules import closure, function_words, query
from watcher.rules.rulebook import compile_rules
from watcher.rules.syntax import And, AtLeast, Case, Field, Near, Node, Not, Or, Term
from watcher.text.fold import fold

Thing = Rule | Entity | Terms
FEW = 3  # letters of a term that is likely to be something else as well
MANY = 5  # a file with more unused things than this is a library
SMALL = 300  # terms that are compared pair by pair before the engine is asked

CODES = ("untested", "identical", "covered", "repeated", "short", "prefix", "function_word", "bare_name", "shared_alias", "unused")
_PHRASE = "write the phrase that it belongs to"
_SQUEEZE = re.compile(r"[\W_]+")
_WILD = re.compile(r"[*?]")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. ``key``: where in the thing (``query``, ``any``, ``aliases`` …); ``text``: the term that it is about, or ""."""

    code: str
    thing: Thing
    message: str
    remedy: str
    key: str = ""
    text: str = ""


class Leaf(NamedTuple):
    """A term of a rule, with what stands around it."""

    text: str
    key: str
    negated: bool = False
    exact: bool = False
    field: str = ""


def criticise(
    rules: Sequence[Rule], entities: Sequence[Entity], terms: Sequence[Terms], *, used: frozenset[str] = frozenset()
) -> list[Finding]:
    """Return what could be better, in the order of the things.

    :param used: ids of entities that something besides rules names, such as routes.
    """
    leaves = {rule.name: list(_leaves(rule)) for rule in rules}
    found = [*_identical(rules)]
    names = _Names(entities)
    for rule in rules:
        if not rule.must_match:
            found.append(
                Finding(
                    "untested", rule, "it has no must_match: nothing notices when a change breaks it", "add a sentence that it must find"
                )
            )
        found += [finding for leaf in leaves[rule.name] if not leaf.negated for finding in _of_leaf(rule, leaf, names)]
        for key, group in _alternatives(rule):
            found += _redundant(rule, key, group)
    for entity in entities:
        aliases = [Leaf(alias.text, "aliases", exact=alias.case) for alias in entity.aliases]
        if not entity.requires:
            found += [finding for leaf in aliases for finding in _of_leaf(entity, leaf, None)]
        found += _redundant(entity, "aliases", [leaf.text for leaf in aliases if not leaf.exact], whole=True)
        for key in ("requires", "rejects"):
            found += _redundant(entity, key, getattr(entity, key))
    for listed in terms:
        found += [finding for text in listed.items for finding in _of_leaf(listed, Leaf(text, "items"), None)]
        found += _redundant(listed, "items", listed.items)
    found += names.shared()
    found += _unused(rules, entities, terms, used)
    order = {id(thing): number for number, thing in enumerate((*rules, *entities, *terms))}
    return sorted(found, key=lambda finding: order[id(finding.thing)])


# --- single terms ---------------------------------------------------------------------------------------------------------


def _of_leaf(thing: Thing, leaf: Leaf, names: _Names | None) -> Iterator[Finding]:
    """Remarks on a term by itself. Exact case and fields of few words are care enough."""
    if names is not None and not leaf.field and (entity := names.named(leaf.text)) is not None:
        yield _bare_name(thing, leaf, entity)
        return
    if leaf.exact or leaf.field in ("url", "author"):
        return
    stem, wild = leaf.text.strip().rstrip("*"), leaf.text.strip().endswith("*")
    if not _LETTERS.fullmatch(stem) or any(_dense(char) for char in stem):
        return
    exactly = _exactly(thing, leaf, stem)
    language = None if wild else function_words.language_of(stem)
    if language is not None:
        remedy = exactly if stem.isupper() else f"leave it out, or {_PHRASE}"
        yield Finding(
            "function_word", thing, f'"{leaf.text}" finds the word that nearly every text has ({language})', remedy, leaf.key, leaf.text
        )
    elif wild and len(stem) <= FEW:
        remedy = "write more letters, or the words that are meant"
        yield Finding("prefix", thing, f'"{leaf.text}" finds every word that begins with {stem}', remedy, leaf.key, leaf.text)
    elif len(stem) < FEW or (len(stem) == FEW and not stem.islower()):
        yield Finding(
            "short", thing, f'"{leaf.text}" is short: capitals do not count, so it finds {stem.lower()} too', exactly, leaf.key, leaf.text
        )


def _exactly(thing: Thing, leaf: Leaf, stem: str) -> str:
    """How a short term is told from a word: by its capitals, where it has some."""
    if stem.islower():
        return _PHRASE
    if isinstance(thing, Entity):
        return f'give it exact capitals: {{ text = "{stem}", case = true }}'
    return f"{'give it' if leaf.key == 'query' else 'search it in a query, with'} exact capitals: case:{stem}"


def _bare_name(thing: Thing, leaf: Leaf, entity: Entity) -> Finding:
    others = len(entity.aliases) - 1
    if entity.requires or entity.rejects:
        why = f'"{leaf.text}" finds every {leaf.text}; @{entity.id} tells {entity.name} from its namesakes'
    else:
        why = f'"{leaf.text}" finds this spelling only; @{entity.id} has {others} more name{"s" if others != 1 else ""}'
    return Finding("bare_name", thing, why, f"write @{entity.id}", leaf.key, leaf.text)


class _Names:
    """Whose name is it?"""

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._by_name: dict[str, list[Entity]] = {}
        for entity in entities:
            for name in dict.fromkeys(_squeezed(alias.text) for alias in entity.aliases):
                self._by_name.setdefault(name, []).append(entity)

    def named(self, text: str) -> Entity | None:
        """Return the entity that ``text`` is an alias of, if it is worth more than the text: it has context, or other names."""
        found = self._by_name.get(_squeezed(text), [])
        return next((entity for entity in found if entity.requires or entity.rejects or len(entity.aliases) > 1), None)

    def shared(self) -> Iterator[Finding]:
        """Names that two entities claim, neither of which asks for context."""
        for entities in self._by_name.values():
            plain = [entity for entity in entities if not (entity.requires or entity.rejects)]
            for other in plain[1:]:
                text = next(alias.text for alias in other.aliases if _squeezed(alias.text) in {_squeezed(a.text) for a in plain[0].aliases})
                message = f'"{text}" is a name of @{plain[0].id} as well, and neither asks for context: both are found'
                yield Finding("shared_alias", other, message, "give one of them requires or rejects", "aliases", text)


# --- terms beside each other ------------------------------------------------------------------------------------------------


def _redundant(thing: Thing, key: str, group: Sequence[str], *, whole: bool = False) -> Iterator[Finding]:
    """Terms of alternatives that others find anyway. ``whole``: only where the other one finds all of it, as names show what they find."""
    first: dict[str, str] = {}
    for text in group:
        folded = _spelt(text)
        if folded in first:
            message = f'"{text}" is "{first[folded]}" once more: capitals, width and kinds of hyphens make no difference'
            yield Finding("repeated", thing, message, "leave one of them out", key, text)
        first.setdefault(folded, text)
    distinct = list(first.values())
    suspects = _suspects(distinct)
    if not suspects:
        return
    try:
        book = compile_rules([Rule(name=str(number), any_=(text,)) for number, text in enumerate(distinct)])
    except (QueryError, ValueError):  # reported where it is compiled
        return
    for number in suspects:
        text = distinct[number]
        covering: set[int] | None = None
        for sample in _samples(text):
            matches = {int(m.rule): m for m in book.match(MatchInput(text=sample))}
            if number in matches:  # else it is no spelling of this term
                here = {i for i, m in matches.items() if not whole or any(e.end - e.start == len(sample) for e in m.evidence)} - {number}
                covering = here if covering is None else covering & here
        if covering:
            other = distinct[min(covering)]
            yield Finding("covered", thing, f'"{text}" is found by "{other}" anyway', "leave it out", key, text)


def _samples(text: str) -> list[str]:
    """Texts that a term might find: its spellings with and without hyphens and spaces, its wildcards short and long."""
    filled = dict.fromkeys(
        (text.replace("*", "").replace("?", "x"), text.replace("*", "zq").replace("?", "x"), text.replace("*", "7").replace("?", "7"))
    )
    spellings = [variant for each in filled for variant in (each, each.replace("-", ""), each.replace(" ", ""), each.replace(" ", "-"))]
    return list(dict.fromkeys(variant for variant in spellings if variant.strip()))


def _suspects(texts: Sequence[str]) -> list[int]:
    """The terms that another one might find: its letters, up to a wildcard, stand in theirs."""
    if len(texts) > SMALL:
        return list(range(len(texts)))
    squeezed = [_squeezed(_WILD.split(text)[0]).replace(" ", "") for text in texts]
    whole = [_squeezed(text).replace(" ", "") for text in texts]
    return [i for i, text in enumerate(whole) if any(part and part in text for j, part in enumerate(squeezed) if j != i)]


def _squeezed(text: str) -> str:
    """Letters and digits, folded: what two spellings of a term have in common."""
    return _SQUEEZE.sub(" ", fold(text).text).strip()


def _spelt(text: str) -> str:
    """A term as the engine reads it: folded, white space as one space."""
    return " ".join(fold(text).text.split())


# --- rules beside each other ------------------------------------------------------------------------------------------------


def _identical(rules: Sequence[Rule]) -> Iterator[Finding]:
    first: dict[object, Rule] = {}
    for rule in rules:
        meant = _meaning(rule)
        other = first.setdefault(meant, rule)
        if other is not rule:
            message = f"it asks for the same as the rule {other.name}" + (f" ({other.file}:{other.line})" if other.file else "")
            yield Finding("identical", rule, message, "keep one of them: an article that both match is told twice")


def _meaning(rule: Rule) -> object:
    """What two rules that ask for the same have in common: the order of words and the way of saying it do not count."""
    parts: set[object] = set()
    if rule.query is not None:
        try:
            node = _canonical(query.parse(rule.query))
        except QueryError:
            return id(rule)
        parts |= set(_parts(node, "and"))
    for text in rule.all_:
        parts.add(_canonical(Term(text)))
    if rule.any_:
        any_of = frozenset(_canonical(Term(text)) for text in rule.any_)
        parts.add(next(iter(any_of)) if len(any_of) == 1 else ("or", any_of))
    parts |= {("not", _canonical(Term(text))) for text in rule.none_}
    score = frozenset((_spelt(text), weight) for text, weight in rule.score)
    return frozenset(parts), score, rule.threshold, frozenset(rule.feeds), frozenset(rule.languages), rule.inflect, rule.accents


def _parts(canonical: tuple[object, ...], operator: str) -> Iterable[object]:
    """The parts of a group of that operator; anything else is one part."""
    inner = canonical[1] if canonical[0] == operator else None
    return inner if isinstance(inner, frozenset) else (canonical,)


def _canonical(node: Node) -> tuple[object, ...]:
    match node:
        case Term(text):
            return ("term", _spelt(text))
        case And(items):
            return ("and", frozenset(part for item in items for part in _parts(_canonical(item), "and")))
        case Or(items):
            return ("or", frozenset(part for item in items for part in _parts(_canonical(item), "or")))
        case Not(item):
            return ("not", _canonical(item))
        case Field(name, item):
            return ("field", name, _canonical(item))
        case Case(item):
            return ("case", str(item))
        case AtLeast(count, item):
            return ("atleast", count, _canonical(item))
        case Near(left, right, distance, ordered):
            sides = (_canonical(left), _canonical(right))
            return ("near", distance, ordered, sides if ordered else frozenset(sides))
        case _:
            return ("leaf", str(node))


def _unused(rules: Sequence[Rule], entities: Sequence[Entity], terms: Sequence[Terms], used: frozenset[str]) -> Iterator[Finding]:
    named = {name for rule in rules for name in closure.references(rule)}
    groups: tuple[tuple[str, Sequence[Entity | Terms], set[str]], ...] = (
        ("entity", entities, {name for sigil, name in named if sigil == "@"} | used),
        ("list", terms, {name for sigil, name in named if sigil == "$"}),
    )
    for kind, things, names in groups:
        by_file: dict[str, list[Entity | Terms]] = {}
        for thing in things:
            if (thing.id if isinstance(thing, Entity) else thing.name) not in names:
                by_file.setdefault(thing.file or "", []).append(thing)
        for idle in by_file.values():
            if len(idle) <= MANY:  # more of them in one file are a library, which is there to choose from
                for thing in idle:
                    yield Finding("unused", thing, f"no rule names this {kind}", "name it in a rule, or take it out")


# --- taking rules apart ------------------------------------------------------------------------------------------------------


def _leaves(rule: Rule) -> Iterator[Leaf]:
    """Yield the terms of a rule; references are judged where they are defined."""
    if rule.query is not None:
        try:
            yield from _below(query.parse(rule.query), Leaf("", "query"))
        except QueryError:
            return
    for key, items in (("any", rule.any_), ("all", rule.all_), ("none", rule.none_)):
        yield from (Leaf(text, key, negated=key == "none") for text in items if not _is_reference(text))
    yield from (Leaf(text, "score", negated=weight < 0) for text, weight in rule.score if not _is_reference(text))


def _below(node: Node, around: Leaf) -> Iterator[Leaf]:
    match node:
        case Term(text):
            yield around._replace(text=text)
        case And(items) | Or(items):
            for item in items:
                yield from _below(item, around)
        case Not(item):
            yield from _below(item, around._replace(negated=not around.negated))
        case Case(item):
            yield from _below(item, around._replace(exact=True))
        case Field(name, item):
            if name not in ("tag", "feed", "lang"):
                yield from _below(item, around._replace(field=name))
        case AtLeast(_, item):
            yield from _below(item, around)
        case Near(left, right):
            yield from _below(left, around)
            yield from _below(right, around)
        case _:
            return


def _alternatives(rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """Yield the groups of plain terms of which one is enough."""
    for key, items in (("any", rule.any_), ("none", rule.none_)):
        yield key, [text for text in items if not _is_reference(text)]
    if rule.query is None:
        return
    try:
        every: Iterable[Node] = list(closure.nodes(query.parse(rule.query)))
    except QueryError:
        return
    for node in every:
        if isinstance(node, Or):
            yield "query", [item.text for item in node.items if isinstance(item, Term)]


def _is_reference(text: str) -> bool:
    return re.fullmatch(r"[@$%][\w.\-]+", text.strip()) is not None


def _dense(char: str) -> bool:
    return "\u0e00" <= char <= "\u0eff" or "\u1100" <= char <= "\u11ff" or "\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af"
