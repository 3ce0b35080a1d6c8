"""Word forms: the base form of a noun, an adjective or a name finds its cases (``inflect = true``).

Names are in no dictionary, and they inflect too (Кісіда, Кісіди, Кісіді; Kraków, Krakowa), so this is done by paradigm, not by lemma: the ending of the base
form says which endings its other forms may have, and how its stem may change (Прага → Празі, Львів → Львова, Donec → Donce). Covered are the Slavic
languages in both scripts, with the possessive adjectives of names (Johnsonův, Mayeva) and the apostrophes of foreign ones (Farage'a), and the few endings of
English and German nouns. A form is matched as a whole word, so ``Іран`` does not find ``іранський``. Words of less than four letters that stand alone,
words in capitals (НАТО) and words with wildcards or digits stand as they are.

The sets of endings were written down from grammars and measured by bench/inflect.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from watcher.rules.terms import Pattern, Tails, around_longest

MIN_LETTERS = 4  # of a word that stands alone; in a phrase three are enough (Имран Хан, Jan Kuciak)
_CYRILLIC = re.compile("[\u0400-\u052f'-]+")
_LATIN = re.compile("[a-z\u00df-\u017f'-]+")
_WORD_OR_NOT = re.compile(r"[^\W\d_]+|[\W\d_]+")


def _set(text: str) -> frozenset[str]:
    """Endings, separated by spaces; ``-`` is the empty one."""
    return frozenset("" if ending == "-" else ending for ending in text.split())


class _Paradigm(NamedTuple):
    """Words that end so: letters to take off, endings to put on; ``soft``: the endings before which the stem's last consonant softens; ``closed``: the vowel
    of the stem's last syllable may fall out or change before an ending."""

    ending: re.Pattern[str]
    taken: int
    endings: frozenset[str]
    soft: frozenset[str] = frozenset()
    closed: bool = False


def _paradigm(ending: str, taken: int, endings: str, soft: str = "", *, closed: bool = False) -> _Paradigm:
    return _Paradigm(re.compile(f"(?:{ending})$"), taken, _set(endings), _set(soft), closed)


