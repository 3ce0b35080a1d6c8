"""The query language: text -> :mod:`watcher.rules.syntax`.

::

    query   = and  { "OR" and }
    and     = not  { ["AND"] not }                juxtaposition is AND and binds like it
    not     = "NOT" not | near
    near    = item { ("NEAR/n" | "ONEAR/n") item }
    item    = "ATLEAST/n" item | field ":" item | "case:" item | "(" query ")" | term | "phrase" | /regex/ | @entity | $terms | %rule

Operators are written in capitals: ``or`` is a word. Typographic quotes and Japanese brackets do as well as ``"``, wide parentheses and colons as well as
narrow ones: what an editor or an input method makes of them must not change what is searched.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from typing import NamedTuple, NoReturn

from watcher.errors import QueryError
from watcher.rules.syntax import FIELDS, And, AtLeast, Case, Field, Near, Node, Not, Or, Reference, Regex, Term, as_operator

MAX_DEPTH = 60
MAX_LENGTH = 200_000
MAX_DISTANCE = 1_000

_QUOTES = "“”„‟«»〝〞〟＂"  # any of them closes any other; a straight quote is closed by a straight one
_STOP = rf"\s()（）\"「」『』{_QUOTES}"
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<open>[(（]) | (?P<close>[)）])
    | "(?P<phrase>(?:[^"\\]|\\.)*)"
    | ["{_QUOTES}](?P<quoted>(?:[^"\\{_QUOTES}]|\\.)*)["{_QUOTES}]
    | 「(?P<corners>[^」]*)」 | 『(?P<double_corners>[^』]*)』
    | (?P<unclosed>["「『{_QUOTES}])
    | /(?P<regex>(?:[^/\\]|\\.)*)/(?P<flags>[^\s()]*)
    | (?P<word_op>AND|OR|NOT)(?=[{_STOP}]|$)
    | (?P<counted>O?NEAR|ATLEAST)(?P<count>/[^{_STOP}]*)?(?=[{_STOP}]|$)
    | (?P<field>[A-Za-z_]+)[:：](?!//)
    | (?P<sigil>[@$%＠＄％])(?:["{_QUOTES}](?P<quoted_name>[^"{_QUOTES}]+)["{_QUOTES}]|(?P<name>[^{_STOP}]+))
    | (?P<word>[^{_STOP}]+)
    | (?P<stray>[」』])
    )""",
    re.VERBOSE | re.DOTALL,
)
_USUAL_WORD = re.compile(r"[^\W_][\w.*?'’-]*", re.ASCII)
_USUAL_PHRASE = re.compile(r"\w[^\\]*")
_OTHER_PROXIMITY = re.compile(
    r"(?:(?P<small>o?near|atleast)/.*|(?:w|n|within|near)/\d+|(?P<ordered>pre|p|onear)/\d+|O?NEAR[-_]?\d+)", re.IGNORECASE
)
_FUZZY = re.compile(r"(?P<word>.*)~[\d.]*")
_FOREIGN = {"&&": "AND", "||": "OR", "&": "AND", "|": "OR", "!": "NOT", "-": "NOT", "+": "AND"}
_OPERATORS = ("AND", "OR", "NOT", "NEAR", "ONEAR", "ATLEAST")


class _Token(NamedTuple):
    kind: str
    text: str
    position: int
    end: int


def parse(text: str) -> Node:
    """Parse a query.

    :raises QueryError: with the position, what was expected and a suggestion.
    """
    return _Parser(text).parse()


