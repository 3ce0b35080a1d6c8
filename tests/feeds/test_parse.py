"""feeds.parse: what comes out of documents good, bad and hostile."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.feeds.documents import HEADERS, URL, atom, item, rss
from watcher.errors import ParseError
from watcher.feeds import items, parse


def read(body: bytes, headers: dict[str, str] = HEADERS, **more):
    return parse.parse(body, url=URL, headers=headers, **more)


def only(body: bytes, headers: dict[str, str] = HEADERS):
    (entry,) = read(body, headers).entries
    return entry


def test_an_item_becomes_an_entry_of_plain_text() -> None:
    entry = only(
        rss(
            [
                item(
                    1,
                    text="&lt;p&gt;One &amp;amp; two.&lt;/p&gt;&lt;p&gt;Three.&lt;/p&gt;",
                    extra="<category>War</category><author>A B</author>",
                )
            ]
        )
    )
    assert (entry.identity, entry.title, entry.url) == ("tag:1", "Item 1", "https://example.org/a/1")
    assert entry.summary.split("\n")[0] == "One & two."
    assert "Three." in entry.summary
    assert (entry.content, entry.tags, entry.author) == ("", ("War",), "A B")
    assert entry.published_at == datetime(2026, 11, 23, 0, 1, tzinfo=UTC)
    assert entry.updated_at is None, "never a silent copy of the date of publication"


def test_the_document_says_what_it_is_and_when_to_come_back() -> None:
    head = "<ttl>60</ttl><language>uk-UA</language><skipHours><hour>3</hour><hour> 24 </hour><hour>99</hour></skipHours><skipDays><day>Sunday</day></skipDays>"
    document = read(rss([item(1)], head=head))
    assert (document.format, document.info.title, document.info.language) == ("rss20", "Example", "uk-UA")
    assert document.hints.ttl == timedelta(hours=1)
    assert (document.hints.skip_hours, document.hints.skip_days) == ({0, 3}, {6})
    assert document.entries[0].language == "uk"


def test_update_period_is_divided_by_its_frequency() -> None:
    body = (
        b'<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>t</title>'
        b"<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel></rss>"
    )
    assert read(body).hints.update_period == timedelta(hours=6)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
        ("AT&amp;amp;T", "AT&T"),
        ("&lt;img src=x onerror=alert(1)&gt;Boo", "Boo"),
        ("a &lt; b", "a < b"),
        ("line\none\u2028two three", "line one two three"),
    ],
)
def test_titles_of_rss_are_markup_where_they_look_like_it(title: str, told: str) -> None:
    assert only(rss([f"<item><title>{title}</title><link>https://e.org/1</link></item>"])).title == told


def test_titles_of_atom_are_what_they_say_they_are() -> None:
    body = atom(
        '<entry><id>1</id><title>Use &lt;b&gt;</title></entry><entry><id>2</id><title type="html">Use &lt;b&gt;me&lt;/b&gt;</title></entry>'
    )
    assert [entry.title for entry in read(body).entries] == ["Use <b>", "Use me"]


def test_links_are_absolute_and_of_the_web() -> None:
    links = ["/a/1", "b?x=1&amp;y=2", "javascript:alert(1)", "//cdn.example.net/x", "https://[bad/", " https://e.org/a b "]
    entries = read(rss(f"<item><guid>{n}</guid><link>{link}</link><title>t</title></item>" for n, link in enumerate(links))).entries
    assert [entry.url for entry in entries] == [
        "https://example.org/a/1",
        "https://example.org/b?x=1&y=2",
        None,
        "https://cdn.example.net/x",
        None,
        "https://e.org/a%20b",
    ]


def test_the_base_is_xml_base_then_content_location_then_the_url() -> None:
    entry = '<entry><id>urn:1</id><title>t</title><link href="x.html"/></entry>'
    assert read(atom(entry, attributes='xml:base="https://b.org/c/"')).entries[0].url == "https://b.org/c/x.html"
    assert read(atom(entry), HEADERS | {"content-location": "/d/feed"}).entries[0].url == "https://example.org/d/x.html"
    assert read(atom(entry)).entries[0].url == "https://example.org/x.html"


def test_a_moved_feed_keeps_its_identities() -> None:
    """Relative guids and links identify as written, so http -> https or a new host is no storm."""
    body = rss(["<item><guid>17</guid><title>a</title></item>", "<item><link>/x</link><title>b</title></item>"])
    old = parse.parse(body, url="http://old.example/rss", headers=HEADERS)
    new = parse.parse(body, url="https://new.example/feed", headers=HEADERS)
    assert [entry.identity for entry in old.entries] == [entry.identity for entry in new.entries] == ["17", "/x"]


def test_identity_falls_back_to_link_then_to_a_hash() -> None:
    entries = read(
        rss(["<item><link>https://e.org/1</link></item>", "<item><title>a</title></item>", "<item><title>b</title></item>"])
    ).entries
    assert entries[0].identity == "https://e.org/1"
    assert all(entry.identity.startswith("sha256:") for entry in entries[1:])
    assert entries[1].identity != entries[2].identity


def test_a_guid_of_a_megabyte_becomes_its_hash() -> None:
    identity = only(rss([f"<item><guid>{'x' * 1_000_000}</guid><title>t</title></item>"])).identity
    assert len(identity) == 71


def test_a_guid_shared_by_different_items_identifies_none_of_them() -> None:
    """A publisher who puts the site's address into every guid must not cost us all items but one."""
    shared = [f"<item><guid>https://e.org/</guid><link>https://e.org/{n}</link><title>t{n}</title></item>" for n in range(3)]
    document = read(rss(shared))
    assert {entry.identity for entry in document.entries} == {f"https://e.org/{n}" for n in range(3)}
    assert set(read(rss(shared), baseline=True).known) == {f"https://e.org/{n}" for n in range(3)}


