"""Traces in words: what ``why`` and ``why-not`` say to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]

REASONS = {
    "first_seen": "told",
    "update": "told as an update of its story",
    "already_told": "not told: it had been told already",
    "silenced": "not told: silenced",
    "over_limit": "told in a summary: over the rule's limit",
    "backfill": "not told: the feed had it when it was first polled",
    "too_few_sources": "not told yet: too few independent sources",
    "no_channel": "not told: no channel to tell it by",
}
"""What each reason means. A match of a reason that is not here is a fault."""

_BASES = {
    "url": "the same address",
    "text": "the same text",
    "title": "the same headline",
    "event": "the same event",
    "hand": "moved by hand",
    "new": "nothing like it",
}
_WAITING = {
    "new": "not read yet",
    "known": "the feed had it when it was first polled, so it was recorded and not read (the feed's `backfill` changes that)",
    "dead": "given up",
}


def of_entry(facts: Facts, *, everything: bool = False) -> Iterator[str]:
    """The whole trace of an entry. ``everything``: each clause of the rules that did not match, and not only what each lacks."""
    yield from _head(facts)
    if facts["status"] != "done":
        due = f"; due {facts['due_at']}" if facts["due_at"] else ""
        yield f"status: {_WAITING.get(facts['status'], facts['status'])}{due} {facts['reason']}".rstrip()
        return
    yield from _text(facts["article"])
    if facts["due_at"]:
        yield f"its page is looked for again at {facts['due_at']}"
    yield from _story(facts["story"])
    for match in facts["matches"]:
        yield f"rule {match['rule']}: {_decision(match)}"
        yield from _clauses(match)
        yield from _deliveries(match)
    for match in facts["changed"]:
        yield f"rule {match['rule']}: it did not match when this was read, and does now: the rule, or its feed, has changed since"
    for other in facts["others"]:
        yield f"rule {other['rule']}: did not match: {objection(other['now'])}"
        for clause in other["now"]["children"] if everything else ():
            yield from tree(clause, 1)
    hidden = (facts["other_rules"] or 0) - len(facts["others"])
    if hidden:
        yield f"{hidden} {'other ' if facts['matches'] else ''}rules did not match: --all shows why, or `watcher why-not URL RULE`"


def objection(trace: Facts) -> str:
    """What a rule lacks, in a few words: the first clause that fails, down to a term."""
    children, clause = trace["children"], trace["clause"]
    if clause == "not":
        return f"has {_found(children[0])}"
    if clause == "any of":
        shown = ", ".join(child["clause"] for child in children[:4])
        return f"none of {shown}{' …' if len(children) > 4 else ''}"
    failing = next((child for child in children if not child["holds"]), None)
    if failing is not None and clause != "score":
        near = clause.startswith(("NEAR", "ONEAR"))
        return objection(failing) if not near else f"{clause}: {objection(failing)}"
    if children and clause.startswith(("NEAR", "ONEAR")):
        return f"{clause}: {' and '.join(child['clause'] for child in children)} stand too far apart"
    note = f" ({trace['note']})" if trace["note"] else ""
    if clause.startswith(("feeds = ", "languages = ")):
        return f"its {clause}"
    return f"no {clause}{note}" if not children or clause.startswith("@") else f"{clause}{note}"


def _found(trace: Facts) -> str:
    """The first thing that makes a clause true."""
    holding = next((child for child in trace["children"] if child["holds"]), None)
    return trace["clause"] if holding is None or trace["evidence"] else _found(holding)


def of_rule(facts: Facts) -> Iterator[str]:
    """One rule's side of an entry."""
    yield from _head(facts)
    if facts["status"] != "done":
        yield f"status: {_WAITING.get(facts['status'], facts['status'])}"
    else:
        yield from _text(facts["article"])
        then = facts["then"]
        yield f"when it was read: {_decision(then) if then else 'the rule did not match'}"
        if then:
            yield from _deliveries(then)
    if facts["now"] is None:
        yield "its clauses cannot be tried: there is no text"
        return
    where = f" ({facts['file']}:{facts['line']})" if facts["file"] else ""
    yield f"with the present configuration{where}:"
    yield from tree(facts["now"], 1)
    yield from _mentions(facts["entities"])
    for key in ("feeds", "languages"):
        if facts["scope"] and not facts["scope"][key]:
            yield f"the rule's `{key}` leave this entry out"


def tree(trace: Facts, depth: int = 0) -> Iterator[str]:
    """A trace's clauses with marks, as indented lines."""
    shown = list(dict.fromkeys(f'"{item["text"]}" ({item["field"]} {item["start"]}–{item["end"]})' for item in trace["evidence"]))
    found = ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
    note = f" [{trace['note']}]" if trace["note"] else ""
    yield f"{'  ' * depth}{'✓' if trace['holds'] else '✗'} {trace['clause']}{': ' + found if found else ''}{note}"
    for child in trace["children"]:
        yield from tree(child, depth + 1)