# Cyrillic: Ukrainian, Russian and Bulgarian together.
_CYRILLIC_PARADIGMS = (
    _paradigm(
        "ий|ый|ой|ій|ое|ее|ая|яя|ые|ие", 2,
        "ий ый ой ій ого его ього ому ему ьому им ым ім ом ем єм ої ьої ая яя а я у ю ую юю ою ею ее ое о е є і ие ые их ых іх ими ыми іми ия ият ата ото ите",
    ),
    _paradigm("[сц]ки", 1, "и ия ият а ата о ото ите"),
    _paradigm("[оеєї]в|[иіїы]н", 0, "- а у ові еві ом ем ым им і е ы и ой ої ою ій ых их ыми ими"),
    _paradigm("[^аеєиіїоуюяыэёйь]", 0, "- а я у ю ові еві ом ем єм і ї е ы и ів їв ов ев ей ам ами ах ям ями ях ът ят те ите", "і е и", closed=True),
    _paradigm("а", 1, "а и ы і е у ою ею ой ей о ої ій ую ия ам ами ах - та те ата", "і е и"),
    _paradigm("я", 1, "я и і ї е є ю ею єю ей й ь їй ьої ям ями ях та ите"),
    _paradigm("о", 1, "о а у ові ом ем і ї е ам ами ах - то ото та ата", "і е и"),
    _paradigm("[еє]", 1, "е є а я у ю ем єм і ї ям ями ях ам ах ей ь то та ого ому им ім их ими те"),
    _paradigm("ь", 1, "ь я ю ем єм ём ям і ї и е ею єю еві єві ями ях ів їв ей ью 'ю ьо ьом", closed=True),
    _paradigm("й", 1, "й я ю єм ем ом еві єві ї і и е є ях ям ями їв ев", closed=True),
    _paradigm("[иыії]", 1, "и ы і ї ів їв ов ев ей ам ям ами ями ах ях их ым им ими іх ім іми ых ым ыми - те ите ці цем"),
)  # fmt: skip
# Latin: Polish, Czech, Slovak, Slovene; -s, -es, -n, -en of English and German.
_POSSESSIVE = "ův ova ovo ovu ově ovou ovy ovým ových ovými ov ovi ove ovih ovim ovimi ovega ovemu ovem eva evo eve evi evih evim evega"
_LATIN_PARADIGMS = (
    _paradigm("[kg]i|[sc]ky|ni", 1, "i y a ie iego iemu im iej ą e ich imi o ega emu em ih"),
    _paradigm("[nwrvl]y", 1, "y i a e ego emu ym em ej ą ych ymi o om"),
    _paradigm("ý", 1, "ý í á é ého ému ým ém ou ú ých ými i e"),
    _paradigm("[kg]ie", 2, "ie i a iego iemu im iej ą ich imi"),
    _paradigm(
        "[^aąáeęěéiíoóuúůyý]", 0,
        f"- a u owi ovi em iem om ie i y e ě u ů ów ami ách ach ům ech ovi ové owie mi s es n en er ev oma ih jem om ju ja ji jeva jevo jeve jevi {_POSSESSIVE}"
        " 'a 'u 'owi 'em 'ie", "e ě i y ech ích u", closed=True,
    ),
    _paradigm("[ńśćź]|dź|[ťďň]", 0, "-", "a u owi em i iu e ě í om ami ach ech ů", closed=True),
    _paradigm("a", 1, "a y i e ě é ę ą o u ou om ám ami ách ach ie ii ji jo ję ją iej ej - s am ama oj em in ina ine ini ino inih inega", "e ě"),
    _paradigm("á", 1, "á é ou u ú ých ým ej"),
    _paradigm("o", 1, "o a u em om ie i y e ě ę ą ami ach ách owi ovi ům - os ev ega egu emu im", "e ě ích"),
    _paradigm("ové", 3, "ové ů ům y ech"),
    _paradigm("[eéě]", 1, f"e é ě a u em om ie i y ami ách ach ích í s n ego ého emu ému ym ým im ych ých ich ymi ými imi ém ů ům ech ea eem eju {_POSSESSIVE}"),
    _paradigm("e", 0, f"'a 'u 'owi 'em 'go 'mu 'm a em u ho mu m jem ja ju {' '.join('j' + e for e in ('eva', 'evo', 'eve', 'evi'))}"),
    _paradigm(
        "[iyíý]", 1,
        "i y í ý ów om ami ach ách ům ech ích ů ím ího ímu ego emu ih ev ov e ich ych mi - s", "ech ích",
    ),
    _paradigm("[iy]", 0, "ho mu m ja ju jem ji jeva jevo jeve jevi ega em ova ovo 'ego 'emu 'm ego emu"),
    _paradigm("cy", 2, "cy ków kom kami kach"),
    _paradigm("ci", 2, "ci ce ků kům ky cích cem cih kov kom"),
)  # fmt: skip
_PLURALS = (  # peoples: the plural loses letters of the singular's stem
    (re.compile("(owie|rzy|dzi)$"), {"owie": ("", "ów om ami ach"), "rzy": ("r", "ów om ami ach"), "dzi": ("d", "ów om ami ach")}),
    (
        re.compile("(anie|yści|iści)$"),
        {"anie": ("an", "- om ami ach ów"), "yści": ("yst", "ów om ami ach"), "iści": ("ist", "ów om ami ach")},
    ),
)
_IRREGULAR = {  # countries that are plurals or adjectives by origin
    "niemcy": "niemcy niemiec niemcom niemcami niemczech",
    "węgry": "węgry węgier węgrom węgrami węgrzech",
    "włochy": "włochy włoch włochom włochami włoszech",
    "włosi": "włosi włochów włochom włochami włochach",
    "polska": "polska polski polsce polskę polską polsko",
    "češi": "češi čechů čechům čechy češích",
}
_SOFTENED_CYRILLIC = {"г": "зж", "к": "цч", "х": "сш"}
_SOFTENED_LATIN = {
    "k": ("c", "č", "cz"), "g": ("dz",), "ch": ("sz", "š"), "h": ("z", "ž"), "r": ("rz", "ř"), "ł": ("l",), "t": ("ci",), "d": ("dzi",), "st": ("ści",),
    "n": ("ni",), "s": ("si",), "z": ("zi",), "p": ("pi",), "b": ("bi",), "m": ("mi",), "w": ("wi",), "f": ("fi",),
    "ń": ("ni", "n"), "ś": ("si",), "ć": ("ci",), "ź": ("zi",), "dź": ("dzi",), "ň": ("n",), "ť": ("t",), "ď": ("d",),
}  # fmt: skip


