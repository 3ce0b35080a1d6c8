"""From parsed queries to nodes: terms are numbered, references resolved, every objection collected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from watcher.errors import QueryError
from watcher.model import Entity, Rule, Terms
from watcher.rules import meta, nodes, query, syntax, terms
from watcher.rules.document import Flavour
from watcher.rules.patterns import Expression
from watcher.text.fold import fold

Thing = Rule | Entity | Terms
Known = frozenset[int]


class Vocabulary:
    """The numbered terms of a rulebook: each (flavour, folded text) once."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Flavour, str], int] = {}
        self.patterns: list[tuple[Flavour, tuple[terms.Pattern, ...]]] = []

    def number(self, text: str, flavour: Flavour) -> int:
        """Return the number of a term.

        :raises QueryError: it has nothing to look for.
        """
        folded = fold(text, case=flavour.case, accents=flavour.accents).text
        found = self.numbers.get((flavour, folded))
        if found is None:
            patterns = terms.compile_term(folded, text)
            found = self.numbers[flavour, folded] = len(self.patterns)
            self.patterns.append((flavour, patterns))
        return found


class Compiler:
    """Compiles the conditions of rules against entities, term lists and each other."""

    def __init__(self, rules: Mapping[str, Rule], entities: Mapping[str, Entity], lists: Mapping[str, Terms]) -> None:
        self.vocabulary = Vocabulary()
        self._rules, self._entities, self._lists = rules, entities, lists
        self._done: dict[str, nodes.Node] = {}
        self._open: list[str] = []
        self._entity_nodes: dict[tuple[str, str | None], nodes.EntityNode] = {}
        self._term_nodes: dict[tuple[int, str, str | None], nodes.TermNode] = {}

    def rule(self, name: str) -> nodes.Node:
        """Return the condition of a rule.

        :raises QueryError: it does not compile, or refers to itself.
        """
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise QueryError(f"the rule refers to itself: {' -> '.join([*self._open[self._open.index(name) :], name])}")
        self._open.append(name)
        try:
            self._done[name] = self._condition(self._rules[name])
        finally:
            self._open.pop()
        return self._done[name]

    def entity(self, name: str, where: str | None = None) -> nodes.EntityNode:
        """Return the node of an entity.

        :raises QueryError: one of its terms does not compile.
        """
        found = self._entity_nodes.get((name, where))
        if found is None:
            thing = self._entities[name]
            accents = thing.accents != "ignore"
            aliases = tuple(self._term(a.text, Flavour(case=not a.case, accents=accents), None) for a in thing.aliases)
            requires = tuple(self._term(text, Flavour(accents=accents), None) for text in thing.requires)
            rejects = tuple(self._term(text, Flavour(accents=accents), None) for text in thing.rejects)
            found = nodes.EntityNode(
                source=f"@{name}", needs=_any(aliases), entity=name, aliases=aliases, requires=requires, rejects=rejects,
                unit=thing.within.unit, words=thing.within.words, where=where,
            )  # fmt: skip
            self._entity_nodes[name, where] = found
        return found

    def _condition(self, rule: Rule) -> nodes.Node:
        """The AND of whatever conditions a rule gives."""
        flavour = Flavour(accents=rule.accents != "ignore")
        items: list[nodes.Node] = []
        if rule.query is not None:
            items.append(self._parsed(rule.query, flavour))
        if rule.any_:
            items.append(_or([self._item(text, flavour) for text in rule.any_], "any"))
        items += [self._item(text, flavour) for text in rule.all_]
        if rule.none_:
            unwanted = _or([self._item(text, flavour) for text in rule.none_], "none")
            items.append(nodes.NotNode(source=f"NOT ({unwanted.source})", item=unwanted))
        if rule.score:
            weighed = tuple((self._item(text, flavour), weight) for text, weight in rule.score)
            positive = [item for item, weight in weighed if weight > 0]
            threshold = rule.threshold if rule.threshold is not None else 1.0
            needs = _any(positive) if threshold > 0 else None
            items.append(nodes.ScoreNode(source=f"score >= {threshold:g}", needs=needs, items=weighed, threshold=threshold))
        if not items:
            raise QueryError("the rule has no condition: give it query, any, all or score")
        return _and(items)

    def _item(self, text: str, flavour: Flavour) -> nodes.Node:
        """An item of any, all, none or score: a term, or a reference by its sigil."""
        if text[:1] in ("@", "$", "%") and len(text) > 1:
            try:
                parsed = query.parse(text)
            except QueryError:
                parsed = None
            if isinstance(parsed, syntax.Reference):
                return self._located(parsed, text, flavour)
        try:
            return self._term(text, flavour, None)
        except QueryError as error:
            raise QueryError(error.message, query=text, position=error.position) from None

    def _parsed(self, text: str, flavour: Flavour) -> nodes.Node:
        return self._located(query.parse(text), text, flavour)

    def _located(self, parsed: syntax.Node, text: str, flavour: Flavour) -> nodes.Node:
        """Compile; an objection names the query and, where it is known, the place."""
        try:
            return self._node(parsed, flavour, None)
        except QueryError as error:
            place = error.position if error.query in ("", text) else None
            raise QueryError(error.message, query=text, position=place) from None

    def _node(self, node: syntax.Node, flavour: Flavour, where: str | None) -> nodes.Node:
        match node:
            case syntax.Term():
                return self._named(node, where) if where in meta.FIELDS else self._term(node.text, flavour, where)
            case syntax.Regex():
                expression = Expression(node.source, case=flavour.case, accents=flavour.accents)
                return nodes.RegexNode(source=str(node), expression=expression, flavour=flavour, where=where)
            case syntax.Reference():
                return self._reference(node, flavour, where)
            case syntax.And():
                return _and([self._node(item, flavour, where) for item in node.items])
            case syntax.Or():
                return _or([self._node(item, flavour, where) for item in node.items])
            case syntax.Not():
                item = self._node(node.item, flavour, where)
                return nodes.NotNode(source=f"NOT {_wrap(item)}", item=item)
            case syntax.Near():
                left, right = self._node(node.left, flavour, where), self._node(node.right, flavour, where)
                return _near(left, right, node.distance, ordered=node.ordered)
            case syntax.AtLeast():
                item = self._node(node.item, flavour, where)
                return nodes.AtLeastNode(source=str(node), needs=item.needs, count=node.count, item=item)
            case syntax.Field():
                if where is not None and where != node.name:
                    raise QueryError(f"{node.name}: inside {where}: can never hold", position=node.position)
                return self._node(node.item, flavour, node.name)
            case syntax.Case():
                return self._node(node.item, Flavour(case=False, accents=flavour.accents), where)

    def _term(self, text: str, flavour: Flavour, where: str | None) -> nodes.TermNode:
        number = self.vocabulary.number(text, flavour)
        key = (number, text, where)
        found = self._term_nodes.get(key)
        if found is None:
            shown = str(syntax.Term(text))
            source = (f"{where}:" if where else "") + ("" if flavour.case else "case:") + shown
            found = nodes.TermNode(source=source, needs=frozenset((number,)), number=number, text=text, where=where)
            self._term_nodes[key] = found
        return found

    @staticmethod
    def _named(node: syntax.Term, where: str | None) -> nodes.Node:
        assert where is not None
        return nodes.MetaNode(source=f"{where}:{node}", where=where, text=node.text, wanted=fold(node.text).text)

    def _reference(self, node: syntax.Reference, flavour: Flavour, where: str | None) -> nodes.Node:
        kinds: dict[str, tuple[str, Iterable[str]]] = {
            "@": ("entity", self._entities),
            "$": ("list of terms", self._lists),
            "%": ("rule", self._rules),
        }
        what, known = kinds[node.sigil]
        if node.name not in known:
            raise QueryError(f"there is no {what} {node.sigil}{node.name}{query.suggest(node.name, sorted(known))}", position=node.position)
        if node.sigil == "@":
            return self.entity(node.name, where)
        if node.sigil == "%":
            return self.rule(node.name)
        items = [self._term(text, flavour, where) for text in self._lists[node.name].items]
        return _or(items, f"${node.name}") if items else nodes.OrNode(source=f"${node.name}", needs=frozenset(), items=())


