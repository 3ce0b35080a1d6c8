"""Canonical URLs: what is one article, and what must stay two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.stories.canonical import canonical_url, host_of

ONE = "https://example.org/2024/news/story?id=7"


@pytest.mark.parametrize(
    "twin",
    [
        "http://example.org/2024/news/story?id=7",
        "https://www.example.org/2024/news/story?id=7",
        "https://m.example.org/2024/news/story/?id=7",
        "https://mobile.example.org:443/2024/news/story?id=7",
        "https://amp.example.org/2024/news/story?id=7&amp=1",
        "https://example.org/2024/news/story/amp/?id=7",
        "https://example.org/amp/2024/news/story?id=7",
        "https://EXAMPLE.org/2024/news/story?utm_source=rss&id=7&utm_medium=feed#comments",
        "https://example.org/2024/news/story?fbclid=abc&id=7&gclid=x",
        "https://example.org/2024/news/story?id=7&ref=rss",
        "https://example.org/2024/news/story;jsessionid=0A1B?id=7",
        "https://example.org./2024/news/%73tory?id=7",
        "  https://example.org/2024/news/story?id=7\n",
        "https://example-org.cdn.ampproject.org/c/s/example.org/2024/news/story?id=7",
        "https://www.google.com/amp/s/example.org/2024/news/story?id=7",
        "https://user:secret@example.org/2024/news/story?id=7",
    ],
)
def test_twins_of_one_article_get_one_form(twin: str):
    assert canonical_url(twin) == ONE


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/2024/news/story?id=8",
        "https://example.org/2024/news/story",
        "https://example.org/2024/news/Story?id=7",
        "https://example.org/2024/news/story/2?id=7",
        "https://example.org:8080/2024/news/story?id=7",
        "https://news.example.org/2024/news/story?id=7",
        "https://example.com/2024/news/story?id=7",
        "https://example.org/2024/news/story?id=7&ref=4711",
        "https://example.org/2024/news/story?id=7#!/route/5",
    ],
)
def test_what_may_be_another_article_stays_another(other: str):
    assert canonical_url(other) != ONE


def test_order_of_parameters_does_not_count_but_repeated_ones_keep_theirs():
    assert (
        canonical_url("https://e.org/?b=2&a=1&b=1")
        == canonical_url("https://e.org/?a=1&b=2&b=1")
        != canonical_url("https://e.org/?a=1&b=1&b=2")
    )


@pytest.mark.parametrize(
    "odd", ["", "ftp://e.org/x", "mailto:a@b.c", "http://", "http://[::1", "http://e.org:99999/", "javascript:alert(1)", "no url"]
)
def test_what_is_no_web_address_comes_back_stripped(odd: str):
    assert canonical_url(f" {odd} ") == odd.strip()
    assert host_of(odd) == ""


def test_a_wikipedia_page_on_a_phone_is_the_same_page():
    assert canonical_url("https://en.m.wikipedia.org/wiki/MIM-104_Patriot") == canonical_url(
        "https://en.wikipedia.org/wiki/MIM-104_Patriot"
    )


def test_international_hosts_and_paths_have_one_spelling():
    assert canonical_url("https://日本.jp/記事?x=い") == canonical_url("https://xn--wgv71a.jp/%E8%A8%98%E4%BA%8B?x=%e3%81%84")


@pytest.mark.parametrize(
    ("url", "declared", "believed"),
    [
        ("https://e.org/?p=12", "https://e.org/2024/pretty-name", "https://e.org/2024/pretty-name"),
        ("https://e.org/x?from=app", "/2024/pretty-name", "https://e.org/2024/pretty-name"),
        ("https://news.e.co.uk/a/long-name-of-it", "https://www.e.co.uk/b/other-name", "https://e.co.uk/b/other-name"),
        ("https://partner.com/2024/long-name-of-it", "https://agency.net/2024/long-name-of-it", "https://agency.net/2024/long-name-of-it"),
        ("https://t.co/AbC", "https://e.org/story", "https://e.org/story"),
        ("https://e.org/story/amp", "https://e.org/story", "https://e.org/story"),
        ("https://e.org/story/2", "https://e.org/story", "https://e.org/story"),
    ],
)
def test_a_plausible_declaration_is_believed(url: str, declared: str, believed: str):
    assert canonical_url(url, declared) == believed


@pytest.mark.parametrize(
    ("url", "declared"),
    [
        ("https://e.org/2024/a", "https://e.org/"),
        ("https://e.org/2024/a", "https://e.org"),
        ("https://e.org/news/2024-03-10-a", "https://e.org/news"),
        ("https://e.org/story.php?id=5", "https://e.org/story.php"),
        ("https://e.org/2024/a", "https://elsewhere.com/landing"),
        ("https://e.org/a", "https://elsewhere.com/a"),
        ("https://e.org/2024/a", "javascript:void(0)"),
        ("https://e.org/2024/a", "https://e.org/" + "x" * 5000),
    ],
)
def test_an_implausible_declaration_is_ignored(url: str, declared: str):
    assert canonical_url(url, declared) == canonical_url(url)


PIECES = st.sampled_from(
    [
        "https://",
        "http://",
        "www.",
        "m.",
        "amp.",
        "example.org",
        "e.co",
        "/",
        "//",
        "/amp",
        "?",
        "a=1",
        "&",
        "utm_x=2",
        "%2F",
        "%7e",
        "#",
        "!",
        "index.html",
        ".",
        "é",
        "日",
        ":80",
        ";",
        "@",
        "\x00",
        " ",
        "%",
        "s",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40).map("http://e.org/".__add__))
def test_the_canonical_form_is_its_own_canonical_form_and_nothing_raises(url: str):
    once = canonical_url(url)
    assert canonical_url(once) == once
    assert canonical_url(url, url) == canonical_url(url)


def test_a_page_that_declares_its_own_address_changes_nothing_of_it():
    assert canonical_url("https://e.org/0;", "https://e.org/0;") == canonical_url("https://e.org/0;")
