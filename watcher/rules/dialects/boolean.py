"""The Boolean dialects of media monitoring: one grammar, and three tables of what differs.

::

    query = and { OR and }
    and   = unary { [AND] unary | AND NOT unary | NOT unary }      two terms side by side are AND
    unary = NOT unary | near
    near  = item { (NEAR[/n] | NEAR/nf | ONEAR[/n]) item }
    item  = ( query )[~n] | "phrase"[~n] | field:item | raw:item | ++item | word        each with an optional weight ^n
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from watcher.errors import QueryError
from watcher.rules.dialects.converted import QUOTES, Converted, NoEquivalent, Notes, all_of, any_of, site
from watcher.rules.syntax import And, Case, Field, Near, Node, Not, Term

MAX_DEPTH = 50

_AUDIENCE = 'articles here have no {}: where it matters, choose feeds by tag (feeds = ["tag:NAME"])'
_PLACE = {
    name: _AUDIENCE.format("place")
    for name in ("country", "region", "city", "continent", "location", "sourcecountry", "sourceregion", "sourcecity", "sourcecontinent")
}
_SOCIAL = {
    name: _AUDIENCE.format("audience, engagement or kind of source")
    for name in (
        "reach", "engagement", "engagementtype", "sourcetype", "sentiment", "gender", "authorgender", "followers", "authorfollowers", "hashtags",
        "mentions", "links", "retweets", "replies", "channeltype", "pagetype", "impact", "likes", "shares", "comments", "verified",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells one dialect from the others. ``fields``: their name to ours. ``near``: the distance of a bare NEAR, None where it needs one.

    ``small``: operators may be written small. ``minus``: ``-x`` excludes. ``alone``: words without any operator are a proximity search.
    """

    name: str
    fields: Mapping[str, str]
    refused: Mapping[str, str] = field(default_factory=dict)
    near: int | None = None
    small: bool = False
    minus: bool = False
    alone: bool = False