def test_an_item_without_anything_is_skipped_and_counted() -> None:
    document = read(rss(["<item/>", item(1)]))
    assert (len(document.entries), document.skipped, document.total) == (1, (("empty", 1),), 2)


@pytest.mark.parametrize(
    "date",
    [
        "tomorrow",
        "32 Feb 2026 25:61:00",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "31 Dec 9999 23:59:59 GMT",
        "20210",
        "1970-01-01T00:00:00Z",
        "١٢",
        "-0001",
    ],
)
def test_nonsense_dates_are_unknown(date: str) -> None:
    body = rss([f"<item><guid>1</guid><title>t</title><pubDate>{date}</pubDate></item>"])
    published = only(body).published_at
    assert published is None or 1990 <= published.year <= 9000


def test_dc_date_of_rdf_is_the_date_of_publication() -> None:
    body = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        b'<channel rdf:about="u"><title>t</title></channel><item rdf:about="urn:1"><title>x</title><dc:date>2026-01-02T03:04:05+02:00</dc:date></item></rdf:RDF>'
    )
    document = read(body)
    assert document.format == "rss10"
    assert (document.entries[0].identity, document.entries[0].published_at) == ("urn:1", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "utf-16", "iso-8859-5"])
def test_declared_charsets_are_decoded_and_cut(charset: str) -> None:
    text = '<?xml version="1.0" encoding="{}"?><rss version="2.0"><channel><title>Новини</title>{}</channel></rss>'
    rows = "".join(f"<item><guid>{n}</guid><title>Київ {n}</title></item>".replace("ї", "и") for n in range(3))
    body = text.format(charset, rows).encode(charset)
    document = read(body, {"content-type": "application/rss+xml"})
    assert [entry.title for entry in document.entries] == [f"Киив {n}" for n in range(3)]
    rest = read(body, {"content-type": "application/rss+xml"}, known=document.spans[8:], span_count=3)
    assert [entry.identity for entry in rest.entries] == ["0"]
    assert rest.partial


