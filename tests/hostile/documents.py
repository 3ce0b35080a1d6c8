"""Feed documents, proper and otherwise."""

from __future__ import annotations

import html
import json

WORD = "quagga"  # what the rule looks for


def rss(*items: str, head: str = "", declaration: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{declaration}<rss version="2.0"><channel><title>A feed</title>{head}{"".join(items)}</channel></rss>'.encode()


def item(code: str, text: str = "", *, guid: str | None = None, title: str | None = None, link: str | None = None, more: str = "") -> str:
    """An item that the rule finds, unless ``text`` is without the word; values are escaped here."""
    named = f"A report {code}" if title is None else title
    identity = f"<guid isPermaLink='false'>{html.escape(code if guid is None else guid)}</guid>" if guid != "" else ""
    to = f"<link>{html.escape(link or f'https://example.org/{code}')}</link>" if link != "" else ""
    body = html.escape(text or f"The {WORD} {code} came back, and nobody knows from where it came or why.")
    return f"<item><title>{html.escape(named)}</title>{identity}{to}<description>{body}</description>{more}</item>"


def laughs(levels: int = 10) -> bytes:
    """The billion laughs, and an item that would alert."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels + 1))
    return (f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "lol">{entities}]>'.encode()) + rss(
        item("laughs", f"&a{levels};"), declaration=""
    )


def quadratic() -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"a" * 100_000}">]>'.encode() + rss(
        "<item><title>" + "&a;" * 5_000 + "</title></item>", declaration=""
    )


def json_feed(*items: object, **more: object) -> bytes:
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "items": list(items), **more}).encode()


def dialects() -> dict[str, tuple[bytes, str]]:
    """One document of each format, from before RSS had versions to news sitemaps, each with one item that the rule finds; and its content type."""
    text, link = f"The {WORD} came back, and nobody knows from where.", "<link>https://example.org/1</link>"
    said = f"<title>A report</title>{link}<description>{text}</description>"
    rdf, xml = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", '<?xml version="1.0"?>'
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    entry = f'<title>A report</title><link rel="alternate" type="text/html" href="https://example.org/1"/><id>urn:1</id><summary>{text}</summary>'
    news = "http://www.google.com/schemas/sitemap-news/0.9"
    channel = f"<channel><title>F</title>{link}<description>d</description>"
    documents = {
        "rss 0.90": f'{xml}<rdf:RDF xmlns:rdf="{rdf}" xmlns="http://my.netscape.com/rdf/simple/0.9/">{channel}</channel><item>{said}</item></rdf:RDF>',
        "rss 0.91": f'{xml}{doctype}<rss version="0.91">{channel}<item>{said}</item></channel></rss>',
        "rss 0.92": f'{xml}<rss version="0.92">{channel}<item>{said}</item></channel></rss>',
        "rss 1.0": f'{xml}<rdf:RDF xmlns:rdf="{rdf}" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="u"><title>F</title></channel>'
        f'<item rdf:about="urn:1">{said}</item></rdf:RDF>',
        "rss 2.0 in its own namespace": f'{xml}<rss version="2.0" xmlns="http://backend.userland.com/rss2">{channel}<item>{said}</item></channel></rss>',
        "unknown namespaces": f'{xml}<rss version="2.0" xmlns:x="urn:x"><x:y/>{channel}<x:z>1</x:z><item><x:w><x:v/></x:w>{said}</item></channel></rss>',
        "atom 0.3": f'{xml}<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>F</title><entry>{entry}</entry></feed>',
        "atom 1.0": f'{xml}<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><id>urn:f</id><entry>{entry}</entry></feed>',
        "atom with a prefix": f'{xml}<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>F</a:title><a:entry><a:title>A report</a:title><a:id>urn:1</a:id>'
        f"<a:summary>{text}</a:summary></a:entry></a:feed>",
        "cdf": f'{xml}<channel href="https://example.org/"><title>F</title><item href="https://example.org/1"><title>A report</title><abstract>{text}</abstract>'
        "</item></channel>",
        "news sitemap": f'{xml}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="{news}"><url><loc>https://example.org/1</loc><n:news>'
        f"<n:publication><n:name>F</n:name><n:language>en</n:language></n:publication><n:title>The {WORD} came back</n:title></n:news></url></urlset>",
    }
    found = {name: (document.encode(), "application/xml") for name, document in documents.items()}
    for version in ("1", "1.1"):
        feed = {
            "version": f"https://jsonfeed.org/version/{version}",
            "title": "F",
            "items": [{"id": "1", "title": "A report", "content_text": text}],
        }
        found[f"json feed {version}"] = json.dumps(feed).encode(), "application/json"
    return found
