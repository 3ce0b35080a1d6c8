"""What suggestions choose from: the words, phrases, address parts and feeds of articles, found by the engine that rules are matched with."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from watcher.model import MatchInput, Rule
from watcher.rules import function_words, query
from watcher.rules.rulebook import compile_rules
from watcher.rules.syntax import Field, Or, Term
from watcher.text.fold import fold

KNOWN = 200  # articles of the archive from which on its frequencies are believed
MOST = 5_000  # candidates that are tried
READ = 4_000  # characters of an article

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,}")
_LEAST_LETTERS = 3


class Candidate(NamedTuple):
    """Something that an article may have. ``kind``: see ``suggest.Proposal``; ``text`` as it was found; ``clause`` as a query."""

    kind: str
    text: str
    clause: str


@dataclass(frozen=True, slots=True)
class Features:
    """Which candidates each article has. ``forbidden``: those that a ``must_match`` sentence of the rule has. ``frequency``: their share of the
    archive, empty where too little of it is known."""

    present: list[frozenset[Candidate]]
    forbidden: frozenset[Candidate] = frozenset()
    frequency: dict[Candidate, float] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Features:
        """Only candidates that fit a kind of proposal: contexts are words, too."""
        wanted = "exclude" if kind == "context" else kind
        kept = [frozenset(term for term in present if term.kind == wanted) for present in self.present]
        return Features(kept, self.forbidden, self.frequency)

    def rows(self, numbers: Sequence[int]) -> Features:
        """Only some of the articles."""
        return Features([self.present[i] for i in numbers], self.forbidden, self.frequency)

    def common(self, term: Candidate, share: float) -> bool:
        """Whether more than ``share`` of the archive has it."""
        return term.kind == "exclude" and self.frequency.get(term, 0.0) > share


def find(rule: Rule, articles: Sequence[MatchInput], background: Sequence[MatchInput]) -> Features:
    """Return the candidates that at least two of the articles have, and who has them."""
    counted: Counter[Candidate] = Counter(candidate for article in articles for candidate in _of(article))
    tried = [candidate for candidate, count in counted.most_common(MOST) if count > 1]
    book = compile_rules([Rule(name=str(number), query=candidate.clause) for number, candidate in enumerate(tried)])

    def present(article: MatchInput) -> frozenset[Candidate]:
        return frozenset(tried[int(match.rule)] for match in book.match(article))

    forbidden = frozenset(candidate for text in rule.must_match for candidate in present(MatchInput(text=text)))
    frequency: dict[Candidate, float] = {}
    if len(background) >= KNOWN:
        seen: Counter[Candidate] = Counter(candidate for article in background for candidate in present(_short(article)))
        frequency = {candidate: count / len(background) for candidate, count in seen.items()}
    return Features([present(_short(article)) for article in articles], forbidden, frequency)


def _short(article: MatchInput) -> MatchInput:
    """The article as far as candidates are taken from it; its feed and address as they are."""
    return article if len(article.text) <= READ else MatchInput(
        title=article.title, text=article.text[:READ], url=article.url, author=article.author, feed=article.feed, feed_tags=article.feed_tags,
        tags=article.tags, language=article.language, published_at=article.published_at,
    )  # fmt: skip


def _of(article: MatchInput) -> set[Candidate]:
    found: set[Candidate] = set()
    for line in (article.title, *article.text[:READ].split("\n")):
        folded = fold(line).text
        words = [word for word in _WORD.findall(folded) if not _DENSE.search(word)]
        found |= {_term(word) for word in words if len(word) >= _LEAST_LETTERS and function_words.language_of(word) is None}
        found |= {_term(f"{a} {b}") for a, b in itertools.pairwise(words) if _tells(a) and _tells(b) and f"{a} {b}" in folded}
        for run in _DENSE.findall(folded):
            found |= {_term(run[i : i + 2]) for i in range(len(run) - 1)}
    for part in urlsplit(article.url).path.lower().split("/")[1:-1]:
        if len(part) >= _LEAST_LETTERS and part.replace("-", "").isalpha():
            found.add(Candidate("sections", part, str(Field("url", Term(f"/{part}/")))))
    if article.feed:
        found.add(Candidate("sources", article.feed, str(Field("feed", Term(article.feed)))))
    return found


def _tells(word: str) -> bool:
    return len(word) >= _LEAST_LETTERS and function_words.language_of(word) is None


def _term(text: str) -> Candidate:
    return Candidate("exclude", text, str(Term(text)))


def plain(clause: str) -> str:
    """Return a clause that is one term as an item of a list."""
    node = query.parse(clause)
    assert isinstance(node, Term)
    return node.text


def grouped(text: str) -> str:
    """Return a query that can be joined to another: in parentheses where an OR would come apart."""
    return f"({text})" if isinstance(query.parse(text), Or) else text
