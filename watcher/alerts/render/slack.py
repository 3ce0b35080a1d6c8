"""Slack's Block Kit for an incoming webhook (RELIABILITY 2.1), within its limits and our own total.

Feed text is data. In ``mrkdwn`` only ``& < >`` are escaped, once; what Slack would read as layout (``* _ ~ `` and backticks) is parted by
a zero-width space; ``verbatim`` keeps names and URLs in it from becoming links. Text is cut before it is escaped, so never inside an entity.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from watcher.alerts.render.bundle import Bundle
from watcher.alerts.render.view import Quote, View
from watcher.model import SlackPost
from watcher.text.clean import clean, one_line

BUDGET = 11_900
"""Characters of the whole JSON text; Slack refuses somewhere above 13,200 (slackapi/bolt-js#2509)."""

BLOCKS, SECTION, HEADER, FALLBACK, LINK = 48, 2900, 150, 600, 2400
QUOTES, DETAILED, SPACIOUS, LINE_LINK = 12, 5, 40, 160

Block = dict[str, Any]

_LAYOUT = re.compile(r"[*_~`]")
_PART = "\u200b"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class Ready(str):
    """Text that is mrkdwn already: a filter of ours made it, and it is not escaped again."""

    __slots__ = ()


def finalize(value: Any) -> str:
    """Escape what a user's template prints, as Slack asks for; what stands in the template itself is the user's mark-up."""
    return value if isinstance(value, Ready) else escape(clean(str(value)))


FILTERS: dict[str, Callable[..., Ready]] = {
    "link": lambda url, text: Ready(hyperlink(url, text)),
    "quote": lambda sentence: Ready(quote(sentence)),
}
"""For users' templates: ``{{ alert.url | link(alert.headline) }}``, ``{{ alert.quotes[0] | quote }}``."""


def render(views: Sequence[View], whole: Bundle | None, own: Mapping[str, str | None] | None = None) -> SlackPost:
    """Return the post of a delivery: one alert, one notice or a bundle.

    :param own: what the user's templates say, by file; None where there is none or it failed (``trouble`` says why).
    """
    said = own or {}
    if said.get("text.j2"):
        lines = [clean(line, SECTION) for line in str(said["text.j2"]).splitlines()]
        blocks = [block for text in _paragraphs(lines) for block in _section(text)]
        subject = said.get("subject.j2")
        return SlackPost(body=_fit(one_line(_unescape(subject) if subject else views[0].subject, FALLBACK), blocks))
    if whole:
        return SlackPost(body=_bundle(whole))
    if views[0].notice:
        fallback, blocks = views[0].subject, [_header(views[0].headline), *_section(plain(views[0].body, SECTION))]
    else:
        fallback, blocks = f"{views[0].subject} – {views[0].source}", _alert(views[0])
    blocks += _context(plain(said.get("trouble") or "", 300))
    return SlackPost(body=_fit(fallback, blocks))


def escape(text: str) -> str:
    """Escape what Slack asks for: ``&``, ``<`` and ``>``, nothing else."""
    return re.sub("[&<>]", lambda m: _ESCAPES[m[0]], text)


def _unescape(text: str) -> str:
    """Take back what :func:`finalize` did: the fallback is escaped when it is cut to its length."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain(text: str, limit: int) -> str:
    """Return feed text for ``mrkdwn`` that shows as it is, at most ``limit`` characters after escaping."""
    return _shorten(
        text, limit, lambda t: escape(_LAYOUT.sub(lambda m: f"{_PART}{m[0]}{_PART}", re.sub(r"(?m)^(\s*)(?=[>•])", rf"\1{_PART}", t)))
    )


def hyperlink(url: str | None, text: str, limit: int = 400) -> str:
    """Return ``<url|text>``; the text alone where there is no URL or one too long for Slack."""
    target = "" if url is None else escape("".join(f"%{ord(c):02X}" if c in "|<> " else c for c in url))
    return f"<{target}|{plain(text, limit)}>" if 0 < len(target) <= LINK else plain(text, limit)


def quote(sentence: Quote, limit: int = 2600) -> str:
    """Return a sentence as a block quote with its matched words in bold, cut so that the first of them stays."""
    out, left, parts = ">", limit, _from_first_match(sentence.parts, limit // 3)
    for position, (text, matched) in enumerate(parts):
        shown = plain(text, left)
        left -= len(shown)
        out += _bold(shown, parts[position + 1 : position + 2], out[-1:]) if matched and shown.strip() else shown
        if left <= 0 or (shown.endswith("…") and not text.endswith("…")):
            break
    return out


def _from_first_match(parts: Sequence[tuple[str, bool]], before: int) -> Sequence[tuple[str, bool]]:
    """Return the parts with at most about ``before`` characters, as Slack counts them, in front of the first match."""
    if len(parts) < 2 or parts[0][1] or len(plain(parts[0][0], 10**6)) <= before:
        return parts
    tail = parts[0][0][-max(1, before // 5) :]
    return [("…" + (tail.partition(" ")[2] or tail), False), *parts[1:]]


def _bold(shown: str, following: Sequence[tuple[str, bool]], before: str) -> str:
    """Slack sees ``*bold*`` only beside a non-word; in running Japanese or within a word a zero-width space stands in."""
    core = shown.strip()
    lead, trail = shown[: len(shown) - len(shown.lstrip())], shown[len(shown.rstrip()) :]
    after = following[0][0][:1] if following else ""
    return f"{lead}{_PART if before.isalnum() and not lead else ''}*{core}*{_PART if after.isalnum() and not trail else ''}{trail}"


def _alert(view: View) -> list[Block]:
    facts = [hyperlink(view.url, f"Open at {view.host}" if view.host else "Open"), plain(view.source, 500)]
    facts += [plain(part, 300) for part in (view.published, f"by {view.author}" if view.author else "") if part]
    blocks = [_header(view.headline), *_context(plain(view.aside, 400)), *_section(" · ".join(facts))]
    if view.update or view.articles > 1:
        blocks += _context(plain(_story(view), 1500))
    for sentence in view.quotes[:QUOTES]:
        blocks += _section(quote(sentence))
    if not view.quotes and view.lead:
        blocks += _section(plain(view.lead, 1000))
    if view.note:
        blocks += _context(plain(view.note, 400))
    if view.others:
        blocks += _context(
            "Also: "
            + ", ".join(hyperlink(o.url, o.name if o.host in ("", o.name) else f"{o.name} ({o.host})", 120) for o in view.others[:5])
        )
    why = [f"Rule *{plain(view.rule, 200)}* ({view.severity})"]
    why += ["matched " + plain(", ".join(view.terms), 400)] if view.terms else []
    why += [plain("; ".join(view.entities), 400)] if view.entities else []
    clicks = [hyperlink(view.link, "Details")] if view.link else []
    clicks += [hyperlink(action.url, action.label) for action in view.actions]
    return blocks + _context(" · ".join(why)) + _context(" · ".join(clicks))


def _story(view: View) -> str:
    if view.edited:
        return "This article was changed after you were told: " + "; ".join(view.news)
    said = f"{view.articles} articles from {view.sources} independent source{'s' if view.sources != 1 else ''}"
    return f"Update of a story: {said}" + (f"; new: {'; '.join(view.news)}" if view.news else "") if view.update else f"Story: {said}"


def _bundle(whole: Bundle) -> bytes:
    """Return a post of several alerts: an overview, the loudest few with their sentences, then a line for each as far as there is room."""
    head = [_header(whole.title), *_context(plain(whole.reason, 400)), *_section(plain("\n".join(whole.overview), 1500))]
    last = [
        *_context(f"All of them: {hyperlink(whole.link, 'the list', 100)}" if whole.link else f"All of them: `{whole.everything}`"),
    ]
    room = BUDGET - len(_body(whole.title, [*head, *last])) - 400  # for the words on what is missing, and the blocks around the lines
    detailed = DETAILED if len(whole.alerts) <= SPACIOUS else 0
    blocks, shown = [], 0
    for view in whole.alerts[:detailed]:
        block = _one_of_several(view)
        room -= len(json.dumps(block, ensure_ascii=False)) + 1
        if room < 0:
            break
        blocks += block
        shown += 1
    lines: list[str] = []
    for view in whole.alerts[shown:]:
        line = _line(view)
        room -= len(json.dumps(line, ensure_ascii=False)) + 1
        if room < 0:
            break
        lines.append(line)
        shown += 1
    blocks += [block for text in _paragraphs(lines) for block in _section(text)]
    missing = len(whole.alerts) - shown
    more = _section(f"… and {missing} more") if missing else []
    return _body(whole.title, [*head, *blocks, *more, *last]).encode()


def _one_of_several(view: View) -> list[Block]:
    parts = [
        f"*{hyperlink(view.url, view.headline, 300)}*",
        plain(" · ".join(filter(None, (view.source, view.published, view.rule))), 400),
    ]
    return _section("\n".join(parts + [quote(q, 300) for q in view.quotes[:1]]))


def _line(view: View) -> str:
    """One alert in one line; a link that would take more room than it is worth is left out."""
    url = view.url if view.url and len(view.url) <= LINE_LINK else None
    loud = ":rotating_light: " if view.rank == 0 else ""
    return f"• {loud}{hyperlink(url, view.headline, 110)} – {plain(view.host or view.feed, 40)}"


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Join lines into texts that each fit a section."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + len(line) < SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _fit(fallback: str, blocks: list[Block]) -> bytes:
    """Serialise; while it is too long, take out the last section but the first, and say at the end how many are missing."""
    blocks = blocks[:BLOCKS]
    missing = 0
    while True:
        shown = [*blocks, *_context(f"{missing} more: see `watcher alerts list`")] if missing else blocks
        body = _body(fallback, shown)
        sections = [i for i, block in enumerate(blocks) if block["type"] == "section"]
        if len(body) <= BUDGET or len(sections) < 2:
            return body.encode()
        del blocks[sections[-1]]
        missing += 1


def _body(fallback: str, blocks: Sequence[Block]) -> str:
    post = {
        "text": _shorten(fallback, FALLBACK, escape),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": 0,
    }
    return json.dumps(post, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": _shorten(one_line(text, HEADER), HEADER, escape) or "-", "emoji": False},
    }


def _section(text: str) -> list[Block]:
    return [{"type": "section", "text": _mrkdwn(text)}] if text.strip() else []


def _context(text: str) -> list[Block]:
    return [{"type": "context", "elements": [_mrkdwn(text)]}] if text.strip() else []


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _shorten(text: str, limit: int, finish: Callable[[str], str]) -> str:
    """Return ``finish`` of as much of ``text`` as keeps the outcome within ``limit``; the cut is between graphemes and shown by ``…``."""
    keep = min(len(text), limit)
    while True:
        cut = text if keep >= len(text) else clean(text, keep)
        done = finish(cut)
        if len(done) <= limit or keep <= 1:
            return done if len(done) <= limit else ""
        keep = max(1, min(keep - 1, keep * limit // len(done)))
