"""Queries of other tools: what they become, what is refused and where, and that whatever comes out is a query of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.conftest import found
from watcher.errors import QueryError
from watcher.model import Rule
from watcher.rules import compile as compile_rules
from watcher.rules import dialects, query

SITE = r"url:/^https?:\/\/([^\/]*\.)?{}([\/:?#]|$)/"


@pytest.mark.parametrize(
    ("dialect", "written", "ours"),
    [
        ("meltwater", 'apple AND (watch OR iwatch) NOT ("apple sauce" OR orchard*)', 'apple AND (watch OR iwatch) AND NOT ("apple sauce" OR orchard*)'),
        ("meltwater", "apple NEAR watch", "apple NEAR/5 watch"),
        ("meltwater", "apple ONEAR/10 watch", "apple ONEAR/11 watch"),
        ("meltwater", "title:Patriot or ingress:(Kyiv near/3 missiles)", "title:Patriot OR lead:(Kyiv NEAR/4 missiles)"),
        ("meltwater", "(apple OR pear)^9 and juice^2", "(apple OR pear) AND juice"),
        ("meltwater", "“apple juice” AND languageCode:en", '"apple juice" AND lang:en'),
        ("brandwatch", "(a OR b) NEAR/5 c", "(a OR b) NEAR/6 c"),
        ("brandwatch", "summer NEAR/0f holiday", "summer ONEAR/1 holiday"),
        ("brandwatch", '"apple juice"~5', "apple NEAR/6 juice"),
        ("brandwatch", '((cake OR "ice cream") AND (birthday OR party))~5', '(cake OR "ice cream") NEAR/6 (birthday OR party)'),
        ("brandwatch", "raw:Google+ AND <<<why not>>> -stock", "case:Google+ AND NOT stock"),
        ("brandwatch", "site:(bild.de OR http://www.wort.lu) AND x", f"({SITE.format('bild[.]de')} OR {SITE.format('wort[.]lu')}) AND x"),
        ("brandwatch", "url:msn.com/news AND x", "url:msn.com/news AND x"),
        ("brandwatch", '-site:"bild.de" x', f"NOT {SITE.format('bild[.]de')} AND x"),
        ("talkwalker", "BMW AND NOT bike", "BMW AND NOT bike"),
        ("talkwalker", "chocolate -swiss", "chocolate AND NOT swiss"),
        ("talkwalker", "-swiss", "NOT swiss"),
        ("talkwalker", "cat dog", "cat NEAR/11 dog"),
        ("talkwalker", "NASA", "case:NASA"),
        ("talkwalker", '++"A&B" OR content:x', 'case:"A&B" OR body:x'),
        ("talkwalker", "NOT NOT a", "a"),
        ("freshrss", "intitle:'a b' !intext:c", 'title:"a b" AND NOT body:c'),
        ("freshrss", "author:Dupont OR author:Dupond", "author:Dupont OR author:Dupond"),
        ("freshrss", "(a OR inurl:b) -(c d)", "(a OR url:b) AND NOT (c AND d)"),
        ("freshrss", "#tag+with+space -#x", 'tag:"tag with space" AND NOT tag:x'),
        ("freshrss", "/Alice/ author:/^Bob$/im intitle:/^Lo+l/i", "case:/Alice/ AND author:/^Bob$/ AND title:/^Lo+l/"),
        ("freshrss", r"sol\(a\)", '"sol(a)"'),
        ("freshrss", "!!a", "a"),
    ],
)  # fmt: skip
def test_a_query_becomes_ours(dialect, written, ours):
    assert dialects.convert(dialect, written).query == ours.replace("[.]", r"\.")


@pytest.mark.parametrize(
    ("dialect", "written", "position", "construct"),
    [
        ("meltwater", "a AND country:us", 6, "country:us"),
        ("meltwater", "apple{3} AND b", 0, "apple{3}"),
        ("meltwater", "a SENTENCE b", 2, "SENTENCE"),
        ("meltwater", "x OR foo:bar", 5, "foo:"),
        ("brandwatch", '"one two three"~5', 0, '"one two three"~5'),
        ("brandwatch", "(a OR b)~5", 7, "(…)~5"),
        ("brandwatch", "a AND &", 6, "&"),
        ("brandwatch", "language:english AND a", 0, "language:english"),
        ("talkwalker", "cat dog mouse", 0, "cat dog mouse"),
        ("freshrss", "a f:12", 2, "f:12"),
        ("freshrss", "!date:P1W", 1, "date:P1W"),
        ("freshrss", "search:'My query'", 0, "search:My query"),
        ("freshrss", "/^Alice/m", 0, "/^Alice/m"),
        ("freshrss", r"a /<b>x<\/b>/", 2, r"/<b>x<\/b>/"),
        ("freshrss", "#/a.*b/i", 0, "#/a.*b/i"),
        ("freshrss", "/(?=a)b/i", 0, "the query"),  # in the engine's own words
        ("freshrss", "/a/x", 0, "/a/x"),
    ],
)
def test_what_has_no_equivalent_is_named_with_its_place(dialect, written, position, construct):
    with pytest.raises(dialects.NoEquivalent) as raised:
        dialects.convert(dialect, written)
    assert (raised.value.construct, raised.value.position) == (construct, position)
    assert raised.value.query == written


@pytest.mark.parametrize(
    ("dialect", "written", "position"),
    [
        ("meltwater", "a AND (b", 6),
        ("meltwater", "a)", 1),
        ("meltwater", 'a "b', 2),
        ("meltwater", "a AND", 5),
        ("brandwatch", "a NEAR b", 2),
        ("brandwatch", 'a AND ""', 6),
        ("freshrss", "foo:bar", 0),
        ("freshrss", "intitle: a", 8),
        ("freshrss", "(a", 0),
        ("freshrss", " ", 0),
    ],
)
def test_what_is_wrong_in_its_own_dialect_is_an_error_with_its_place(dialect, written, position):
    with pytest.raises(QueryError) as raised:
        dialects.convert(dialect, written)
    assert not isinstance(raised.value, dialects.NoEquivalent)
    assert raised.value.position == position


@pytest.mark.parametrize("between", range(4))
def test_distances_are_words_between_there_and_steps_here(between):
    """Brandwatch: logitech NEAR/2f keyboard has two or fewer words in between."""
    converted = dialects.convert("brandwatch", "logitech NEAR/2f keyboard").query
    text = f"a logitech {'so ' * between}keyboard"
    assert (found(converted, text) is not None) is (between <= 2)
    assert found(converted, "keyboard logitech") is None


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://bild.de/a", True),
        ("http://www.bild.de", True),
        ("https://m.bild.de?x=1", True),
        ("https://mybild.de/", False),
        ("https://bild.de.example.org/", False),
        ("https://example.org/?u=https://bild.de/", False),
    ],
)
def test_a_site_is_its_host_and_those_below(url, inside):
    assert (found(dialects.convert("talkwalker", 'site:"bild.de"').query, "", url=url) is not None) is inside


WORDS = st.sampled_from(["apple", "Patriot", "Київ", "岸田", "F-16", "C++", "A&B", "win*", "о?е", "or", "don't", "#tag", "@me", "155"])
ODD = st.text(st.sampled_from("aB岸 \"'()/\\:^~+-!#@*?&|<>{}0éі"), max_size=12)


def boolean(words):
    leaf = st.one_of(words, st.lists(WORDS, min_size=1, max_size=3).map(lambda parts: '"' + " ".join(parts).replace('"', "") + '"'))
    return st.recursive(
        st.one_of(leaf, leaf, leaf.map(lambda x: f"title:{x}")),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).flatmap(
                lambda parts: st.sampled_from([" AND ", " OR ", " NOT ", " "]).map(lambda glue: "(" + glue.join(parts) + ")")
            ),
            st.tuples(inner, st.sampled_from([" NEAR/3 ", " ONEAR/2 "]), inner).map("".join),
            inner.map(lambda x: f"NOT ({x})"),
        ),
        max_leaves=8,
    )


def freshrss():
    leaf = st.one_of(
        WORDS, WORDS.map(lambda w: f"intitle:'{w.replace(chr(39), '')}'"), WORDS.map(lambda w: f"author:{w}"), WORDS.map(lambda w: f"/{w.strip('*?+')}x/i")
    )  # fmt: skip
    return st.recursive(
        st.one_of(leaf, leaf.map(lambda x: f"!{x}")),
        lambda inner: st.lists(inner, min_size=2, max_size=3).flatmap(
            lambda parts: st.sampled_from([" OR ", " "]).map(lambda glue: "(" + glue.join(parts) + ")")
        ),
        max_leaves=8,
    )


def attempt(dialect: str, written: str) -> dialects.Converted | QueryError:
    try:
        return dialects.convert(dialect, written)
    except QueryError as error:
        return error


def holds_up(dialect: str, written: str) -> None:
    """What comes out compiles and reads back as itself; what does not come out is refused with a place."""
    converted = attempt(dialect, written)
    if isinstance(converted, QueryError):
        assert converted.position is not None
        assert 0 <= converted.position <= len(written)
        return
    assert query.parse(converted.query) == converted.node
    assert str(query.parse(converted.query)) == converted.query
    compile_rules([Rule(name="r", query=converted.query)])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["meltwater", "brandwatch", "talkwalker"]), boolean(WORDS))
def test_well_formed_queries_come_out_as_queries_of_ours(dialect, written):
    holds_up(dialect, written)


@settings(max_examples=150, deadline=None)
@given(freshrss())
def test_freshrss_expressions_come_out_as_queries_of_ours(written):
    holds_up("freshrss", written)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(dialects.DIALECTS)), ODD)
def test_no_text_makes_a_converter_fail_otherwise(dialect, written):
    holds_up(dialect, written)


@pytest.mark.corpora
def test_every_expression_of_freshrss_converts_or_is_refused_with_a_reason():
    root = os.environ.get("WATCHER_CORPORA")
    file = Path(root or "", "rules-freshrss", "queries.txt")
    if not root or not file.is_file():
        pytest.skip("evaluation corpora not found: set WATCHER_CORPORA to their folder")
    written = [line for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    converted = 0
    for text in written:
        outcome = attempt("freshrss", text)
        if isinstance(outcome, dialects.Converted):
            converted += 1
        else:
            assert isinstance(outcome, dialects.NoEquivalent)
            assert outcome.construct.split(":")[0] in text
    assert (len(written), converted) == (71, 27)
