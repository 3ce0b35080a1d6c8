"""A page becomes its article: every paragraph, nothing of the furniture, whatever the bytes."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher.articles import extract
from watcher.errors import ExtractError
from watcher.newsroom import pieces

URL = "https://news.example.org/a/1"
PARAGRAPHS = [
    "The defence ministers of both countries agreed on Monday to repair damaged vessels in northern yards, officials said.",
    "The agreement covers eleven ships and the training of three hundred welders, according to the ministry's spokesman.",
    "Parliament will vote on the budget next week, and the opposition has asked for a list of the companies involved.",
]


def html(body: str, head: str = "") -> bytes:
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Yards | The Daily</title>{head}</head><body>{body}</body></html>'.encode()


def article(extra: str = "") -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return f"<nav><ul><li><a href=/s>Sport</a></li></ul></nav><main><article><h1>Yards</h1>{text}{extra}</article></main><footer>All rights reserved.</footer>"


def test_all_paragraphs_survive_on_lines_of_their_own_without_the_title() -> None:
    page = extract.extract(html(article()), url=URL)
    assert page.text.split("\n") == PARAGRAPHS
    assert (page.title, page.language, page.quality) == ("Yards", "en", "ok")


@pytest.mark.parametrize(
    ("furniture", "words"),
    [
        ("<figure><img src=x><figcaption>Photo: Some One / Agency via Pool</figcaption></figure>", "Some One"),
        ("<div class=mistape_caption><p>If you have found a spelling error, select the text and press Ctrl+Enter.</p></div>", "Ctrl+Enter"),
        ("<div role=dialog style='display:none'><p>The following text will be sent to our editors:</p></div>", "sent to our editors"),
        ("<noscript><img alt='pixelwatch' src=x></noscript>", "pixelwatch"),
        ("<aside><h2>Read also</h2><ul><li><a href=/x>Weather for the weekend</a></li></ul></aside>", "Weather for the weekend"),
        ("<div class=cookie-banner><p>We use cookies to improve your experience. Accept all</p></div>", "cookies"),
        ("<ul><li>Read also: <a href=/z>Ten pictures of spring</a></li></ul>", "Ten pictures"),
        ("<p><strong>Читайте також:</strong> <a href=/y>Погода на вихідні</a></p>", "Погода на вихідні"),
    ],
)
def test_a_sites_furniture_is_not_the_article(furniture: str, words: str) -> None:
    """What stands around a text must not match a rule."""
    page = extract.extract(html(article(furniture)), url=URL)
    assert words not in page.text
    assert all(paragraph in page.text for paragraph in PARAGRAPHS)


def test_metadata_is_read() -> None:
    head = (
        '<link rel="canonical" href="/a/1-yards"><meta property="og:site_name" content="The Daily">'
        '<meta property="article:published_time" content="2024-03-10T19:43:00+02:00">'
    )
    page = extract.extract(html(article(), head), url=URL)
    assert page.published_at == datetime(2024, 3, 10, 17, 43, tzinfo=UTC)
    assert page.canonical_url == "https://news.example.org/a/1-yards"
    assert page.site == "The Daily"


@pytest.mark.parametrize(
    ("body", "quality"),
    [
        (
            "<p>We and our 800 partners use cookies and process personal data with your consent. Accept all. Reject all. Manage preferences.</p>",
            "cookie_wall",
        ),
        ("<h1>404</h1><p>Page not found. The page you are looking for does not exist.</p>", "soft_404"),
        ("<h1>Just a moment</h1><p>Verifying you are human. This may take a few seconds.</p>", "blocked"),
        ("<p>" + PARAGRAPHS[0] + "</p><p>Subscribe to continue reading. Already a subscriber? Log in.</p>", "paywall"),
    ],
)
def test_what_is_no_article_is_named(body: str, quality: str) -> None:
    """A consent text may be gone before it is judged; then nothing is left."""
    assert extract.extract(html(body), url=URL).quality in ((quality, "empty") if quality == "cookie_wall" else (quality,))


def cards(tag: str, kind: str) -> str:
    return "".join(
        f'<{kind}><{tag}><a href="/a/{n}">Headline {n} about harbour {n * 7919}</a></{tag}><p>Officials of town {n} said so to reporters on day {n * 7}.</p></{kind}>'
        for n in range(12)
    )


@pytest.mark.parametrize(
    ("body", "quality"),
    [
        (f"<h1>News</h1>{cards('h2', 'div')}", "list_page"),
        (f"<main><h1>Ukraine</h1><ul>{cards('h3', 'li')}</ul></main>", "list_page"),
        (article() + f"<div>{cards('h3', 'div')}</div>", "ok"),
        (
            '<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript>' + "<script src=a.js></script>" * 3,
            "js_only",
        ),
        ("<h1>Сторінку не знайдено</h1><p>На жаль, сторінки не існує. Поверніться на головну.</p>", "soft_404"),
        ("<h1>お探しのページは見つかりませんでした</h1><p>URLをご確認ください。</p>", "soft_404"),
        ("<h1>Sorry</h1><p>This article is no longer available.</p>", "soft_404"),
        (f"<article><h1>x</h1><p>{PARAGRAPHS[0]}</p><p>この記事は有料会員限定です。残り1234文字</p></article>", "paywall"),
        (f"<article><h1>x</h1><p>{PARAGRAPHS[0]}</p><p>Pozostało 85% artykułu. Dostęp tylko dla prenumeratorów.</p></article>", "paywall"),
        ("<h1>example.org</h1><h2>Checking your browser before accessing example.org.</h2>", "blocked"),
        ("<h1>Log in</h1><form><label>Password</label><input type=password></form>", "short"),
    ],
)
def test_labelled_pages(body: str, quality: str) -> None:
    """Lists of teasers, walls and errors in several languages; an article with a list of others below it is an article."""
    assert extract.extract(html(body), url=URL).quality == quality


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_the_charset_of_the_header_is_obeyed(charset: str) -> None:
    text = "Міністри домовилися ремонтувати пошкоджені судна на північних верфях, повідомили посадовці в понеділок. " * 3
    if charset == "koi8-r":
        text = text.replace("і", "и")
    body = f"<html><body><article><h1>Верфи</h1><p>{text}</p></article></body></html>".encode(charset)
    page = extract.extract(body, url=URL, headers={"content-type": f"text/html; charset={charset}"})
    assert text.strip()[:60] in page.text


@pytest.mark.parametrize("name", ["lead", "ukrainian", "japanese"])
def test_the_newsrooms_pages_give_their_stories(name: str) -> None:
    piece = pieces.load(name)
    assert piece.paragraphs
    body = html("<article><h1>" + piece.headline + "</h1>" + "".join(f"<p>{p}</p>" for p in piece.paragraphs) + "</article>")
    text = "".join(extract.extract(body, url=URL).text.split())
    assert all("".join(paragraph.split())[:40] in text for paragraph in piece.paragraphs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda s: s.encode("utf-8", "surrogatepass"))))
def test_any_bytes_give_a_page_or_an_extract_error(body: bytes) -> None:
    try:
        page = extract.extract(body, url=URL)
    except ExtractError:
        return
    assert "\0" not in page.text


def test_deep_nesting_is_no_danger() -> None:
    """P13: a hundred thousand nested tags give a page or an error, not a crash."""
    body = html("<div>" * 100_000 + PARAGRAPHS[0] + "</div>" * 100_000)
    with contextlib.suppress(ExtractError):
        assert extract.extract(body, url=URL).quality
