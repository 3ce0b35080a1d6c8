"""The rule language a second time, as slowly and plainly as it can be written: the oracle for the engine.

It shares the parser's shapes with the engine and nothing else: folding is character by character, boundaries go by Unicode names, terms are Python
regular expressions tried at every place, words are counted by walking.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from watcher.rules.syntax import And, AtLeast, Case, Field, Near, Node, Not, Or, Term

Place = tuple[str, int, int]  # field, start, end
SPACED = "a-z0-9à-öø-ÿŀ-žа-яіїєґѐ-ўα-ωάέήίόύώ"


def fold(text: str, *, case: bool = True) -> tuple[str, list[int]]:
    out: list[str] = []
    where: list[int] = []
    for i, char in enumerate(text):
        if char in "\u00ad\u200b\u200d\ufeff":
            continue
        plain = "-" if char in "‐‑–—" else "'" if char in "’‘" else '"' if char in "“”«»" else char
        folded = unicodedata.normalize("NFKC", plain)
        if case:
            folded = unicodedata.normalize("NFKC", folded.casefold())
        out.append(folded)
        where += [i] * len(folded)
    return "".join(out), where


@cache
def script(char: str) -> str:
    """spaced, dense, hangul or "" for what is no letter."""
    if not char.isalnum():
        return ""
    name = unicodedata.name(char, "")
    if name.startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")):
        return "dense"
    return "hangul" if name.startswith("HANGUL") else "spaced"


def bounded(text: str, i: int) -> bool:
    if i <= 0 or i >= len(text):
        return True
    a, b = script(text[i - 1]), script(text[i])
    return not (a and a == b and a != "dense")


def expression(term: str) -> re.Pattern[str]:
    out: list[str] = []
    words = re.sub(r"[\s-]*\s[\s-]*|--+", " ", term).strip(" -")
    hyphen = r"(?:(?<![\s-])-(?![\s-])|(?<![\s-])-\n(?![\s-]))"
    for i, char in enumerate(words):
        before, after = words[i - 1 : i], words[i + 1 : i + 2]
        meets = (before.isalpha() and after.isdigit()) or (before.isdigit() and after.isalpha())
        if char == " ":
            out.append(r"[\s-]*" if meets else r"[\s-]+")
        elif char == "-":
            out.append(f"{hyphen}?" if meets else hyphen)
        elif char == "*":
            out.append(f"[{SPACED}]{{0,64}}")
        elif char == "?":
            out.append(r"[^\W_]")
        else:
            if (before.isalpha() and char.isdigit()) or (before.isdigit() and char.isalpha()):
                out.append(f"{hyphen}?")
            out.append(re.escape(char))
    return re.compile("".join(out))


def find(term: str, text: str, *, case: bool = True) -> list[tuple[int, int]]:
    folded, where = fold(text, case=case)
    pattern = expression(fold(term, case=case)[0])
    found = set()
    for start in range(len(folded)):
        if not bounded(folded, start):
            continue
        for end in range(len(folded), start, -1):
            if bounded(folded, end) and pattern.fullmatch(folded, start, end):
                found.add((where[start], where[end - 1] + 1))
                break
    return sorted(found)


def words(text: str) -> list[int]:
    """For each character of the original, the number of the word it stands in or behind."""
    folded, where = fold(text)
    numbers = [0] * (len(text) + 1)
    count, inside = 0, ""
    for i, char in enumerate(folded):
        kind = script(char)
        if char == "'" and inside and i + 1 < len(folded) and script(folded[i + 1]):
            kind_now = inside
        else:
            kind_now = kind
            if kind and (kind != inside or kind == "dense"):
                count += 1
        inside = kind_now
        for j in range(where[i], len(numbers)):
            numbers[j] = count
    return numbers


class Oracle:
    def __init__(self, title: str, body: str) -> None:
        line = body[len(body) - len(body.lstrip()) :].split("\n", 1)[0]
        lead_end = len(body) - len(body.lstrip()) + len(line)
        self.texts = {"title": title, "body": body}
        self.numbers = {name: words(text) for name, text in self.texts.items()}
        self.lead_end = lead_end

    def places(self, node: Node, fields: tuple[str, ...] = ("title", "body"), *, lead: bool = False, case: bool = False) -> list[Place]:
        match node:
            case Term(text):
                found = [(name, s, e) for name in fields for s, e in find(text, self.texts[name], case=not case)]
                return [place for place in found if not lead or place[2] <= self.lead_end]
            case Or(items):
                return [place for item in items for place in self.places(item, fields, lead=lead, case=case)]
            case Field(name, item):
                if name == "lead":
                    return self.places(item, tuple(f for f in fields if f == "body"), lead=True, case=case)
                return self.places(item, tuple(f for f in fields if f == name), lead=lead, case=case)
            case Case(item):
                return self.places(item, fields, lead=lead, case=True)
            case Near(left, right, distance, ordered):
                found = []
                for a in self.places(left, fields, lead=lead, case=case):
                    for b in self.places(right, fields, lead=lead, case=case):
                        for first, second in ((a, b),) if ordered else ((a, b), (b, a)):
                            if first[0] == second[0] and first[2] <= second[1]:
                                numbers = self.numbers[first[0]]
                                if numbers[second[1]] - numbers[first[2] - 1] <= distance:
                                    found.append((first[0], first[1], second[2]))
                return found
        raise AssertionError(node)

    def holds(self, node: Node, **scope: object) -> bool:
        match node:
            case And(items):
                return all(self.holds(item, **scope) for item in items)
            case Or(items):
                return any(self.holds(item, **scope) for item in items)
            case Not(item):
                return not self.holds(item, **scope)
            case AtLeast(count, item):
                reached, taken = {"title": -1, "body": -1}, 0
                for name, start, end in sorted(self.places(item, **scope), key=lambda place: place[2]):  # type: ignore[arg-type]
                    if start >= reached[name]:
                        reached[name], taken = end, taken + 1
                return taken >= count
            case Field(name, item) if isinstance(item, And | Or | Not):
                if isinstance(item, Not):
                    return not self.holds(Field(name, item.item), **scope)
                combine = all if isinstance(item, And) else any
                return combine(self.holds(Field(name, each), **scope) for each in item.items)
        return bool(self.places(node, **scope))  # type: ignore[arg-type]
