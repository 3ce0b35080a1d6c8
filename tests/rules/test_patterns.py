"""Regular expressions: Unicode classes, boundaries by script, linear time, refusals that name the construct."""

from __future__ import annotations

import pytest

from tests.rules.conftest import found
from watcher import rules
from watcher.model import Rule
from watcher.rules import patterns


@pytest.mark.parametrize(
    ("regex", "text", "surfaces"),
    [
        (r"patri?ot", "PATRIOT", ["PATRIOT"]),
        (r"F-\d+", "F-16, F‑35", ["F-16", "F‑35"]),
        (r"\d+", "٣٥", ["٣٥"]),
        (r"\bкиїв\w*", "у Києві, Київщина", ["Київщина"]),
        (r"\bAI\b", "training AI", ["AI"]),
        (r"\b岸田\b", "日本の岸田首相", ["岸田"]),
        (r"\bPatriot\b", "日本のPatriotミサイル", ["Patriot"]),
        (r"STRAẞE|gasse", "eine Straße", ["Straße"]),
        (r"\w+ў", "быў", ["быў"]),
        (r"[а-я]+\s[A-Z]+", "СЛОВО WORD", ["СЛОВО WORD"]),
        (r"a\/b", "a/b", ["a/b"]),
        (r"x{2,3}", "xxxx", ["xxx"]),
        (r"(?:one|two) three", "TWO\n  three", ["TWO\n  three"]),
        (r"\bCVE-\d{4}-\d{4,}\b", "CVE-2024-12345 and CVE-2024-1", ["CVE-2024-12345"]),
        (r"colou?r|\btint\b", "Color of tint", ["Color", "tint"]),
        (r"a[–—]b", "a–b a-b", ["a–b", "a-b"]),
        ("cafe\u0301", "café", ["café"]),
        (r"a\nb", "a\n b", ["a\n b"]),
        (r"\bat.{0,3}\b", "at home", ["at "]),
        (r"\bfoo.*?\b", "foobar x", ["foobar"]),
        (r"\b[a-z ]+x\b", "3abc x", [" x"]),
        (r"^b|b$", "b ab", ["b", "b"]),
    ],
)
def test_an_expression_matches_folded_text_by_unicode(regex: str, text: str, surfaces: list[str]) -> None:
    assert found(f"/{regex}/", text) == surfaces


def test_exact_case_and_fields_hold_for_expressions() -> None:
    assert found(r"case:/[A-Z]{2,}/", "US us Us EU") == ["US", "EU"]
    assert found(r"title:/a+/", "aaa", title="baa") == ["aa"]
    assert found(r"url:/\/sport\//", "x", url="https://example.org/sport/1") == ["/sport/"]
    assert found(r"/^a/", "a b a") == ["a"]


@pytest.mark.parametrize(
    ("regex", "names"),
    [
        ("a(?=b)", "lookahead"),
        ("a(?!b)", "negative lookahead"),
        ("(?<=a)b", "lookbehind"),
        ("(?<!a)b", "negative lookbehind"),
        (r"(a)\1", r"backreference \1"),
        ("(?P<x>a)(?P=x)", "backreference"),
        ("(?>a)", "atomic group"),
        (r"a\bb", "at the two ends"),
        ("((a{1000}){1000})", "repetition"),
        ("(a", "missing"),
        ("[a", "missing"),
        ("*a", "repetition"),
        ("a" * 3000, "at most"),
        (r"[^\D]", "inside"),
        ("", "empty"),
    ],
)
def test_what_no_linear_engine_can_match_is_refused_by_name(regex: str, names: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(rules.RulebookErrors) as caught:
        rules.compile([Rule(name="r", query=f"b /{regex}/")])
    error = caught.value.errors[0][1]
    assert names in error.message
    assert error.position == 2
    assert capfd.readouterr() == ("", "")  # RE2 itself keeps silent


def test_a_hostile_expression_costs_nothing() -> None:
    assert found("/(a+)+$/", "a" * 100_000 + "!") is None
    assert found("/(x+x+)+y/", "x" * 100_000) is None


@pytest.mark.parametrize("regex", [r"\b\w\b", r"a.*z|\ba", r"\b(ab|a)+\b", r"b.{0,200}\b"])
@pytest.mark.parametrize("text", ["a" * 300_000, "ab " * 100_000, "ракета " * 40_000, "岸" * 100_000])
def test_matches_that_are_thrown_away_end_too(regex: str, text: str) -> None:
    """Each of them costs a search of what follows: without a budget, seconds to minutes."""
    assert sum(1 for _ in patterns.Expression(regex, case=True, accents=True).find(text)) <= 2 * patterns.MAX_MATCHES


def test_a_long_text_is_searched_in_windows_and_nothing_is_found_twice_or_torn() -> None:
    text = ("x" * 1_990 + " Patriot missile ") * 20
    spans = list(patterns.Expression(r"\bpatriot \w+\b|x+y", case=True, accents=True).find(text.lower()))
    assert [text[start:end] for start, end in spans] == ["Patriot missile"] * 20
    long = "a" + "b" * 1_900 + "c"
    assert [end - start for start, end in patterns.Expression("ab+c", case=True, accents=True).find(("." * 5_000 + long) * 5)] == [
        1_902
    ] * 5


def test_an_expression_that_matches_anything_is_a_warning() -> None:
    assert [text for _, text in rules.compile([Rule(name="r", query="/.*/")]).warnings] == ["this holds for every article"]
