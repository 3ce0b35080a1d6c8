"""A trace says what the match said: same truth, same evidence, and each clause follows from those below it."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.test_naive import WORDS, plain_term, queries, term, text
from watcher import rules
from watcher.model import Alias, Entity, MatchInput, Rule, Terms, Within

names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True)
within = st.sampled_from([Within(), Within(unit="sentence"), Within(unit="words", words=2)])
aliases = names.flatmap(lambda found: st.tuples(*(st.builds(Alias, text=st.just(name), case=st.booleans()) for name in found)))
entities = st.tuples(
    *(
        st.builds(
            Entity,
            id=st.just(name),
            name=st.just(name),
            aliases=aliases,
            requires=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
            rejects=st.lists(st.sampled_from(WORDS), max_size=1).map(tuple),
            within=within,
        )
        for name in ("e1", "e2")
    )
)
LISTED = Terms(name="few", items=("155", "Київ", "首相"))
clause = st.one_of(
    queries.map(str),
    st.sampled_from(
        ["@e1", "title:@e2", "@e1 NEAR/3 @e2", "ATLEAST/2 (@e1)", "@e1 NOT @e2", "$few", "lang:en", "tag:x", "/a./", "case:@e1"]
    ),
)
condition = st.one_of(
    st.lists(clause, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from([" AND ", " OR ", " NOT "]).map(lambda glue: {"query": glue.join(f"({part})" for part in parts)})
    ),
    st.fixed_dictionaries(
        {"any_": st.lists(plain_term, min_size=1, max_size=3).map(tuple)}, optional={"none_": st.lists(plain_term, max_size=1).map(tuple)}
    ),
    st.fixed_dictionaries(
        {
            "score": st.dictionaries(
                st.one_of(plain_term, st.just("@e1")), st.sampled_from([-3.0, 1.0, 2.0, 5.0]), min_size=1, max_size=4
            ).map(lambda found: tuple(found.items())),
            "threshold": st.sampled_from([-1.0, 0.0, 2.0, 5.0]),
        }
    ),
)
scopes = st.fixed_dictionaries(
    {}, optional={"feeds": st.sampled_from([("tag:x",), ("F",), ("G",)]), "languages": st.sampled_from([("en",), ("uk", "ja")])}
)
made = st.lists(st.tuples(condition, scopes), min_size=1, max_size=4).map(
    lambda parts: [Rule(name=f"r{i}", **what, **scope) for i, (what, scope) in enumerate(parts)]
)
articles = st.builds(
    MatchInput,
    title=text,
    text=text,
    feed=st.sampled_from(["F", "G", ""]),
    feed_tags=st.sampled_from([("x",), ()]),
    language=st.sampled_from(["en", "uk", None]),
)


def follows(trace: rules.Trace) -> None:
    """Groups are true by their parts."""
    below = [child.holds for child in trace.children]
    for child in trace.children:
        follows(child)
    if trace.clause == "all of":
        assert trace.holds is all(below)
    elif trace.clause == "any of":
        assert trace.holds is any(below)
    elif trace.clause == "not":
        assert trace.holds is not below[0]
    elif trace.clause == "score":
        total, threshold = (float(part) for part in trace.note.split(" of "))
        assert trace.holds is (total >= threshold)
        assert trace.score == total


@settings(max_examples=400, deadline=None)
@given(made, entities, articles)
def test_trace_and_match_cannot_disagree(made: list[Rule], entities: tuple[Entity, ...], article: MatchInput) -> None:
    book = rules.compile(made, entities, [LISTED])
    matched = {match.rule: match for match in book.match(article)}
    for rule in made:
        trace = book.explain(article, rule.name)
        assert trace.holds is (rule.name in matched)
        assert [child.holds for child in trace.children] == [trace.holds]
        assert trace.evidence == (matched[rule.name].evidence if rule.name in matched else ())
        if rule.name in matched:
            assert trace.score == matched[rule.name].score
        follows(trace)
        json.dumps(asdict(trace))
        assert str(trace).count("\n") + 1 == len(trace.lines())


@settings(max_examples=200, deadline=None)
@given(entities, articles)
def test_mentions_and_the_entitys_clause_cannot_disagree(entities: tuple[Entity, ...], article: MatchInput) -> None:
    book = rules.compile([Rule(name=e.id, query=f"@{e.id}") for e in entities], entities)
    mentions = book.mentions(article)
    for match in (book.explain(article, e.id) for e in entities):
        said = [(m.evidence.field, m.evidence.start, m.evidence.end) for m in mentions.get(match.clause, ()) if m.holds]
        assert said == [(e.field, e.start, e.end) for e in match.evidence]


@settings(max_examples=100, deadline=None)
@given(term, text)
def test_a_clause_that_is_false_shows_nothing_found(wanted, body: str) -> None:
    book = rules.compile([Rule(name="r", query=f"{wanted} AND never-found-anywhere")])
    trace = book.explain(MatchInput(text=body), "r")
    assert not trace.holds
    assert trace.evidence == ()
    (group,) = trace.children
    assert [bool(child.evidence) for child in group.children] == [child.holds for child in group.children]
