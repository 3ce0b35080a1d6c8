"""FreshRSS's search expressions, as its manual describes them (docs/en/users/10_filter.md, release 1.27)."""

from __future__ import annotations

import re
from typing import NamedTuple

from watcher.errors import QueryError
from watcher.rules.dialects.converted import Converted, NoEquivalent, Notes, all_of, any_of, regex
from watcher.rules.syntax import Field, Node, Not, Term

MAX_DEPTH = 50

_FIELDS = {"intitle": "title", "intext": "body", "inurl": "url", "author": "author"}
_REFUSED = {
    "f": 'feeds have names here: give the rule feeds = ["NAME"]',
    "c": 'categories are tags of feeds here: give the rule feeds = ["tag:NAME"]',
    "e": "it names one article; `watcher why ID` shows it",
    "L": "labels are put on by hand, and rules see what comes in",
    "label": "labels are put on by hand, and rules see what comes in",
    "labels": "labels are put on by hand, and rules see what comes in",
    "date": "rules see what comes in now; the archive is asked with `watcher search --since`",
    "pubdate": "rules see what comes in now; the archive is asked with `watcher search --since`",
    "userdate": "rules see what comes in now; the archive is asked with `watcher search --since`",
    "mdate": "rules see what comes in now; the archive is asked with `watcher search --since`",
    "search": "import that search under its own name and refer to it as %name",
    "S": "import that search under its own name and refer to it as %name",
}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<not>[!-](?=[^\s])) | (?P<open>\() | (?P<close>\)) | (?P<op>OR|AND|NOT)(?=[\s(]|$)
    | (?P<field>[A-Za-z]+):(?=\S) | (?P<hash>\#(?=\S))
    | '(?P<single>[^']*)' | "(?P<double>[^"]*)"
    | /(?P<regex>(?:[^/\\]|\\.)+)/(?P<flags>[A-Za-z]*)
    | (?P<word>(?:\\[()]|[^\s()])+)
    )""",
    re.VERBOSE,
)
_ANCHORED = re.compile(r"\^([\w ]+)\$")
_INSIDE_WORDS = "FreshRSS also finds a keyword inside a word; here a word is a whole word: write key* for its beginning, *key* for anywhere"


class _Token(NamedTuple):
    kind: str
    text: str
    position: int
    flags: str = ""


def convert(text: str) -> Converted:
    """Convert one expression.

    :raises NoEquivalent: at the first thing that cannot be said.
    :raises QueryError: for what FreshRSS would not take either.
    """
    parser = _Parser(text)
    return Converted(parser.parse(), tuple(parser.notes.said))


class _Parser:
    def __init__(self, text: str) -> None:
        self.query, self.notes, self.depth = text, Notes(), 0
        self.tokens = [_token(match) for match in _TOKEN.finditer(text) if match[0].strip()]
        self.at = 0

    def fail(self, message: str, position: int) -> QueryError:
        return QueryError(message, query=self.query, position=position)

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "", len(self.query))

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> Node:
        if not self.tokens:
            raise self.fail("an empty query", 0)
        node = self.any_of()
        if self.peek().kind != "end":
            raise self.fail('a ")" without its "("', self.peek().position)
        return node

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
        items = [self.item()]
        while self.peek().kind not in ("end", "close", "OR"):
            if self.peek().kind == "AND":
                self.take()
            items.append(self.item())
        return all_of(items)

    def item(self) -> Node:
        token = self.take()
        if token.kind in ("not", "NOT"):
            negations = 1
            while self.peek().kind in ("not", "NOT"):
                self.take()
                negations += 1
            node = self.item()
            return Not(node, token.position) if negations % 2 else node
        if token.kind == "open":
            node = self.any_of()
            if self.take().kind != "close":
                raise self.fail('a "(" that is not closed', token.position)
            return node
        if token.kind == "field":
            return self.field(token)
        if token.kind == "hash":
            return self.tag(token)
        if token.kind in ("word", "single", "double", "regex"):
            if token.kind == "word" and token.text.removesuffix(":") in (*_FIELDS, *_REFUSED) and token.text.endswith(":"):
                raise self.fail(f"a value was expected right behind {token.text}", token.position + len(token.text))
            return self.value(token, None)
        raise self.fail("a term was expected" + (f", not {token.text}" if token.text else ""), token.position)

    def field(self, token: _Token) -> Node:
        if token.text in _REFUSED:
            value = self.take()
            raise NoEquivalent(f"{token.text}:{value.text}", _REFUSED[token.text], position=token.position, query=self.query)
        name = _FIELDS.get(token.text)
        if name is None:
            raise self.fail(f'FreshRSS has no operator "{token.text}:"; quote it to find it as it stands', token.position)
        value = self.take()
        if value.kind not in ("word", "single", "double", "regex"):
            raise self.fail(f"a value was expected after {token.text}:", value.position)
        return Field(name, self.value(value, name), token.position)

    def tag(self, token: _Token) -> Node:
        value = self.take()
        if value.kind == "regex":
            anchored = _ANCHORED.fullmatch(value.text)
            if anchored is None or "i" not in value.flags:
                shown = f"#/{value.text}/{value.flags}"
                raise NoEquivalent(
                    shown, "tags are compared as whole names, without expressions", position=token.position, query=self.query
                )
            return Field("tag", Term(anchored[1]), token.position)
        if value.kind not in ("word", "single", "double"):
            raise self.fail("a tag was expected after #", value.position)
        name = value.text.replace("+", " ") if value.kind == "word" else value.text
        if not name.strip():
            raise self.fail("an empty tag", value.position)
        return Field("tag", Term(name), token.position)

    def value(self, token: _Token, scope: str | None) -> Node:
        if token.kind == "regex":
            return regex(token.text, token.flags, scope=scope, position=token.position, query=self.query, notes=self.notes)
        if not any(char.isalnum() for char in token.text):
            raise NoEquivalent(token.text or "''", "there is no letter or digit to look for", position=token.position, query=self.query)
        self.notes.add(_INSIDE_WORDS)
        return Term(token.text.replace("\\(", "(").replace("\\)", ")"), token.position)


def _token(match: re.Match[str]) -> _Token:
    kind = next(
        name for name in ("not", "open", "close", "op", "field", "hash", "single", "double", "regex", "word") if match[name] is not None
    )
    position = match.end() - len(match[0].lstrip())
    return _Token(match[kind] if kind == "op" else kind, match[kind], position, match["flags"] or "")
