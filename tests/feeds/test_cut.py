"""Parsing only what is new gives exactly what parsing the whole document gives of the new items: under fuzzing.

The same over all corpora is in ``test_corpora``.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.feeds import parse
from watcher.model import Document

URL = "https://example.com/feed/"
SHELLS = {
    "rss": ('<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:m="http://search.yahoo.com/mrss/"><channel><title>T</title><link>/</link>', "</channel></rss>"),
    "rdf": ('<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:m="http://search.yahoo.com/mrss/"><channel><title>T</title></channel>', "</rdf:RDF>"),
    "atom": ('<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:m="http://search.yahoo.com/mrss/" xml:base="https://example.com/b/"><title>T</title>', "</feed>"),
    "prefixed": ('<a:feed xmlns:a="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:m="http://search.yahoo.com/mrss/"><a:title>T</a:title>', "</a:feed>"),
}  # fmt: skip
CHARSETS = ["utf-8", "windows-1251", "shift_jis", "utf-16", "gb18030", "iso-8859-1"]

texts = st.lists(
    st.sampled_from(
        ["news", "Київ", "東京", "é", "a &amp; b", "&#233;", "&lt;b&gt;x&lt;/b&gt;", "]]", "  ", "\n", "1 &lt; 2", "â€™", "Ð¢ÐµÑÑ‚"]
    ),
    max_size=5,
).map(" ".join)
extras = st.lists(
    st.sampled_from(
        [
            "<!-- <item><guid>no</guid></item> -->",
            "<?php echo '<item>' ?>",
            "<content:encoded><![CDATA[<p>one</p><item><guid>inside</guid></item> & two]]></content:encoded>",
            "<description><![CDATA[<entry>]]> tail</description>",
            "<dc:creator>An author</dc:creator>",
            "<m:group><m:title>another title</m:title></m:group>",
            "<item><title>nested</title><guid>nested-1</guid></item>",
            "<entry><id>nested-2</id></entry>",
            "<source url='https://other.example/'>Other</source>",
            '<category term="x">y</category>',
            "<comments>/c</comments>",
            "<description>not <b>escaped</b> <title>in prose</title> at all</description>",
            "<title>a <summary>b</summary></title>",
            "\n\t",
        ]
    ),
    max_size=3,
).map("".join)


@st.composite
def items(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """An item in pieces: its key, title, what else it holds, how it is identified."""
    key = str(draw(st.integers(0, 30)))
    return key, draw(texts), draw(extras), draw(st.sampled_from(["guid", "guid", "link", "both", "none"]))


def written(form: str, item: tuple[str, str, str, str]) -> str:
    key, title, extra, named = item
    prefix, name, guid = ("a:", "entry", "id") if form == "prefixed" else ("", "entry", "id") if form == "atom" else ("", "item", "guid")
    ids = {
        "guid": f"<{prefix}{guid}>{key}</{prefix}{guid}>",
        "link": f'<{prefix}link href="/{key}"/>' if name == "entry" else f"<link>/{key}?a=1&amp;b=2</link>",
        "none": "",
    }
    ids["both"] = ids["guid"] + ids["link"]
    about = f' rdf:about="https://example.com/{key}"' if form == "rdf" and named == "both" else ""
    return f"<{prefix}{name}{about}>{ids[named]}<{prefix}title>{title}</{prefix}title>{extra}</{prefix}{name}>"


def document(form: str, pieces: list[str], charset: str) -> bytes:
    head, tail = SHELLS[form]
    text = f'<?xml version="1.0" encoding="{charset}"?>\n{head}{"".join(pieces)}{tail}'
    return text.encode(charset, "xmlcharrefreplace")


def read(body: bytes, before: Document | None = None) -> Document:
    known = {"known": before.spans, "span_count": before.total} if before is not None else {}
    return parse.parse(body, url=URL, headers={"content-type": "application/xml"}, **known)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    form=st.sampled_from(sorted(SHELLS)),
    charset=st.sampled_from(CHARSETS),
    old=st.lists(items(), max_size=6, unique_by=lambda item: item[0]),
    fresh=st.lists(items(), max_size=3, unique_by=lambda item: item[0]),
    order=st.randoms(use_true_random=False),
    dropped=st.integers(0, 3),
)
def test_what_is_cut_changes_nothing_of_what_is_left(form, charset, old, fresh, order, dropped) -> None:
    """Items come, go, change and move about; the new ones are read as in the whole document, and everything new is read."""
    taken = {item[0] for item in old}  # a guid that comes a second time changes how the first is recognised, which a cut cannot see
    fresh = [item for item in fresh if item[0] not in taken]
    before = [written(form, item) for item in old]
    after = before[dropped:] + [written(form, item) for item in fresh]
    order.shuffle(after)
    first = read(document(form, before, charset))
    whole = read(document(form, after, charset))
    new = read(document(form, after, charset), first)
    assert all(entry in whole.entries for entry in new.entries), "no entry differs from the whole parse's"
    seen = {entry.identity for entry in first.entries}
    told = [entry.identity for entry in new.entries]
    assert {entry.identity for entry in whole.entries} - seen <= set(told), "nothing new is missed"
    assert new.total == whole.total
    assert read(document(form, after, charset), new).entries == (), "what was read once is known"
