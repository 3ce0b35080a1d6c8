"""A document's bytes -> ``Document``. Pure; runs in a worker process, because feedparser holds the interpreter.

What is parsed is only what is new. A well-formed document is outlined first (``spans``): items whose hash is known from
the last poll are cut out, and feedparser sees the rest; on the first poll the items that may not alert are recognised
without being parsed at all. What is not well-formed is parsed whole, and its known entries are left out afterwards.

``Document.spans`` is what to pass as ``known`` the next time: hashes of everything that is done with. Where a document has
more new entries than ``limit``, those beyond are neither returned nor among the spans, ``complete`` is False, and parsing the
same bytes again with the new ``known`` gives the next ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from watcher.errors import ParseError
from watcher.feeds import encoding, items, jsonfeed, sitemap, spans, xmlfeed
from watcher.model import Document, Entry

LIMIT = 2_000  # L8


def parse(
    body: bytes,
    *,
    url: str,
    headers: Mapping[str, str],
    known: bytes = b"",
    span_count: int = 0,
    baseline: bool = False,
    newest: int = 0,
    limit: int = LIMIT,
) -> Document:
    """Return the document's new entries.

    :param url: where it came from; links are resolved against it.
    :param headers: the response's, with lower-case names: ``content-type``, ``content-location`` and ``link`` are read.
    :param known: ``Document.spans`` of the last poll.
    :param span_count: ``Document.total`` of the last poll; 0: parse everything, cut nothing.
    :param baseline: the very first poll: return the ``newest`` entries, and all others' identities in ``known``.
    :param limit: entries to return at most. A baseline is always complete: what it does not name would alert later.
    :raises ParseError: ``empty``, ``not_a_feed``, ``xml``, ``json``.
    """
    if not body.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise ParseError(url, "empty", "the document is empty")
    base = items.absolute(headers.get("content-location"), url) or url
    if encoding.is_json(body):
        return _choose(jsonfeed.parse(body, url=base), known, baseline=baseline, newest=newest, limit=limit)
    text = encoding.decode(body, headers, url)
    if text.root == sitemap.ROOT:
        return _choose(sitemap.parse(text.data, url=base), known, baseline=baseline, newest=newest, limit=limit)
    job = _Job(text, base, headers, titles=baseline)
    if baseline:
        document = job.baseline(newest, limit)
    elif known and span_count:
        document = job.news(items.unpack(known), limit)
    else:
        document = job.news(frozenset(), limit)
    return document if document is not None else _choose(job.whole(), known, baseline=baseline, newest=newest, limit=limit)


class _Job:
    """One XML document: its outline, and three ways to read it. The first two give None where only the last will do."""

    def __init__(self, text: encoding.Text, url: str, headers: Mapping[str, str], *, titles: bool) -> None:
        self.text, self.url, self.headers = text, url, headers
        # A DOCTYPE may define entities, which feedparser reads in its own way: such documents are not cut.
        self.outline = spans.scan(text.data, titles=titles) if text.sure and not text.doctype else spans.Outline()
        self.shared = spans.shared_guids(self.outline.spans)

    def news(self, known: frozenset[bytes], limit: int) -> Document | None:
        """Parse the items whose hash is not known, at most ``limit``."""
        if not self.outline.whole:
            return None
        found = self.outline.spans
        hashes = spans.hashes(self.text.data, found)
        fresh = [at for at, each in enumerate(hashes) if each not in known]
        read = self._read(fresh[:limit])
        if read is None:
            return None
        return replace(
            self._document(read, [entry for entry in read.entries if entry is not None]),
            spans=_pack(hashes, frozenset(fresh[limit:])),
            complete=len(fresh) <= limit,
            partial=len(read.entries) < len(found),
        )

    def baseline(self, newest: int, limit: int) -> Document | None:
        """Recognise every item; parse the ``newest`` ones, and those that only parsing can identify."""
        if not self.outline.whole:
            return None
        found = self.outline.spans
        based = b"base=" in self.text.data  # perhaps xml:base, which takes part in feedparser's guids
        names = [spans.certain_identity(span, based=based) if span.guid not in self.shared else None for span in found]
        recent = _recent(found, min(newest, limit))
        chosen = [at for at, name in enumerate(names) if name is None or at in recent]
        read = self._read(chosen)
        if read is None:
            return None
        told = []
        for at, entry in zip(chosen, read.entries, strict=True):
            if entry is not None and at in recent:
                told.append(entry)
            elif entry is not None:
                names[at] = entry.identity
        silent: dict[str, str] = {}
        for at, name in enumerate(names):
            if name is not None and at not in recent:
                silent.setdefault(name, items.marked_line(found[at].title))
        return replace(
            self._document(read, told),
            known=tuple(silent),
            known_titles=tuple(silent.values()),
            spans=b"".join(spans.hashes(self.text.data, found)),
            partial=len(chosen) < len(found),
        )

    def _read(self, chosen: Sequence[int]) -> _Read | None:
        """Parse the document with only the chosen items in it; None where feedparser sees other items than the outline did."""
        found = self.outline.spans
        wanted = frozenset(chosen)
        cut = spans.without(self.text.data, [span for at, span in enumerate(found) if at not in wanted])
        parsed = xmlfeed.read(cut, self.url, sure=True, headers=self.headers)
        if len(parsed.entries) != len(chosen) or parsed.fault or not parsed.version:
            return None
        return _Read(parsed, [xmlfeed.entry_of(raw, parsed, self.url, self.shared) for raw in parsed.entries])

    def _document(self, read: _Read, entries: Sequence[Entry]) -> Document:
        """Return the document with what all ways have in common."""
        empty = sum(entry is None for entry in read.entries)
        shell = spans.without(self.text.data, self.outline.spans)
        return Document(
            format=read.parsed.version,
            info=xmlfeed.info_of(read.parsed.feed, self.url, self.headers),
            entries=tuple(entries),
            hints=xmlfeed.hints_of(read.parsed.feed, shell),
            total=len(self.outline.spans),
            skipped=(("empty", empty),) if empty else (),
            problems=self.text.problems,
        )

    def whole(self) -> Document:
        """Parse the document as it is; an item that breaks off at its end is left out, for its guid may be half a guid."""
        cut = self.outline.broken_off
        data = self.text.data if cut is None else self.text.data[:cut]
        parsed = xmlfeed.read(data, self.url, sure=self.text.sure, headers=self.headers)
        if not parsed.version and not parsed.entries and self.text.root not in xmlfeed.ROOTS:
            raise ParseError(self.url, "not_a_feed", "this is no feed: neither RSS, Atom, RDF nor JSON Feed")
        guids = [
            spans.Span(0, guid=str(dict.get(raw, "id") or "").strip(), link=str(dict.get(raw, "link") or "")) for raw in parsed.entries
        ]
        shared = spans.shared_guids(guids)
        entries = [xmlfeed.entry_of(raw, parsed, self.url, shared) for raw in parsed.entries]
        empty = sum(entry is None for entry in entries)
        problems = list(self.text.problems)
        if cut is not None:
            problems.append("the document breaks off in the middle of an item")
        elif parsed.fault:
            problems.append(f"the document is not well-formed: {items.line(parsed.fault, 200)}")
        return Document(
            format=parsed.version or "xml",
            info=xmlfeed.info_of(parsed.feed, self.url, self.headers),
            entries=tuple(entry for entry in entries if entry is not None),
            hints=xmlfeed.hints_of(parsed.feed, self.text.data),
            total=len(entries),
            skipped=(("empty", empty),) if empty else (),
            problems=tuple(problems),
        )


class _Read(NamedTuple):
    """What feedparser said, and the entries made of it, None where one says nothing."""

    parsed: xmlfeed.Parsed
    entries: list[Entry | None]


def _pack(hashes: Sequence[bytes], left: frozenset[int]) -> bytes:
    """Return the hashes of what is done with, packed."""
    return b"".join(each for at, each in enumerate(hashes) if at not in left) if left else b"".join(hashes)


def _recent(found: Sequence[spans.Span], newest: int) -> frozenset[int]:
    """Return the places of the newest items: the first ones, as nearly all feeds have it, unless their dates ascend."""
    if newest <= 0:
        return frozenset()
    if newest >= len(found):
        return frozenset(range(len(found)))
    first, last = xmlfeed.date_of(found[0].date), xmlfeed.date_of(found[-1].date)
    if first is not None and last is not None and first < last:
        return frozenset(range(len(found) - newest, len(found)))
    return frozenset(range(newest))


def _choose(document: Document, known: bytes, *, baseline: bool, newest: int, limit: int) -> Document:
    """Return a document that was parsed whole, without its known entries; ``spans`` are then hashes of entries."""
    seen = items.unpack(known)
    tokens = [items.token(entry) for entry in document.entries]
    if baseline:
        order = sorted(range(len(tokens)), key=lambda at: -_stamp(document.entries[at]))  # stable: undated keep their order
        recent = frozenset(order[: min(newest, limit)])
        silent: dict[str, str] = {}
        for at, entry in enumerate(document.entries):
            if at not in recent:
                silent.setdefault(entry.identity, entry.title)
        return replace(
            document,
            entries=tuple(entry for at, entry in enumerate(document.entries) if at in recent),
            known=tuple(silent),
            known_titles=tuple(silent.values()),
            spans=b"".join(tokens),
        )
    fresh = [at for at, each in enumerate(tokens) if each not in seen]
    return replace(
        document,
        entries=tuple(document.entries[at] for at in fresh[:limit]),
        spans=_pack(tokens, frozenset(fresh[limit:])),
        complete=len(fresh) <= limit,
        partial=len(fresh[:limit]) < len(tokens),
    )


def _stamp(entry: Entry) -> float:
    moment = entry.published_at or entry.updated_at
    return moment.timestamp() if moment else 0.0
