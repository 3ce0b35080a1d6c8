"""Agreement of ``feeds.parse`` with the gold of the feed corpora, as a Markdown table.

    WATCHER_CORPORA=… python -m bench.corpora_feeds [--misses]

A field agrees when its plain text does: gold that holds markup is turned into text in the same way as ours. ``refused`` counts
documents that gave a ``ParseError`` (many sets hold documents that are no feeds on purpose); ``crashes`` anything else that was raised.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from watcher.errors import ParseError
from watcher.feeds import parse
from watcher.feeds.items import marked_text
from watcher.model import Document, Entry

BASE = "http://127.0.0.1:8097/"  # where feedparser's own suite serves its files from


class Case(NamedTuple):
    """One document of a set, with whatever gold it has."""

    set: str
    name: str
    body: bytes
    headers: dict[str, str]
    gold: Any = None


def corpora() -> Path | None:
    """Return the corpora's folder, None where it is absent."""
    root = os.environ.get("WATCHER_CORPORA")
    return Path(root) if root and (Path(root) / "feeds-miniflux").is_dir() else None


def cases(root: Path) -> Iterator[Case]:
    """Yield every feed document of every set."""
    yield from _indexed(root, "feedparser")
    yield from _indexed(root, "feedvalidator")
    yield from _paired(root)
    for folder, suffix in (("feeds-podcastparser", ".rss"), ("feeds-feedsfun/feeds", ".xml"), ("feeds-miniflux", ".xml")):
        for path in sorted((root / folder).rglob(f"*{suffix}")):
            gold = next((each for each in (path.with_suffix(".json"), Path(f"{path}.expected.json")) if each.exists()), None)
            kind = folder.split("/")[0].removeprefix("feeds-")
            yield Case(kind, path.name, path.read_bytes(), {}, json.loads(gold.read_text("utf-8")) if gold else None)


def _members(root: Path, name: str) -> dict[str, bytes]:
    with tarfile.open(root / f"feeds-{name}.tar.gz") as archive:
        return {
            member.name.split("/", 1)[1]: archive.extractfile(member).read()
            for member in archive.getmembers()
            if member.isfile() and "/" in member.name
        }