def _any(items: Iterable[nodes.Node]) -> Known | None:
    """What must occur where one of the items holds."""
    needed: set[int] = set()
    for item in items:
        if item.needs is None:
            return None
        needed |= item.needs
    return frozenset(needed)


def _all(items: Iterable[nodes.Node]) -> Known | None:
    """What must occur where all of them hold: the smallest set among them."""
    sets = [item.needs for item in items if item.needs is not None]
    return min(sets, key=len) if sets else None


def _wrap(node: nodes.Node) -> str:
    return f"({node.source})" if isinstance(node, nodes.AndNode | nodes.OrNode) and " " in node.source else node.source


def _and(items: Sequence[nodes.Node]) -> nodes.Node:
    if len(items) == 1:
        return items[0]
    return nodes.AndNode(source=" AND ".join(_wrap(i) for i in items), needs=_all(items), items=tuple(items))


def _or(items: Sequence[nodes.Node], name: str | None = None) -> nodes.Node:
    if len(items) == 1:
        return items[0]
    source = name if name and name[0] == "$" else " OR ".join(_wrap(i) for i in items)
    return nodes.OrNode(source=source, needs=_any(items), items=tuple(items))


def _near(left: nodes.Node, right: nodes.Node, distance: int, *, ordered: bool) -> nodes.Node:
    """Proximity of groups: AND means near to each, NOT means none near, OR finds any."""
    if isinstance(right, nodes.AndNode):
        return _and([_near(left, item, distance, ordered=ordered) for item in right.items])
    if isinstance(left, nodes.AndNode):
        return _and([_near(item, right, distance, ordered=ordered) for item in left.items])
    without = isinstance(right, nodes.NotNode)
    name = f"{'ONEAR' if ordered else 'NEAR'}/{distance}"
    source = f"{_wrap(left)} {name} {_wrap(right)}"
    if isinstance(left, nodes.NotNode):
        raise QueryError(f"{name}: expected something that can be found on its left side; write: b {name} (NOT a)")
    other = right.item if isinstance(right, nodes.NotNode) else right
    needs = left.needs if without else _all([left, right])
    return nodes.NearNode(source=source, needs=needs, left=left, right=other, distance=distance, ordered=ordered, without=without)
