"""Cleaning: nothing gets through that a mail, a database or a terminal chokes on."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.text.clean import clean, cut, one_line


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x01c\x7fd\x9fe", "abcde"),
        ("a\ud800b\udfffc", "abc"),
        ("a\ufffeb\uffffc\U0001ffffd\ufdd0e", "abcde"),
        ("a\x0bb\x0cc\x85d\u2028e\u2029f\r\ng\rh", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\u202eb\u202cc\u2066d\u2069\ufeffe\u200ef", "abcdef"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f", "👨\u200d👩\u200d👧 ❤\ufe0f"),
        ("  a \t b \n\n\n\n c  ", "a b\n\nc"),
        ("x" + "\u0301" * 100, "x" + "\u0301" * 30),
        ("मनीष\u200cक", "मनीष\u200cक"),
    ],
)
def test_what_is_removed_and_what_is_kept(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_one_line_is_one_line() -> None:
    assert one_line("a\nb\r\n\tc\u2028d", 100) == "a b c d"
    assert one_line("a b c", 4) == "a b…"


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧" * 5, "🇺🇦🇯🇵🇺🇸🇵🇱", "e\u0301" * 20, "👍🏽" * 9, "각" * 3 + "\u1100\u1161\u11a8" * 5, "❤\ufe0f" * 9]
)
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_a_cut_never_tears_a_grapheme(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert len(shown) <= limit
    if shown.endswith("…"):
        rest = text[len(shown) - 1 :]
        assert not re.match("[\u0300-\u036f\u200d\ufe0f\u1160-\u11ff\U0001f3fb-\U0001f3ff]", rest)
        assert not shown[:-1].endswith("\u200d")
        assert len(re.findall("[\U0001f1e6-\U0001f1ff]", shown)) % 2 == 0


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text(alphabet=st.characters(), max_size=60)), st.integers(0, 50))
def test_any_text_comes_out_harmless_within_the_limit_and_stays_so(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff\ufffe\uffff]", cleaned)
    json.dumps(cleaned, ensure_ascii=False).encode()
    assert clean(clean(text)) == clean(text)


def test_a_hundred_thousand_marks_are_no_matter() -> None:
    assert len(clean("x" + "\u0301" * 100_000)) == 31