def test_utf8_is_recognised_without_any_declaration() -> None:
    body = "<rss><channel><item><title>Кішіда</title></item></channel></rss>".encode()
    assert only(body, {}).title == "Кішіда"
    assert only(body, {"content-type": "text/xml"}).title == "Кішіда"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n\0", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"x", "not_a_feed"),
        (b"<!DOCTYPE html><html><body><form>Log in</form></body></html>", "not_a_feed"),
        (b"<html><head><title>x</title></head></html>", "not_a_feed"),
        (b"<note><to>you</to></note>", "not_a_feed"),
        (b"%PDF-1.7 ...", "not_a_feed"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not_a_feed"),
        (b"<?xml version='1.0'?>", "not_a_feed"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(body)
    assert caught.value.reason == reason
    assert URL in str(caught.value)


def test_an_xml_bomb_is_refused_at_once() -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))
    bomb = f"<!DOCTYPE rss [{entities}]><rss><channel><item><title>&a10;</title></item></channel></rss>".encode()
    quadratic = (
        f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100_000}">]><rss><channel><item><title>{"&a;" * 5_000}</title></item></channel></rss>'.encode()
    )
    for body in (bomb, quadratic, bomb.decode().encode("utf-16")):
        started = time.process_time()
        with pytest.raises(ParseError) as caught:
            read(body)
        assert caught.value.reason == "xml"
        assert time.process_time() - started < 2


def test_external_entities_are_never_read(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    body = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]><rss><channel><item><guid>1</guid><title>a&x;b</title></item></channel></rss>'.encode()
    assert "SECRET" not in repr(read(body))


def test_a_truncated_document_gives_its_complete_items_only() -> None:
    body = rss(item(n) for n in range(3))
    document = read(body[: body.rindex(b"tag:2") + 3])
    assert [entry.identity for entry in document.entries] == ["tag:0", "tag:1"]
    assert any("breaks off" in problem for problem in document.problems)


def test_a_malformed_document_is_salvaged_and_its_known_entries_are_left_out() -> None:
    body = rss([item(1, text="fish & chips &nbsp;"), item(2)])
    document = read(body)
    assert [entry.identity for entry in document.entries] == ["tag:1", "tag:2"]
    assert any("not well-formed" in problem for problem in document.problems)
    again = read(body.replace(b"Item 2", b"Item Two"), known=document.spans, span_count=2)
    assert [entry.title for entry in again.entries] == ["Item Two"]


def test_control_characters_and_surrogates_never_reach_an_entry() -> None:
    body = rss(["<item><guid>1</guid><title>a\x01b\ufffec&#xD800;d</title></item>"])
    assert not set(only(body).title) & set("\0\x01\ufffe\ud800")


def test_only_new_items_are_parsed() -> None:
    old = read(rss(item(n) for n in range(5)))
    document = read(rss([item(9), *(item(n) for n in range(5))]), known=old.spans, span_count=old.total)
    assert [entry.identity for entry in document.entries] == ["tag:9"]
    assert (document.total, document.partial, document.complete) == (6, True, True)
    assert set(items.unpack(old.spans)) < set(items.unpack(document.spans))


def test_nothing_new_is_no_error() -> None:
    body = rss(item(n) for n in range(5))
    document = read(body, known=read(body).spans, span_count=5)
    assert (document.entries, document.total, document.complete) == ((), 5, True)
    assert document.info.title == "Example"


def test_an_edited_item_is_parsed_again() -> None:
    old = read(rss(item(n) for n in range(3)))
    document = read(rss([item(0), item(1, text="Corrected."), item(2)]), known=old.spans, span_count=3)
    assert [(entry.identity, entry.summary) for entry in document.entries] == [("tag:1", "Corrected.")]


@pytest.mark.parametrize("broken", [False, True])
def test_more_entries_than_the_limit_follow_at_the_next_polls(broken: bool) -> None:
    body = rss((item(n) for n in range(7)), head="<description>fish & chips</description>" if broken else "")
    known, got, rounds = b"", [], 0
    while True:
        document = read(body, known=known, span_count=7 if known else 0, limit=3)
        got += [entry.identity for entry in document.entries]
        known, rounds = document.spans, rounds + 1
        assert document.total == 7
        if document.complete:
            break
    assert (got, rounds) == ([f"tag:{n}" for n in range(7)], 3)


@pytest.mark.parametrize("broken", [False, True])
def test_a_first_poll_knows_every_item_and_parses_the_newest(broken: bool) -> None:
    head = "<description>fish & chips</description>" if broken else ""
    document = read(rss((item(n) for n in range(9, -1, -1)), head=head), baseline=True, newest=2)
    assert [entry.identity for entry in document.entries] == ["tag:9", "tag:8"]
    assert document.known == tuple(f"tag:{n}" for n in range(7, -1, -1))


