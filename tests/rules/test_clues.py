"""The index may name too many articles, never too few."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules import test_naive
from watcher import rules
from watcher.model import MatchInput, Rule, Terms
from watcher.rules import clues
from watcher.rules.clues import Clue, Word
from watcher.rules.syntax import And, Case, Node, Not, Or, Regex, Term

ODD = [
    "ΑΣ", "ας", "İ", "ı", "ŉ", "ǰ", "ﬁ", "ẞ", "ß", "x̂", "е́", "й", "й", "é", "é", "ø", "Ł", "ﾊﾟ", "パ", "パ", "が", "がっ", "한", "한국이", "東", "京都", "ก็", "ไท", "ா", "_", "·", "№5",
    "℠", "¨", "´", "\u0301", "\u200d", "Ａ", "٣", "a.b", "https://example.org/news/a-b_c?d=1", "x" * 45, "日" * 45,
]  # fmt: skip
odd = st.lists(st.sampled_from([*test_naive.WORDS, *test_naive.GLUE, *ODD]), max_size=12).map("".join)
anything = st.one_of(odd, st.text(max_size=20))
terms = st.one_of(
    test_naive.term,
    st.lists(st.sampled_from([*ODD, *test_naive.WORDS]), min_size=1, max_size=3).map("".join).map(Term),
    st.sampled_from(["str[a-z]+", r"\bки", "f.?16", "日|首相", "[a-z]"]).map(Regex),
)
nodes = st.recursive(
    st.one_of(terms, terms, terms.filter(lambda node: isinstance(node, Term)).map(Case)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: And(tuple(items))),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: Or(tuple(items))),
        inner.map(Not),
    ),
    max_leaves=4,
)


def has(wanted: tuple[Clue, ...], held: set[str]) -> bool:
    def there(word: Word) -> bool:
        return any(text.startswith(word.text) for text in held) if word.prefix else word.text in held

    return all(any(all(map(there, hint)) for hint in clue) for clue in wanted)


@settings(max_examples=600, deadline=None)
@given(st.one_of(nodes, test_naive.queries), anything, anything, anything, st.booleans(), st.sampled_from(["keep", "ignore"]))
@example(Term("ΑΣ"), "ας", "", "", False, "keep")
@example(Case(Term("İ")), "İ", "", "", False, "keep")
@example(Term("é"), "x é̂ y", "", "", False, "ignore")
def test_an_article_that_a_rule_holds_for_has_the_words(node: Node, title: str, body: str, url: str, inflect: bool, accents: str) -> None:
    try:
        book = rules.compile([Rule(name="r", query=str(node), inflect=inflect, accents=accents)])
    except rules.RulebookErrors:
        return  # a term of nothing but marks, say
    article = MatchInput(title=title, text=body, url=url, author=body[:5])
    if book.match(article):
        assert has(book.clues("r"), clues.words(article))


def of(query: str, **more: object) -> tuple[Clue, ...]:
    return rules.compile([Rule(name="r", query=query, **more)], terms=[Terms(name="arms", items=("shell", "155 mm"))]).clues("r")  # type: ignore[arg-type]


def alone(*words: Word) -> Clue:
    return frozenset({frozenset(words)})


def test_words_prefixes_and_pairs_of_letters() -> None:
    """Whole words by themselves, prefixes as such, CJK by pairs; what stands inside a word says nothing."""
    assert of("Patriot") == (alone(Word("patriot")),)
    assert of("patrio*") == (alone(Word("patrio", prefix=True)),)
    assert of("東京都") == (alone(Word("東京"), Word("京都")),)
    assert of("東") == (alone(Word("東", prefix=True)),)
    assert of("*riot") == ()
    assert set(of("missile AND Київ")) == {alone(Word("missile")), alone(Word("київ"))}
    assert of("$arms") == (frozenset({frozenset({Word("shell")}), frozenset({Word("155mm")}), frozenset({Word("155"), Word("mm")})}),)
    assert of("NOT football") == ()


def test_two_letters_of_japanese_are_found_anywhere() -> None:
    assert clues.words(MatchInput(text="岸田首相")) == {"岸田", "田首", "首相", "相"}


def test_accents_and_case_do_not_divide_the_index() -> None:
    assert clues.words(MatchInput(title="Émile ŁÓDŹ F-16")) == {"emile", "lodz", "f", "16"}