def patterns(folded: str) -> tuple[Pattern, ...]:
    """Return the patterns for the forms of a folded term; none where it has no forms."""
    if any(char in folded for char in "*?") or any(char.isdigit() for char in folded):
        return ()
    parts = _WORD_OR_NOT.findall(folded)
    least = MIN_LETTERS if len(parts) == 1 else MIN_LETTERS - 1
    pieces: list[str | Tails] = []
    inflected = False
    for part in parts:
        found = forms(part) if part[0].isalpha() and len(part) >= least else None
        if found is None:
            pieces.append(part)
        else:
            inflected = True
            pieces += found
    return (around_longest(pieces),) if inflected else ()


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[str, Tails] | None:
    """Return what all forms of a word begin with, and how they may end; None for a word without forms."""
    if _CYRILLIC.fullmatch(word):
        found = _inflect(word, _CYRILLIC_PARADIGMS, latin=False)
    elif _LATIN.fullmatch(word):
        found = set(_IRREGULAR[word].split()) if word in _IRREGULAR else _inflect(word, _LATIN_PARADIGMS, latin=True)
        found |= set(_plurals(word))
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


def _inflect(word: str, paradigms: Iterable[_Paradigm], *, latin: bool) -> set[str]:
    found: set[str] = set()
    for paradigm in paradigms:
        if not paradigm.ending.search(word):
            continue
        stem = word[: len(word) - paradigm.taken]
        stems = [stem, *(_changed_stems(stem, "e" if latin else "оеєё") if paradigm.closed else ())]
        found.update(stem + form for form in paradigm.endings)
        found.update(changed + form for changed in stems[1:] for form in paradigm.endings if form)
        if paradigm.soft:
            found.update(soft + form for each in stems for soft in _softened(each, latin=latin) for form in paradigm.soft)
    return found


def _softened(stem: str, *, latin: bool) -> list[str]:
    """Stems with their last consonants as they stand before soft endings: Прага → Праз-, Kraków → Krakowi-."""
    if not latin:
        return [stem[:-1] + soft for soft in _SOFTENED_CYRILLIC.get(stem[-1:], "")]
    return [stem[: -len(hard)] + soft for hard, softs in _SOFTENED_LATIN.items() if stem.endswith(hard) for soft in softs]


def _changed_stems(stem: str, vowels: str) -> list[str]:
    """Stems as they stand before an ending: the vowel of a closed last syllable falls out (Павел → Павла) or opens (Львів → Львова, Kraków → Krakowa)."""
    if len(stem) < 4:
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


def _plurals(word: str) -> Iterable[str]:
    """Yield the cases of Polish plurals of people: Norwegowie → Norwegów, laburzyści → laburzystów."""
    for ending, stems in _PLURALS:
        match = ending.search(word)
        if match is not None:
            stem, endings = stems[match[1]]
            yield from (word[: match.start()] + stem + form for form in _set(endings))
