"""Over all feed corpora: nothing crashes, cutting changes nothing, and an outline's identities are the parser's."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator

import pytest

from bench import corpora_feeds
from watcher.errors import ParseError
from watcher.feeds import encoding, items, opml, parse, spans
from watcher.model import Document

ROOT = corpora_feeds.corpora()
pytestmark = [
    pytest.mark.corpora,
    pytest.mark.skipif(ROOT is None, reason="evaluation corpora not found: set WATCHER_CORPORA to their folder"),
]
URL = "https://example.com/feed/"
EVERY = int(os.environ.get("WATCHER_CORPORA_EVERY", "6"))  # 1: all of them, two minutes


def documents() -> Iterator[tuple[corpora_feeds.Case, Document]]:
    for case in itertools.islice(corpora_feeds.cases(ROOT), 0, None, EVERY):
        try:
            yield case, parse.parse(case.body, url=URL, headers=case.headers)
        except ParseError:
            continue


def grown(case: corpora_feeds.Case) -> bytes | None:
    """The same document with each of its items three times, each copy with other ids, so that there is something to cut."""
    text = encoding.decode(case.body, case.headers, URL)
    outline = spans.scan(text.data)
    if not (outline.whole and outline.spans and text.sure and not text.doctype):
        return None
    pieces, at = [], 0
    for span in outline.spans:
        item = text.data[span.start : span.end]
        pieces += [text.data[at : span.end], *(re.sub(rb"</(?:\w+:)?(?:guid|id|title)>", b"-%d\\g<0>" % n, item) for n in (1, 2))]
        at = span.end
    return b"".join([*pieces, text.data[at:]])


def test_no_document_crashes_the_parser() -> None:
    assert sum(1 for _ in documents()) > 4_000 // EVERY


def test_cutting_known_items_leaves_the_results_of_the_rest_as_they_are() -> None:
    """For each document: cut every second item; what is left parses to exactly the entries of the whole parse."""
    compared = 0
    for case, _ in documents():
        body = grown(case)
        if body is None:
            continue
        headers = encoding.XML_HEADERS
        whole = parse.parse(body, url=URL, headers=headers)
        if len(whole.spans) // 8 != len(whole.entries):
            continue
        for keep in (0, 1):
            known = b"".join(whole.spans[at * 8 : at * 8 + 8] for at in range(len(whole.entries)) if at % 2 != keep)
            rest = parse.parse(body, url=URL, headers=headers, known=known, span_count=whole.total)
            seen = items.unpack(known)  # identical items are known together
            wanted = [entry for at, entry in enumerate(whole.entries) if whole.spans[at * 8 : at * 8 + 8] not in seen]
            assert list(rest.entries) == wanted, (case.set, case.name, keep)
            assert rest.spans == whole.spans
            assert rest.hints == whole.hints
            compared += len(wanted)
    assert compared > 4_000 // EVERY


def test_identities_of_a_baseline_are_those_of_the_whole_parse() -> None:
    named = 0
    for case, _ in documents():
        for body, headers in ((case.body, case.headers), (grown(case), encoding.XML_HEADERS)):
            if body is None:
                continue
            whole = parse.parse(body, url=URL, headers=headers)
            first = parse.parse(body, url=URL, headers=headers, baseline=True)
            assert first.known == tuple(dict.fromkeys(entry.identity for entry in whole.entries)), (case.set, case.name)
            assert not first.entries
            assert first.complete
            named += len(first.known)
    assert named > 4_000 // EVERY


def test_every_opml_list_loads_and_survives_a_round_trip() -> None:
    files = sorted((ROOT / "feeds-awesome-opml").rglob("*.opml"))
    assert len(files) == 118
    for path in files:
        feeds = opml.parse(path.read_bytes())
        assert feeds, path
        again = {feed.url: feed for feed in opml.parse(opml.dump(feeds))}
        assert again == {feed.url: feed for feed in feeds}, path