def _head(facts: Facts) -> Iterator[str]:
    yield f"{facts['title']} ({facts['url'] or 'without a link'})"
    published = (
        f"published {facts['published_at']}, " if facts.get("published_at") else "without a date, " if "published_at" in facts else ""
    )
    yield f"feed: {facts['feed']}; {published}first seen {facts['first_seen_at']}"
    for each in facts["elsewhere"]:
        yield f"  also in {each['feed']}, {each['first_seen_at']}: `watcher why {each['id']}`"


def _text(article: Facts) -> Iterator[str]:
    where = {"page": "of its page", "feed": "of the feed"}.get(article["source"], "")
    quality = "" if article["quality"] == "ok" else f", quality {article['quality']}"
    note = f": {article['note']}" if article["note"] else ""
    language = f", language {article['language']}" if article["language"] else ", language unknown"
    yield f"text: {article['characters']} characters {where}{quality}{language}{note}"


def _story(story: Facts) -> Iterator[str]:
    beside = story["beside"]
    if story["copy_of"]:
        parent = next((each for each in beside if each["entry"] == story["copy_of"]), None)
        named = f" ({parent['feed']}: {parent['title']})" if parent else ""
        yield f"story {story['id']}: a copy of entry {story['copy_of']}{named}: {_basis(story)}"
    elif story["basis"] in ("new", ""):
        yield f"story {story['id']}: opened by it" + (f"; {len(beside)} more articles since" if beside else "")
    else:
        yield f"story {story['id']}: joins {len(beside)} others: {_basis(story)}"


def _basis(story: Facts) -> str:
    share = f" ({story['similarity']:.0%} of it)" if story["basis"] == "text" else ""
    if story["basis"] == "event" and story["parts"]:
        names, phrases, figures = (f"{part:.0%}" for part in story["parts"])
        share = f" as {story['near']} (chance {story['similarity']:.0%}; shares names {names}, phrases {phrases}, figures {figures})"
    return _BASES.get(story["basis"], f"by {story['basis']}") + share


def _decision(match: Facts) -> str:
    detail = f" ({match['detail']})" if match["detail"] else ""
    alert = f", alert {match['alert']}" if match["alert"] else ""
    return f"{REASONS.get(match['reason'], match['reason'])}{detail}{alert}"


def _clauses(match: Facts) -> Iterator[str]:
    if match["now"] is None:
        for found in match["evidence"]:
            yield f'  "{found["text"]}" ({found["field"]} {found["start"]}–{found["end"]}): {found.get("sentence") or found["text"]}'
        return
    if not match["holds_now"]:
        yield "  the rule has changed since, and does not match any more; then it found:"
        for found in match["evidence"]:
            yield f'    "{found["text"]}" ({found["field"]} {found["start"]}–{found["end"]})'
    for clause in match["now"]["children"]:
        yield from tree(clause, 1)
    yield from _mentions(match["entities"])


def _mentions(entities: Facts) -> Iterator[str]:
    """What was decided about each occurrence of an entity's names."""
    for name, found in entities.items():
        for each in found:
            evidence = each["evidence"]
            nearby = [item["text"] for item in (each["requires"] if each["holds"] else each["rejects"])]
            because = each["reason"] or (
                "beside " + ", ".join(f'"{text}"' for text in dict.fromkeys(nearby)) if nearby else "it needs no context"
            )
            place = f'"{evidence["text"]}" ({evidence["field"]} {evidence["start"]}–{evidence["end"]})'
            yield f"    @{name}: {place} {'is' if each['holds'] else 'is not'} meant: {because}"


def _deliveries(match: Facts) -> Iterator[str]:
    if match["mark"]:
        note = f": {match['mark']['note']}" if match["mark"]["note"] else ""
        yield f"  marked {match['mark']['verdict']} by {match['mark']['author']}{note}"
    if match["acknowledged_at"]:
        yield f"  acknowledged at {match['acknowledged_at']} by {match['acknowledged_by']}"
    for each in match["escalations"]:
        when = f"{each['outcome']} at {each['settled_at']}" if each["settled_at"] else f"at {each['due_at']} unless somebody acknowledges"
        yield f"  escalation: {', '.join(each['targets'])} in place of {each['channel']}: {when}"
    for delivery in match["deliveries"]:
        said = " ".join(part for part in (delivery["reason"], delivery["answer"], delivery["note"]) if part)
        because = f" ({delivery['because']})" if delivery.get("because") else ""
        gathered = f", in the bundle {delivery['bundle']}" if delivery["bundle"] else ""
        due = f", due {delivery['due_at']}" if delivery["state"] == "due" and delivery["due_at"] else ""
        yield f"  {delivery['channel']}{because}: {delivery['state']} after {delivery['attempts']} attempts{gathered}{due} {said}".rstrip()
        for attempt in delivery["history"]:
            yield f"    {attempt['at']} {attempt['outcome']} {attempt['answer']}".rstrip()
        for recipient in delivery["recipients"]:
            yield f"    {recipient['address']}: {recipient['state']} {recipient['answer']}".rstrip()
