"""Word forms: the base form of a noun, an adjective or a name finds its cases (``inflect = true``).

Names are in no dictionary, and they inflect too (Кісіда, Кісіди, Кісіді; Kraków, Krakowa), so this is done by paradigm, not by lemma: the ending of the base
form says which endings its other forms may have, and how its stem may change (Прага → Празі, Львів → Львова, Donec → Donce). Covered are the Slavic
languages in both scripts, and the few endings of English and German nouns. A form is matched as a whole word, so ``Іран`` does not find ``іранський``.
Words of less than four letters, words in capitals (НАТО) and words with wildcards or digits stand as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from watcher.rules.terms import Pattern, Tails, around_longest

MIN_LETTERS = 4
_CYRILLIC = re.compile("[\u0400-\u052f'-]+")
_LATIN = re.compile("[a-z\u00df-\u017f'-]+")
_WORD_OR_NOT = re.compile(r"[^\W\d_]+|[\W\d_]+")


def _set(text: str) -> frozenset[str]:
    """Endings, separated by spaces; ``-`` is the empty one."""
    return frozenset("" if ending == "-" else ending for ending in text.split())


# Cyrillic: Ukrainian, Russian and Bulgarian together, by the base form's ending; (letters to take off, endings to put on).
_ADJECTIVE = _set(
    "ий ый ой ій ого его ього ому ему ьому им ым ім ом ем єм ої ьої ая яя а я у ю ую юю ою ею ее ое о е є і ие ые их ых іх ими ыми іми ия ият ата ото ите"
)
_SURNAME = _set("- а у ові еві ом ем ым им і е ы и ой ої ою ій ых их ыми ими")
_CYRILLIC_ENDINGS: tuple[tuple[str, int, frozenset[str]], ...] = (
    ("(?:ий|ый|ой|ій|ое|ее|ая|яя|ые|ие)", 2, _ADJECTIVE),
    ("(?:[оеєї]в|[иіїы]н)", 0, _SURNAME),
    ("[^аеєиіїоуюяыэёйь]", 0, _set("- а я у ю ові еві ом ем єм і ї е ы и ів їв ов ев ей ам ами ах ям ями ях ът ят те ите")),
    ("а", 1, _set("а и ы і е у ою ею ой ей о ої ій ую ия ам ами ах - та те ата")),
    ("я", 1, _set("я и і ї е є ю ею єю ей й ь їй ьої ям ями ях та ите")),
    ("о", 1, _set("о а у ові ом ем і ї е ам ами ах - то та ото")),
    ("[еє]", 1, _set("е є а я у ю ем єм і ї ям ями ях ам ах ей ь то та ого ому им ім их ими те")),
    ("ь", 1, _set("ь я ю ем єм ём ям і ї и е ею єю еві єві ями ях ів їв ей ью 'ю ьо ьом")),
    ("й", 1, _set("й я ю єм ем ом еві єві ї і и е є ях ям ями їв ев")),
    ("[иыії]", 1, _set("и ы і ї ів їв ов ев ей ам ям ами ями ах ях их им ими іх ім іми ых ым ыми - те ите ці цем")),
)
# Latin: Polish, Czech, Slovak, Slovene; -s, -es, -n, -en of English and German.
_LATIN_ENDINGS: tuple[tuple[str, int, frozenset[str]], ...] = (
    (
        "(?:[scz]ki|[sc]ký|[nwrvl]y|[nrvlt]ý|ni)",
        1,
        _set("i y ý í a á e é ie iego ego ega ého emu iemu ému im ym ým em ém iej ej ą ou u ú ich ych ých imi ymi ými om o"),
    ),
    (
        "[^aąáeęěéiíoóuúůyý]",
        0,
        _set("- a u owi ovi em iem om ie i y e ě u ů ów ami ách ach ům ech ovi ové owie mi s es n en er ev oma ih ov jem om ju ja ji"),
    ),
    ("a", 1, _set("a y i e ě é ę ą o u ou om ám ami ách ach ie ii ji ję ją iej ej - s am ama oj em")),
    ("á", 1, _set("á é ou u ú ých ým ej")),
    ("o", 1, _set("o a u em om ie i y e ě ę ą ami ach ách owi ovi ům - os ev ega egu emu im")),
    ("ové", 3, _set("ové ů ům y ech")),
    ("[eéě]", 1, _set("e é ě a u em ie i y ami ách ach ích í s n ego ého emu ému ym ým im ych ých ich ymi ými imi ém ů ům ech")),
    ("[iyíý]", 1, _set("i y í ý ów om ami ach ách ům ech ích ů ím ího ímu ego emu ih ev e ich ych mi - s ja ju")),
    ("cy", 2, _set("cy ków kom kami kach")),
)
_SOFTENED_CYRILLIC = {"г": "зж", "к": "цч", "х": "сш"}
_SOFTENED_LATIN = {
    "k": ("c", "č", "cz", "ki"), "g": ("dz", "gi"), "ch": ("sz", "š"), "h": ("z", "ž"), "r": ("rz", "ř"), "ł": ("l",), "t": ("ci",), "d": ("dzi",), "st": ("ści",), "n": ("ni",),
    "s": ("si",), "z": ("zi",), "p": ("pi",), "b": ("bi",), "m": ("mi",), "w": ("wi",), "f": ("fi",), "ń": ("ni",), "ś": ("si",), "ć": ("ci",), "ź": ("zi",), "dź": ("dzi",), "ň": ("n",),
}  # fmt: skip
_AFTER_SOFT = _set("a u e em i ie ów om ami ach ech ě y o ę ą")
_AFTER_SOFT_CYRILLIC = _set("і е и ею")


def patterns(folded: str) -> tuple[Pattern, ...]:
    """Return the patterns for the forms of a folded term; none where it has no forms."""
    if any(char in folded for char in "*?") or any(char.isdigit() for char in folded):
        return ()
    pieces: list[str | Tails] = []
    inflected = False
    for part in _WORD_OR_NOT.findall(folded):
        found = forms(part) if part[0].isalpha() else None
        if found is None:
            pieces.append(part)
        else:
            inflected = True
            pieces += found
    return (around_longest(pieces),) if inflected else ()


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[str, Tails] | None:
    """Return what all forms of a word begin with, and how they may end; None for a word without forms."""
    if len(word) < MIN_LETTERS:
        return None
    if _CYRILLIC.fullmatch(word):
        found = _cyrillic(word)
    elif _LATIN.fullmatch(word):
        found = _latin(word)
    else:
        return None
    prefix = _common_start(min([word, *found]), max([word, *found]))
    if len(prefix) < 2:
        return None
    return prefix, _shared(frozenset(form[len(prefix) :] for form in (word, *found)))


def _common_start(first: str, last: str) -> str:
    """Return what two words begin with alike; of the first and the last of a sorted list: what all of it does."""
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))]


@lru_cache(maxsize=4096)
def _shared(tails: frozenset[str]) -> Tails:
    """Words of one paradigm share one set."""
    return Tails(tails)


def _cyrillic(word: str) -> set[str]:
    found: set[str] = set()
    for ending, taken, endings in _CYRILLIC_ENDINGS:
        if re.search(f"{ending}$", word):
            stem = word[: len(word) - taken]
            found.update(stem + form for form in endings)
            if stem[-1] in _SOFTENED_CYRILLIC:
                found.update(stem[:-1] + soft + form for soft in _SOFTENED_CYRILLIC[stem[-1]] for form in _AFTER_SOFT_CYRILLIC)
            for changed in _changed_stems(stem, closed=taken == 0 or ending in ("ь", "й"), vowels="оеєё"):
                found.update(changed + form for form in endings if form)
    return found


def _latin(word: str) -> set[str]:
    found: set[str] = set()
    for ending, taken, endings in _LATIN_ENDINGS:
        if re.search(f"{ending}$", word):
            stem = word[: len(word) - taken]
            found.update(stem + form for form in endings)
            for hard, softs in _SOFTENED_LATIN.items():
                if stem.endswith(hard):
                    found.update(stem[: -len(hard)] + soft + form for soft in softs for form in _AFTER_SOFT)
            for changed in _changed_stems(stem, closed=taken == 0, vowels="e"):
                found.update(changed + form for form in endings if form)
    return found


def _changed_stems(stem: str, *, closed: bool, vowels: str) -> list[str]:
    """Stems as they stand before an ending: the vowel of a closed last syllable falls out (Павел → Павла) or opens (Львів → Львова, Kraków → Krakowa)."""
    if not closed or len(stem) < 4:
        return []
    vowel, last = stem[-2], stem[-1]
    changed = []
    if vowel in vowels:
        changed.append(stem[:-2] + last)
        if vowel == "e" and stem[-3] == "i":  # Niemiec, Kopiec: Kopca
            changed.append(stem[:-3] + last)
        if stem[-3] == "л":  # кулець: кульця
            changed.append(stem[:-2] + "ь" + last)
    elif stem.endswith("elj"):  # Bruselj: Bruslja
        changed.append(stem[:-3] + "lj")
    opened = {"і": "оеє", "ї": "є", "ó": "o", "ů": "o", "í": "e"}.get(vowel, "")
    return changed + [stem[:-2] + other + last for other in opened]
