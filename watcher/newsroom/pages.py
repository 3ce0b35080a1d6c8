"""A piece as a web page: the article, and everything around it that is not the article."""

from __future__ import annotations

import json
from functools import cache

import jinja2

from watcher.newsroom.pieces import Outlet, Piece, surroundings


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.PackageLoader("watcher.newsroom"), autoescape=True, undefined=jinja2.StrictUndefined)


def page(outlet: Outlet, piece: Piece, url: str) -> bytes:
    """The HTML of ``piece`` in its outlet's layout; ``url`` is what the page declares as its own address."""
    linked = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": piece.headline,
        "datePublished": piece.published.isoformat(),
        "author": {"@type": "Person", "name": piece.byline},
    }
    template = _templates().get_template(f"{outlet.layout}.html.j2")
    linked_data = json.dumps(linked, ensure_ascii=False).replace("</", "<\\/")
    return template.render(outlet=outlet, piece=piece, url=url, words=surroundings(outlet.language), linked_data=linked_data).encode()