MELTWATER = Dialect(
    "Meltwater",
    {
        "title": "title",
        "ingress": "lead",
        "author": "author",
        "url": "url",
        "metadata.url": "url",
        "languagecode": "lang",
        "language": "lang",
    },
    {**_PLACE, **_SOCIAL, "source": 'sources are feeds here: give the rule feeds = ["NAME"]'},
    near=4,
    small=True,
)
BRANDWATCH = Dialect(
    "Brandwatch",
    {"title": "title", "author": "author", "url": "url", "site": "site", "language": "lang", "lang": "lang", "raw": "raw"},
    {**_PLACE, **_SOCIAL},
    minus=True,
)
TALKWALKER = Dialect(
    "Talkwalker",
    {"title": "title", "content": "body", "author": "author", "url": "url", "site": "site", "domain": "site", "lang": "lang"},
    {**_PLACE, **_SOCIAL, "published": "rules see what comes in now; the archive is asked with `watcher search --since`"},
    minus=True,
    alone=True,
)

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<open>\() | (?P<close>\)(?:~(?P<group>\d+))?(?:\^\d+)?)
    | (?P<raw>\+\+?)?"(?P<phrase>[^"]*)"(?:~(?P<span>\d+))?(?P<weight>\^\d+)?
    | (?P<unclosed>")
    | (?P<near>O?NEAR)(?:/(?P<count>\d+)(?P<forward>f)?)?(?=[\s()"]|$)
    | (?P<op>AND|OR|NOT)(?=[\s()"]|$)
    | (?P<field>[A-Za-z][\w.]*):(?=[^\s/]|/(?!/))
    | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
_SMALL = re.compile(r"(?:and|or|not|o?near(?:/\d+)?)", re.IGNORECASE)
_COMMENT = re.compile(r"<<<.*?>>>", re.DOTALL)
_WITHOUT_OPERATOR = "two terms without an operator between them are read as AND"
_WEIGHTS = "weights (^n) only choose the sentence that is shown, and are left out"


class _Token(NamedTuple):
    kind: str
    text: str
    position: int
    number: int | None = None  # of NEAR/n, "…"~n and (…)~n
    extra: str = ""  # f of NEAR/nf; + or ++ before a phrase


class Reader:
    """Converts queries of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def __call__(self, text: str) -> Converted:
        """Convert one query.

        :raises NoEquivalent: at the first thing that cannot be said.
        :raises QueryError: for what the dialect would not take either.
        """
        parser = _Parser(text, self.dialect)
        return Converted(parser.parse(), tuple(parser.notes.said))


class _Parser:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.query, self.dialect, self.notes = text, dialect, Notes()
        self.depth = self.at = 0
        plain = _COMMENT.sub(lambda match: " " * len(match[0]), text.translate(QUOTES))
        self.tokens = [self._token(match) for match in _TOKEN.finditer(plain) if match[0].strip()]

    def fail(self, message: str, position: int) -> QueryError:
        return QueryError(message, query=self.query, position=position)

    def refuse(self, construct: str, why: str, position: int) -> NoEquivalent:
        return NoEquivalent(construct, why, position=position, query=self.query)

    def _token(self, match: re.Match[str]) -> _Token:
        position = match.end() - len(match[0].lstrip())
        shown = match[0].strip()
        if match["unclosed"]:
            raise self.fail('a quote that is not closed: expected another "', position)
        if match["weight"] or (shown.startswith(")") and "^" in shown):
            self.notes.add(_WEIGHTS)
        if match["open"]:
            return _Token("open", "(", position)
        if match["close"]:
            return _Token("close", ")", position, _int(match["group"]))
        if match["phrase"] is not None:
            return _Token("phrase", match["phrase"], position, _int(match["span"]), match["raw"] or "")
        if match["near"]:
            return _Token("near", match["near"], position, _int(match["count"]), match["forward"] or "")
        if match["op"]:
            return _Token(match["op"], match["op"], position)
        if match["field"]:
            return _Token("field", match["field"], position)
        return self._word(match["word"], position)

    def _word(self, word: str, position: int) -> _Token:
        if _SMALL.fullmatch(word):
            if not self.dialect.small:
                self.notes.add(f'"{word}" is a word: {self.dialect.name} writes operators in capitals')
            else:
                name, _, count = word.upper().partition("/")
                return _Token("near", name, position, _int(count)) if "NEAR" in name else _Token(name, name, position)
        base, hat, weight = word.rpartition("^")
        if hat and base and weight.isdecimal():
            self.notes.add(_WEIGHTS)
            word = base
        if re.fullmatch(r"~\d+|SENTENCE|PARAGRAPH|WITHIN(?:/\d+)?|BEFORE(?:/\d+)?", word):
            raise self.refuse(word, "write NEAR/n or ONEAR/n with a number of words", position)
        if found := re.fullmatch(r"(.*)\{\d+\}", word):
            raise self.refuse(word, f"write ATLEAST/n ({found[1] or 'term'}) in our language", position)
        return _Token("word", word, position)

    # --- grammar ---------------------------------------------------------------------------------------------------

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "", len(self.query))

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> Node:
        if not self.tokens:
            raise self.fail("an empty query", 0)
        if self.dialect.alone and all(token.kind == "word" and token.text[0] not in "-+" for token in self.tokens):
            return self.words_alone()
        node = self.any_of()
        if self.peek().kind != "end":
            raise self.fail('a ")" without its "("', self.peek().position)
        return node

    def words_alone(self) -> Node:
        """Talkwalker's reading of a query without operators: ten jumps a word; words in capitals mind the case."""
        words: list[Node] = [Case(self.term(t)) if t.text.isupper() and len(t.text) > 1 else self.term(t) for t in self.tokens]
        if len(words) == 1:
            return words[0]
        if len(words) > 2:
            why = 'more than two words without an operator are a proximity of all of them: write "…", AND or NEAR/n'
            raise self.refuse(" ".join(token.text for token in self.tokens), why, 0)
        self.notes.add("Talkwalker reads two words without an operator as at most ten jumps apart")
        return Near(words[0], words[1], 11)

    def any_of(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH} levels", self.peek().position)
        items = [self.all_of()]
        while self.peek().kind == "OR":
            self.take()
            items.append(self.all_of())
        self.depth -= 1
        return any_of(items)

    def all_of(self) -> Node:
        items = [self.unary()]
        while self.peek().kind not in ("end", "close", "OR"):
            if self.peek().kind == "AND":
                self.take()
            elif self.peek().kind != "NOT" and not self._is_minus(self.peek()):
                self.notes.add(_WITHOUT_OPERATOR)
            items.append(self.unary())
        return all_of(items)

    def _is_minus(self, token: _Token) -> bool:
        return self.dialect.minus and token.kind == "word" and token.text.startswith("-")

    def unary(self) -> Node:
        token = self.peek()
        if token.kind == "NOT":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.fail(f"nested deeper than {MAX_DEPTH} levels", token.position)
            self.take()
            node = self.unary()
            self.depth -= 1
            return node.item if isinstance(node, Not) else Not(node, token.position)
        if self._is_minus(token):
            self.take()
            rest = token.text[1:]
            if rest:  # -word, or -field:value, whose colon made the field part of the word
                name, colon, value = rest.partition(":")
                replaced = [_Token("field", name, token.position + 1)] if colon else []
                if value or not colon:
                    at = token.position + 1 + (len(name) + 1 if colon else 0)
                    replaced.append(_Token("word", value if colon else rest, at))
                self.tokens[self.at : self.at] = replaced
            return Not(self.near(), token.position)
        return self.near()

    def near(self) -> Node:
        left = self.item()
        while self.peek().kind == "near":
            token = self.take()
            distance = token.number if token.number is not None else self.dialect.near
            if distance is None:
                raise self.fail(f"{token.text} needs a number: {token.text}/5", token.position)
            ordered = token.text == "ONEAR" or token.extra == "f"
            left = Near(left, self.item(), distance + 1, ordered, token.position)
        return left

    def item(self) -> Node:
        token = self.take()
        match token.kind:
            case "open":
                return self.group(token)
            case "phrase":
                return self.phrase(token)
            case "field":
                return self.field(token)
            case "word":
                raw = re.match(r"\+\+?(?=\w)", token.text) if self.dialect.alone else None
                if raw is not None:
                    inner = self.term(_Token("word", token.text[raw.end() :], token.position))
                    return Case(inner, token.position) if raw[0] == "++" else inner
                return self.term(token)
        raise self.fail("a term was expected" + (f", not {token.text}" if token.text else " at the end"), token.position)

    def group(self, token: _Token) -> Node:
        node = self.any_of()
        end = self.take()
        if end.kind != "close":
            raise self.fail('a "(" that is not closed: expected a ")"', token.position)
        if end.number is None:
            return node
        if isinstance(node, And) and len(node.items) == 2:
            return Near(node.items[0], node.items[1], end.number + 1, position=token.position)
        raise self.refuse(
            f"(…)~{end.number}", "it is a proximity of other than two groups joined by AND: write them with NEAR/n", end.position
        )

    def phrase(self, token: _Token) -> Node:
        if not token.text.strip():
            raise self.fail("an empty phrase: expected words between the quotes", token.position)
        words = token.text.split()
        if token.number is not None and len(words) > 1:
            if len(words) > 2:
                why = "a proximity of more than two words at once: write them with NEAR/n"
                raise self.refuse(f'"{token.text}"~{token.number}', why, token.position)
            left, right = (self.term(_Token("word", word, token.position)) for word in words)
            return Near(left, right, token.number + 1, position=token.position)
        term = self.term(token)
        return Case(term, token.position) if token.extra == "++" else term

    def field(self, token: _Token) -> Node:
        name = token.text.lower()
        if name in self.dialect.refused:
            value = self.take()
            raise self.refuse(f"{token.text}:{value.text}", self.dialect.refused[name], token.position)
        ours = self.dialect.fields.get(name)
        if ours == "lang" and self.peek().kind == "word" and len(self.peek().text) > 3:
            raise self.refuse(f"{token.text}:{self.peek().text}", "languages are codes of two letters here: en, uk, ja", token.position)
        if ours is None:
            known = ", ".join(f"{each}:" for each in self.dialect.fields)
            why = f"of {self.dialect.name}'s fields these are understood: {known}"
            raise self.refuse(f"{token.text}:", why, token.position)
        if self.peek().kind not in ("open", "phrase", "word"):
            raise self.fail(f"a value was expected after {token.text}:", self.peek().position)
        item = self.item()
        if ours == "raw":
            return Case(item, token.position)
        return _sited(item) if ours == "site" else Field(ours, item, token.position)

    def term(self, token: _Token) -> Term:
        if not any(char.isalnum() for char in token.text):
            raise self.refuse(token.text, "there is no letter or digit to look for", token.position)
        return Term(token.text, token.position)


def _sited(item: Node) -> Node:
    """The clause for a site, or for a group of sites."""
    if isinstance(item, Term):
        return site(item.text)
    if isinstance(item, Not):
        return Not(_sited(item.item))
    items = getattr(item, "items", None)
    if items is None:
        raise QueryError("site: expected an address or a group of addresses")
    return type(item)(tuple(_sited(each) for each in items))  # type: ignore[call-arg, arg-type]


def _int(text: str | None) -> int | None:
    return int(text) if text else None