def suggest(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``"; did you mean X?"`` for the nearest known name, or ``""``."""
    near = difflib.get_close_matches(name.casefold(), {item.casefold(): item for item in known}, n=1, cutoff=0.6)
    if not near:
        return ""
    return f"; did you mean {next(item for item in known if item.casefold() == near[0])}?"


def _closing(quote: str) -> str:
    """The quote that a quote misses."""
    pairs = {"「": "」", "『": "』", "」": "「", "』": "『"}
    return pairs.get(quote, '"')


class _Parser:
    def __init__(self, text: str) -> None:
        self.query = text
        self.depth = 0
        self.at = 0
        if len(text) > MAX_LENGTH:
            raise QueryError(f"a query of {len(text)} characters: at most {MAX_LENGTH} are read", query=text[:40] + "…")
        self.tokens = self._scan(text)

    def fail(self, message: str, position: int) -> NoReturn:
        raise QueryError(message, query=self.query, position=position)

    def _scan(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        for match in _TOKEN.finditer(text):  # every character but white space belongs to some token
            kind, end = match.lastgroup or "", match.end()
            start = match.start(kind)
            if kind == "word" and _USUAL_WORD.fullmatch(text, start, end) and not text.startswith("NEAR", start):
                tokens.append(_Token(kind, match[kind], start, end))
            elif kind == "phrase" and _USUAL_PHRASE.fullmatch(text, start, end - 1):
                tokens.append(_Token(kind, match[kind], start - 1, end))
            elif kind == "quoted" and _USUAL_PHRASE.fullmatch(text, start, end - 1):
                tokens.append(_Token("phrase", match[kind], start - 1, end))
            elif kind in ("open", "close", "word_op"):
                tokens.append(_Token(match[kind] if kind == "word_op" else kind, "", start, end))
            else:
                tokens.append(self._token(match))
        tokens.append(_Token("end", "", len(self.query), len(self.query)))
        return tokens

    def _token(self, match: re.Match[str]) -> _Token:
        kind = match.lastgroup or ""
        position = match.end() - len(match[0].lstrip())
        text = match[kind] if kind else ""
        if kind in ("unclosed", "stray"):
            self.fail(f"a quote that is not closed: expected another {_closing(text)}", position)
        if kind in ("phrase", "quoted", "corners", "double_corners"):
            kind = "phrase"
            text = re.sub(r"\\([\"\\])", r"\1", text)
            if not text.strip():
                self.fail("an empty phrase: expected words between the quotes", position)
        elif kind == "flags":
            if text:
                self.fail(
                    "unexpected characters after a regular expression: expected a space (case is ignored unless case: stands before)",
                    match.start("flags"),
                )
            kind, text = "regex", match["regex"]
        elif kind in ("counted", "count"):
            kind, text = match["counted"], match["count"] or ""
        elif kind in ("name", "quoted_name"):
            kind = unicodedata.normalize("NFKC", match["sigil"])
        elif kind == "field":
            self._check_field(text, position)
            text = text.lower()
        elif kind == "word":
            self._check_word(text, position)
        return _Token(kind, text, position, match.end())

    def _check_field(self, name: str, position: int) -> None:
        if name.lower() not in (*FIELDS, "case"):
            hint = suggest(name, [*FIELDS, "case"]) or f"; the fields are {', '.join(FIELDS)}"
            self.fail(f'there is no field "{name}:"{hint} (to find it as it stands, put it in quotes)', position)

    def _check_word(self, word: str, position: int) -> None:
        if word in _FOREIGN:
            self.fail(f'"{word}" is no operator: expected {_FOREIGN[word]}', position)
        if len(word) > 1 and word[0] in "-!+" and (word[1].isalpha() or word[1] in "*?"):
            meant = f"NOT {word[1:]}" if word[0] in "-!" else word[1:]
            self.fail(f'"{word}": expected {meant} (or quotes, to find it as it stands)', position)
        if "&&" in word or "|" in word:
            self.fail(f'"{word}": expected {"AND" if "&&" in word else "OR"} between spaces (or quotes, to find it as it stands)', position)
        if word[0] == "/":
            self.fail('a regular expression that is not closed: expected another / (or quotes around a path: "/news/")', position)
        if not word.isascii():
            meant = as_operator(word).split("/", maxsplit=1)[0]
            if meant in _OPERATORS:
                kind = "wide" if meant in unicodedata.normalize("NFKC", word) else "Cyrillic"
                self.fail(f'"{word}" is written with {kind} letters: expected {meant}', position)
        proximity = _OTHER_PROXIMITY.fullmatch(word)
        if proximity is not None and proximity["small"]:
            self.fail(f'"{word}": operators are written in capitals: expected {proximity["small"].upper()}/n', position)
        if proximity is not None:
            meant = ("ONEAR/" if proximity["ordered"] else "NEAR/") + word.lstrip("".join(set(word) - set("0123456789")))
            self.fail(f'"{word}" is no operator: expected {meant} (or quotes, to find it as it stands)', position)
        fuzzy = _FUZZY.fullmatch(word)
        if fuzzy is not None:
            meant = "wildcards: * or ?" if fuzzy["word"] else "words joined by NEAR/n"
            self.fail(f'"{word}": there is no search with ~: expected {meant} (or quotes, to find it as it stands)', position)

    # --- grammar ---------------------------------------------------------------------------------------------------

    def parse(self) -> Node:
        if self.peek.kind == "end":
            self.fail("an empty query: expected a term", 0)
        node = self.any_of()
        token = self.peek
        if token.kind == "close":
            self.fail('a ")" without its "("', token.position)
        return node

    @property
    def peek(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def any_of(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", self.peek.position)
        items = [self.all_of()]
        while self.peek.kind == "OR":
            self.take()
            items.append(self.all_of())
        self.depth -= 1
        return items[0] if len(items) == 1 else Or(tuple(items))

    def all_of(self) -> Node:
        items = [self.negated()]
        while self.peek.kind not in ("end", "close", "OR"):
            if self.peek.kind == "AND":
                self.take()
            items.append(self.negated())
        return items[0] if len(items) == 1 else And(tuple(items))

    def negated(self) -> Node:
        token = self.tokens[self.at]
        if token.kind in ("word", "phrase") and self.tokens[self.at + 1].kind not in ("NEAR", "ONEAR"):
            self.at += 1
            return Term(token.text, token.position)  # the commonest case, without the way down
        stack: list[int] = []
        while self.peek.kind == "NOT":
            stack.append(self.take().position)
        if len(stack) > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", stack[0])
        node = self.near()
        for position in reversed(stack):
            node = Not(node, position)
        return node

    def near(self) -> Node:
        left = self.item()
        links = 0
        while self.peek.kind in ("NEAR", "ONEAR"):
            token = self.take()
            links += 1
            if links > MAX_DEPTH:
                self.fail(f"more than {MAX_DEPTH} proximities in a row", token.position)
            distance = self.number(token, MAX_DISTANCE)
            left = Near(left, self.item(), distance, token.kind == "ONEAR", token.position)
        return left

    def number(self, token: _Token, most: int) -> int:
        shown = f"{token.kind}{token.text}"
        digits = token.text[1:]
        if not digits:
            self.fail(f"{shown} needs a number: expected {token.kind}/5", token.position)
        if not (digits.isascii() and digits.isdigit()):
            self.fail(f"{shown}: {digits} must be a number", token.position + len(token.kind) + 1)
        if len(digits) > 6 or not 1 <= int(digits) <= most:
            self.fail(f"{shown}: expected a number from 1 to {most}", token.position + len(token.kind) + 1)
        return int(digits)

    def item(self) -> Node:  # noqa: RET503  fail() never returns
        token = self.take()
        match token.kind:
            case "word" | "phrase":
                return Term(token.text, token.position)
            case "regex":
                return Regex(token.text, token.position)
            case "@" | "$" | "%":
                return Reference(token.kind, token.text, token.position)
            case "open":
                return self.group(token)
            case "field":
                return self.prefixed(token)
            case "ATLEAST":
                count = self.number(token, 100_000)
                return AtLeast(count, self.deeper(token), token.position)
            case "end":
                self.fail(f"the query ends where a term was expected{self._after()}", token.position)
            case "close":
                self.fail(f'a ")" where a term was expected{self._after()}', token.position)
            case _:
                pass
        self.fail(f"{token.kind} where a term was expected{self._after()} (in quotes it is a word)", token.position)

    def _after(self) -> str:
        before = self.tokens[self.at - 2] if self.at >= 2 else None
        return f" after {self.query[before.position : before.end].strip()}" if before else ""

    def group(self, token: _Token) -> Node:
        if self.peek.kind == "close":
            self.fail("empty parentheses: expected a term", token.position)
        node = self.any_of()
        if self.take().kind != "close":
            self.fail('a "(" that is not closed: expected a ")"', token.position)
        return node

    def prefixed(self, token: _Token) -> Node:
        item = self.deeper(token)
        return Case(item, token.position) if token.text == "case" else Field(token.text, item, token.position)

    def deeper(self, token: _Token) -> Node:
        """Parse the item that a prefix stands before."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", token.position)
        if self.peek.kind == "NOT":
            self.fail(f"NOT where a term was expected{self._after()}: put NOT before it, or parentheses after it", self.peek.position)
        item = self.item()
        self.depth -= 1
        return item
