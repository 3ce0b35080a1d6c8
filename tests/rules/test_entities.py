"""Entities: aliases in every script, and the context that tells a mention from a namesake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.conftest import entity, found
from watcher import rules
from watcher.model import Alias, MatchInput, Rule

PATRIOT = entity(
    "patriot",
    "Patriot",
    "MIM-104",
    "Петріот*",
    "パトリオット",
    requires=("missile*", "air defen?e", "battery", "ракет*", "ミサイル"),
    rejects=("New England", "NFL", "Patriot Act"),
)


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("Germany sends a third Patriot battery to Kyiv.", ["Patriot"]),
        ("A Patriot. Far below: the missiles.", ["Patriot"]),
        ("Ракети для Петріотів", ["Петріотів"]),
        ("日本のパトリオットミサイル", ["パトリオット"]),
        ("A MIM104 battery", ["MIM104"]),
        ("A patriot at heart.", None),
        ("The Patriot Act and a missile; later a Patriot battery.", None),
        ("The Patriots beat the Jets with a missile of a pass.", None),
    ],
)
def test_context_anywhere_in_the_article_decides(text: str, mentions: list[str] | None) -> None:
    assert found("@patriot", text, entities=(PATRIOT,)) == mentions


def test_evidence_carries_the_entity_and_the_alias() -> None:
    (match,) = rules.compile([Rule(name="r", query="@patriot")], [PATRIOT]).match(MatchInput(title="Patriot battery", text="Петріоти"))
    assert [(e.field, e.term, e.entity) for e in match.evidence] == [("title", "Patriot", "patriot"), ("body", "Петріот*", "patriot")]


def test_context_in_the_title_counts_for_the_text() -> None:
    assert found("@patriot", "A Patriot was seen.", title="Missiles", entities=(PATRIOT,)) == ["Patriot"]
    assert found("body:@patriot", "Missiles.", title="A Patriot", entities=(PATRIOT,)) is None


SENTENCE = entity("jordan", "Jordan", requires=("Amman", "king"), rejects=("Michael", "NBA"), within="sentence")


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("The king of Jordan spoke.", ["Jordan"]),
        ("The king spoke. Jordan listened.", None),
        ("The king of Jordan met Michael Jordan.", None),
        ("The king of Jordan spoke. The NBA did not.", ["Jordan"]),
        ("Michael Jordan played. The king of Jordan spoke.", ["Jordan"]),
    ],
)
def test_within_a_sentence_narrows_both_what_is_required_and_what_rejects(text: str, mentions: list[str] | None) -> None:
    assert found("@jordan", text, entities=(SENTENCE,)) == mentions


@pytest.mark.parametrize(("gap", "holds"), [(0, True), (1, True), (2, True), (3, False)])
def test_within_some_words_is_counted_from_edge_to_edge(gap: int, *, holds: bool) -> None:
    near = entity("leopard", "Leopard", requires=("tank*",), within=3)
    assert (found("@leopard", f"Leopard {'x ' * gap}tanks", entities=(near,)) is not None) is holds
    assert (found("@leopard", f"tank {'x ' * gap}Leopard", entities=(near,)) is not None) is holds


def test_a_required_word_may_be_part_of_the_alias() -> None:
    assert found("@x", "Patriot missiles", entities=(entity("x", "Patriot missile*", requires=("missile*",)),)) == ["Patriot missiles"]


def test_an_alias_inside_a_longer_alias_is_not_shown_beside_it() -> None:
    assert found("@x", "The New York Times and New York", entities=(entity("x", "New York", "New York Times"),)) == [
        "New York Times",
        "New York",
    ]


def test_case_is_chosen_for_each_alias() -> None:
    who = entity("who", Alias(text="WHO", case=True), "World Health Organi?ation")
    assert found("@who", "who said WHO? world health organisation", entities=(who,)) == ["WHO", "world health organisation"]


def test_the_trace_says_why_a_mention_was_left_out() -> None:
    book = rules.compile([Rule(name="r", query="@patriot")], [PATRIOT])
    assert "New England" in str(book.explain(MatchInput(text="A Patriot missile, New England"), "r"))
    assert "none of the required terms in the article" in str(book.explain(MatchInput(text="A Patriot"), "r"))
    assert "no alias found" in str(book.explain_entity(MatchInput(text="Nothing"), "patriot"))
    assert book.explain_entity(MatchInput(text="Patriot battery"), "patriot").holds


def test_an_entity_without_aliases_or_with_bad_terms_is_refused_with_each_fault() -> None:
    bad = entity("bad", "*", "good", requires=("??",), rejects=("",), within=0)
    with pytest.raises(rules.RulebookErrors) as caught:
        rules.compile([], [bad, entity("none")])
    assert len(caught.value.errors) == 5
    assert [thing.id for thing, _ in caught.value.errors] == ["bad"] * 4 + ["none"]  # type: ignore[union-attr]


CONFIDENCE = entity("gun", "Excalibur", "Excalibur shell*", requires=("shell*", "artillery", "howitzer*"), rejects=("Arthur",))


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("An Excalibur was fired by artillery.", "high"),
        ("Excalibur shells arrived.", "high"),
        ("An Excalibur was fired. Artillery and howitzers stood by.", "medium"),
        ("An Excalibur was fired. Artillery, more artillery.", "low"),
    ],
)
def test_the_evidence_says_how_well_the_context_bears_a_mention_out(text: str, confidence: str) -> None:
    book = rules.compile([Rule(name="r", query="@gun")], [CONFIDENCE])
    (match,) = book.match(MatchInput(text=text))
    assert [e.confidence for e in match.evidence] == [confidence]
    assert ("confidence" in str(book.explain(MatchInput(text=text), "r"))) is (confidence != "high")


def test_a_name_that_needs_no_context_is_sure_and_a_term_has_no_confidence() -> None:
    (match,) = rules.compile([Rule(name="r", query="@who meets")], [entity("who", "WHO")]).match(MatchInput(text="WHO meets"))
    assert [(e.text, e.confidence) for e in match.evidence] == [("WHO", "high"), ("meets", "")]


def test_every_occurrence_is_judged_with_what_speaks_for_and_against_it() -> None:
    book = rules.compile([], [PATRIOT, SENTENCE, entity("none", "Nobody")])
    text = "The king of Jordan spoke. Michael Jordan did not. Jordan is far. A Patriot battery, MIM-104."
    judged = book.mentions(MatchInput(text=text))
    assert list(judged) == ["patriot", "jordan"]
    assert [(m.evidence.text, m.holds, [e.text for e in m.requires]) for m in judged["patriot"]] == [
        ("Patriot", True, ["battery"]),
        ("MIM-104", True, ["battery"]),
    ]
    assert [(m.holds, m.reason, [e.text for e in m.rejects]) for m in judged["jordan"]] == [
        (True, "", []),
        (False, '"Michael" rejects it', ["Michael"]),
        (False, "none of the required terms in its sentence", []),
    ]
    assert book.mentions(MatchInput(text=text), ["none"]) == {}
    with pytest.raises(KeyError):
        book.mentions(MatchInput(text=text), ["unknown"])


@given(
    st.lists(st.sampled_from(["Jordan", "Michael", "king", "spoke", "The", "Patriot", "missile", "NFL", "x", "."]), max_size=25),
    st.sampled_from(["article", "sentence", 1, 3]),
)
def test_what_is_judged_is_what_matches(words: list[str], within: str | int) -> None:
    """The verdicts that people are shown cannot disagree with the mentions that rules use."""
    both = entity("e", "Jordan", "Patriot", "king Jordan", requires=("king", "missile"), rejects=("Michael", "NFL"), within=within)
    book = rules.compile([Rule(name="r", query="@e")], [both])
    article = MatchInput(text=" ".join(words).replace(" .", "."))
    matched = [(e.start, e.end, e.confidence) for match in book.match(article) for e in match.evidence]
    judged = [(m.evidence.start, m.evidence.end, m.evidence.confidence) for m in book.mentions(article).get("e", ()) if m.holds]
    assert judged == matched
    assert all(m.holds is not bool(m.reason) for m in book.mentions(article).get("e", ()))


def test_a_word_and_an_entity_of_the_same_spelling_stand_side_by_side():
    """Both are evidence of the same place; nothing minds that only one of them is an entity."""
    book = rules.compile([Rule(name="r", query="(Patriot OR @p) NEAR/5 Kyiv")], [entity("p", "Patriot")])
    (match,) = book.match(MatchInput(text="A Patriot for Kyiv"))
    assert [(e.text, e.entity) for e in match.evidence] == [("Patriot", None), ("Patriot", "p"), ("Kyiv", None)]