def test_the_newest_items_of_an_ascending_feed_are_its_last() -> None:
    document = read(rss(item(n) for n in range(10)), baseline=True, newest=2)
    assert {entry.identity for entry in document.entries} == {"tag:8", "tag:9"}


def test_a_giant_first_poll_is_a_baseline_and_no_storm() -> None:
    body = rss(item(n) for n in range(50_000, 0, -1))
    started = time.process_time()
    document = read(body, baseline=True, newest=5)
    spent = time.process_time() - started
    assert (len(document.known), len(document.entries), document.complete) == (49_995, 5, True)
    assert spent < 8, "3 s on an idle machine; feedparser alone would take 20"


def test_hub_and_self_come_from_the_document_or_the_link_header() -> None:
    body = atom('<link rel="hub" href="https://hub.example/"/><link rel="self" href="https://example.org/atom"/>')
    assert (read(body).info.hub, read(body).info.self_url) == ("https://hub.example/", "https://example.org/atom")
    info = read(body, HEADERS | {"link": '<https://other.example/>; rel="hub", <https://example.org/s>; rel=self'}).info
    assert (info.hub, info.self_url) == ("https://other.example/", "https://example.org/s")


def test_limits_cut_titles_tags_and_texts() -> None:
    entry = only(
        rss([item(1, text="x" * 400_000, extra="".join(f"<category>c{n}</category>" for n in range(500)))]).replace(b"Item 1", b"T" * 5_000)
    )
    assert (len(entry.title) <= 1_000, len(entry.tags), len(entry.summary) <= 256 * 1024) == (True, 100, True)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"])
@pytest.mark.parametrize("declared", [True, False])
def test_wide_charsets_are_read_with_and_without_mark_and_declaration(charset: str, declared: bool) -> None:
    """P03: UTF-16 and UTF-32, with or without a byte order mark."""
    text = '<rss version="2.0"><channel><title>c</title><item><guid>1</guid><title>岸田 and Київ</title></item></channel></rss>'
    prolog = f'<?xml version="1.0" encoding="{charset.removesuffix("-sig")}"?>' if declared else ""
    for told in ("application/xml", f"application/rss+xml; charset={charset.removesuffix('-sig')}"):
        assert only((prolog + text).encode(charset), {"content-type": told}).title == "岸田 and Київ"


def test_one_impossible_character_reference_does_not_cost_the_document() -> None:
    body = rss([item(1), "<item><guid>2</guid><title>a&#xD800;b&#0;c&#99999999;d &#233;</title></item>"])
    titles = [entry.title for entry in read(body).entries]
    assert len(titles) == 2
    assert titles[1].endswith("é")


def sitemap(*pages: str) -> bytes:
    spaces = "".join(f" xmlns:{name}='http://www.google.com/schemas/sitemap-{name}/{v}'" for name, v in (("news", "0.9"), ("image", "1.1")))
    return f"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'{spaces}>{''.join(pages)}</urlset>".encode()


def page(number: int, news: str, more: str = "") -> str:
    return f"<url><loc>https://example.org/{number}</loc>{news}{more}</url>"


def test_a_news_sitemap_gives_its_news_and_counts_the_pages_that_are_none() -> None:
    named = "<news:publication><news:name>The Daily</news:name><news:language>uk</news:language></news:publication>"
    dated = f"<news:news>{named}<news:publication_date>2026-11-25T10:00:00+02:00</news:publication_date><news:title>A port</news:title></news:news>"
    picture = "<image:image><image:loc>https://example.org/i.jpg</image:loc><image:title>A picture</image:title></image:image>"
    undated = f"<news:news>{named}<news:title>A ship</news:title></news:news>"
    document = read(sitemap(page(1, dated, picture), page(2, undated), page(3, "", picture), page(4, "<lastmod>2026-11-25</lastmod>")))
    assert [(entry.title, entry.url, entry.language) for entry in document.entries] == [
        ("A port", "https://example.org/1", "uk"),
        ("A ship", "https://example.org/2", "uk"),
    ]
    assert [entry.published_at for entry in document.entries] == [datetime(2026, 11, 25, 8, tzinfo=UTC), None]
    assert (document.format, document.info.title, document.total, document.skipped) == ("sitemap", "The Daily", 4, (("no_news", 2),))