def _indexed(root: Path, name: str) -> Iterator[Case]:
    members = _members(root, name)
    for line in members["index.jsonl"].decode("utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        if row["file"].startswith("opml/"):
            continue
        headers = {key.lower(): value for key, value in (row.get("headers") or {}).items()}
        yield Case(name, row["file"], members[row["file"]], headers, row["expect"])


def _paired(root: Path) -> Iterator[Case]:
    members = _members(root, "gofeed")
    for name, body in sorted(members.items()):
        if name.endswith(".xml"):
            gold = members.get(name.removesuffix(".xml") + ".json")
            yield Case("gofeed", name, body, {}, json.loads(gold) if gold else None)
        elif "/json/" in name and "expected" not in name:
            yield Case("gofeed-json", name, body, {"content-type": "application/feed+json"})


Facts = Iterator[tuple[str, Any, Any]]  # field, gold, ours


def _feedparser(case: Case, document: Document) -> Facts:
    """Translate ``entries[0]['title'] == 'x'`` and its like; nothing is ever executed."""
    try:
        tree = ast.parse(case.gold or "", mode="eval")
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            path = _path(node.left)
            try:
                gold = ast.literal_eval(node.comparators[0])
            except ValueError:
                continue
            if path and (field := _FEEDPARSER.get(path)):
                name, get = field
                yield name, gold, get(document)


def _path(node: ast.expr) -> tuple[Any, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (left := _path(node.value)):
        return (*left, node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and (left := _path(node.value)):
        return (*left, node.slice.value)
    return ()


def _first(get: Callable[[Entry], Any]) -> Callable[[Document], Any]:
    return lambda document: get(document.entries[0]) if document.entries else None


def _tuple(moment: datetime | None) -> Any:
    return (*tuple(moment.timetuple())[:8], 0) if moment else None


_FEEDPARSER: dict[tuple[Any, ...], tuple[str, Callable[[Document], Any]]] = {
    ("feed", "title"): ("feed title", lambda document: document.info.title),
    ("feed", "link"): ("feed link", lambda document: document.info.link),
    ("entries", 0, "title"): ("title", _first(lambda entry: entry.title)),
    ("entries", 0, "link"): ("link", _first(lambda entry: entry.url)),
    ("entries", 0, "id"): ("id", _first(lambda entry: entry.identity)),
    ("entries", 0, "summary"): ("text", _first(lambda entry: entry.summary or entry.content)),
    ("entries", 0, "description"): ("text", _first(lambda entry: entry.summary or entry.content)),
    ("entries", 0, "content", 0, "value"): ("text", _first(lambda entry: entry.content or entry.summary)),
    ("entries", 0, "author"): ("author", _first(lambda entry: entry.author)),
    ("entries", 0, "published_parsed"): ("date", _first(lambda entry: _tuple(entry.published_at))),
    ("entries", 0, "updated_parsed"): ("date", _first(lambda entry: _tuple(entry.updated_at or entry.published_at))),
    ("entries", 0, "tags", 0, "term"): ("tag", _first(lambda entry: entry.tags[0] if entry.tags else None)),
}


def _gofeed(case: Case, document: Document) -> Facts:
    gold = case.gold or {}
    listed = gold.get("items", gold.get("entries"))
    if "title" in gold:
        yield "feed title", gold["title"], document.info.title
    yield "count", len(listed or ()), document.total
    for want, entry in zip(listed or (), document.entries, strict=False):
        if "title" in want:
            yield "title", want["title"], entry.title
        if isinstance(want.get("link"), str):
            yield "link", want["link"], entry.url
        guid = want.get("guid", want.get("id"))
        if guid:
            yield "id", guid.get("value") if isinstance(guid, dict) else guid, entry.identity
        for key, value in (("pubDateParsed", entry.published_at), ("publishedParsed", entry.published_at)):
            if key in want:
                yield "date", datetime.fromisoformat(want[key]).astimezone(UTC), value


def _podcastparser(case: Case, document: Document) -> Facts:
    yield "feed title", case.gold.get("title"), document.info.title
    yield "count", len(case.gold["episodes"]), document.total
    if len(case.gold["episodes"]) == len(document.entries):  # that gold is sorted by date
        ours = sorted(document.entries, key=lambda entry: -(entry.published_at or datetime.fromtimestamp(0, UTC)).timestamp())
        for want, entry in zip(case.gold["episodes"], ours, strict=True):
            yield "title", want["title"], entry.title
            yield "date", datetime.fromtimestamp(want["published"], UTC) if want["published"] else None, entry.published_at


def _feedsfun(case: Case, document: Document) -> Facts:
    yield "feed title", case.gold["title"], document.info.title
    yield "count", len(case.gold["entries"]), document.total
    for want, entry in zip(case.gold["entries"], document.entries, strict=False):
        yield "title", want["title"], entry.title
        yield "id", want["external_id"], entry.identity
        yield "text", want["body"], max(entry.content, entry.summary, key=len)
        yield "date", datetime.fromisoformat(want["published_at"]), entry.published_at


def _miniflux(_case: Case, document: Document) -> Facts:
    yield "decoded", "", "�" if any("�" in entry.title + entry.content for entry in document.entries) else ""


FACTS: dict[str, Callable[[Case, Document], Facts]] = {
    "feedparser": _feedparser,
    "gofeed": _gofeed,
    "podcastparser": _podcastparser,
    "feedsfun": _feedsfun,
    "miniflux": _miniflux,
}


def agrees(gold: Any, ours: Any) -> bool:
    """Whether two values say the same as plain text; None, "" and absence are one."""
    return _plain(gold) == _plain(ours)


def _plain(value: Any) -> Any:
    return " ".join(marked_text(value).split()) if isinstance(value, str) else value or ""


def main() -> int:
    root = corpora()
    if root is None:
        print("evaluation corpora not found: set WATCHER_CORPORA to their folder")
        return 2
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    fields: defaultdict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
    for case in cases(root):
        count = counts[case.set]
        count["documents"] += 1
        base = BASE + "tests/" + case.name if case.set == "feedparser" else "https://example.com/feed/"
        try:
            document = parse.parse(case.body, url=base, headers=case.headers)
        except ParseError as fault:
            count["refused"] += 1
            if "--misses" in sys.argv and case.set != "feedvalidator":
                print(case.set, case.name, "refused:", fault.reason, fault.detail)
            continue
        except Exception as fault:
            count["crashes"] += 1
            print("CRASH", case.set, case.name, repr(fault))
            continue
        count["with entries"] += bool(document.entries)
        count["entries"] += len(document.entries)
        for field, gold, ours in FACTS.get(case.set, lambda *_: iter(()))(case, document) if case.gold or case.set == "miniflux" else ():
            same = agrees(gold, ours)
            fields[case.set][field, same] += 1
            if not same and "--misses" in sys.argv:
                print(case.set, case.name, field, repr(gold)[:120], "OURS", repr(ours)[:120])
    print("| set | documents | crashes | refused | with entries | entries | agreement with the gold |")
    print("|---|---|---|---|---|---|---|")
    for name, count in counts.items():
        told = ", ".join(
            f"{field} {fields[name][field, True]}/{fields[name][field, True] + fields[name][field, False]}"
            for field in dict.fromkeys(field for field, _ in fields[name])
        )
        print(
            f"| {name} | "
            + " | ".join(str(count[key]) for key in ("documents", "crashes", "refused", "with entries", "entries"))
            + f" | {told or '–'} |"
        )
    return 1 if any(count["crashes"] for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
