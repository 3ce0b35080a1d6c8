"""Mark-up to plain text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.text.html import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a < b & c", "a < b & c"),
        ("AT&amp;T &lt;b&gt; &#8212; &eacute;", "AT&T <b> — é"),
        ("<p>One <b>two</b>three</p><p>four", "One twothree\nfour"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<script>alert(1)</script><style>x{}</style>text<!-- no -->", "text"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\nb"),
        ("<div>\n   spread \n over\n lines </div>", "spread over lines"),
        ("<p></p><br><br>", ""),
        ("<a href='javascript:x'>link</a>", "link"),
        ("a<img src=x onerror=alert(1)>b", "ab"),
        ("<![CDATA[a]]>b <?php x ?>c", "b c"),
        ("\ud800<b>x</b>\x00y", "?xy"),
    ],
)
def test_markup_becomes_text_with_paragraphs_on_their_own_lines(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "deep",
        "<p>x" * 100_000,
        "<b>" * 50_000 + "x" + "</b>" * 50_000,
        "&" * 500_000,
        "<" * 500_000,
        "<a " * 200_000,
        "x" * 3_000_000,
    ],
)
def test_hostile_markup_ends_soon(html: str) -> None:
    assert len(to_text(html)) <= 1_000_000


def test_text_in_the_depths_is_not_lost() -> None:
    assert "deep" in to_text("<div>" * 5_000 + "deep")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.text(alphabet="<>/abp&;#x0 \"'!-[]", max_size=60), st.text(alphabet=st.characters(), max_size=30))
)
def test_no_text_raises(html: str) -> None:
    text = to_text(html)
    assert "\x00" not in text
    text.encode()
