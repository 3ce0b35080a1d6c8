"""Names from one alphabet to another, by the standard tables.

- Ukrainian to Latin: resolution 55 of the Cabinet of Ministers (KMU), 27 January 2010; German by Duden; Polish by the PWN dictionary.
- Russian to Latin: BGN/PCGN 1947 as English papers simplify it (no apostrophes, -y for -ий and -ый); German by Duden; Polish by PWN.
- Japanese, written in Hepburn romanisation, to Cyrillic: Polivanov for Russian; for Ukrainian the same with ``сі`` and, by Kovalenko, with ``ші``.
- Latin letters with marks to plain ones, as agencies write them.

Names of other languages have no rule: they are spelt as they sound. Papers have their own habits, too: take these forms as proposals.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from watcher.text import romaji


class Form(NamedTuple):
    """A name in another spelling: ``language`` that writes it so (ISO 639-1), and the ``standard`` that it follows."""

    language: str
    text: str
    standard: str


_CYRILLIC = re.compile("[\u0400-\u052f]")
_UKRAINIAN = re.compile("[іїєґ'’ʼ]|[сцз]ьк", re.IGNORECASE)
_RUSSIAN = re.compile(r"[ыэёъ]|[сц]к(?:ий|ая|ой)\b", re.IGNORECASE)
_VOWELS = "аеєиіїоуюяыэё"


def language_of(name: str) -> tuple[str, ...]:
    """Return what a name's letters say of its language: ``uk``, ``ru``, both where they do not tell, or none for other alphabets."""
    if not _CYRILLIC.search(name):
        return ()
    if _UKRAINIAN.search(name) and not _RUSSIAN.search(name):
        return ("uk",)
    return ("ru",) if _RUSSIAN.search(name) else ("uk", "ru")


def forms(name: str, language: str | None = None) -> tuple[Form, ...]:
    """Return a name's other spellings, each once.

    :param language: of the name: ``uk``, ``ru`` or ``ja`` (in Latin letters); None: what its letters say.
    """
    found: list[Form] = []
    for source in (language,) if language else language_of(name):
        if source == "uk":
            found += [
                Form("en", ukrainian(name), "KMU 2010"),
                Form("de", ukrainian_in_german(name), "Duden"),
                Form("pl", ukrainian_in_polish(name), "PWN"),
            ]
        elif source == "ru":
            found += [
                Form("en", russian(name), "BGN/PCGN"),
                Form("de", russian_in_german(name), "Duden"),
                Form("pl", russian_in_polish(name), "PWN"),
            ]
        elif source == "ja":
            found += [Form(*form) for form in romaji.forms(plain(name))]
    found += [Form("en", text, "without marks") for text in (plain(name),) if text != name and not _CYRILLIC.search(name)]
    unique = {form.text: form for form in reversed(found) if form.text != name}
    return tuple(form for form in found if unique.get(form.text) is form)


_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "þ": "th", "ð": "d"}
)


def plain(name: str) -> str:
    """Return Latin letters without their marks: Erdoğan is Erdogan, Wałęsa is Walesa."""
    return "".join(char for char in unicodedata.normalize("NFD", name.translate(_LETTERS)) if not unicodedata.combining(char))


# --- tables: a letter -> what it becomes; after the slash, at the beginning of a word (KMU), or after vowels and signs --------------


def _table(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


_KMU = _table("ё:io ъ: ы:y э:e") | _table(
    "а:a б:b в:v г:h ґ:g д:d е:e є:ie ж:zh з:z и:y і:i ї:i й:i к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ь: ю:iu я:ia ': "
)
_KMU_FIRST = _table("є:ye ї:yi й:y ю:yu я:ya")
_BGN = _table(
    "а:a б:b в:v г:g д:d е:e ё:yo ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh щ:shch ъ: ы:y ь: э:e ю:yu я:ya і:i ї:yi є:ye ґ:g ':"
)
_DUDEN = _table(
    "а:a б:b в:w г:g д:d е:e ё:jo ж:sch з:s и:i й:i к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:ch ц:z ч:tsch ш:sch щ:schtsch ъ: ы:y ь: э:e ю:ju я:ja і:i ї:ji є:je ґ:g ':"
)
_DUDEN_UK = {**_DUDEN, **_table("г:h ґ:g и:y і:i ї:ji й:j є:je ': ")}
_PWN = _table(
    "а:a б:b в:w г:g д:d е:e ж:ż з:z и:i й:j к:k л:ł м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:ch ц:c ч:cz ш:sz щ:szcz ъ: ы:y ь: э:e і:i ї:ji ґ:g ':"
)
_PWN_UK = {**_PWN, **_table("г:h ґ:g и:y і:i ї:ji ': ")}
_SOFT = _table("н:ń с:ś з:ź ц:ć")  # before ь, in Polish
_IOTATED = {"е": "e", "є": "e", "ё": "o", "ю": "u", "я": "a"}


def ukrainian(name: str) -> str:
    """Return a Ukrainian name in Latin letters by KMU 2010."""

    def letter(word: str, i: int) -> str:
        if word[i] == "г" and word[i - 1 : i] == "з":
            return "gh"
        return (_KMU_FIRST if i == 0 else {}).get(word[i], _KMU.get(word[i], word[i]))

    return _words(name, letter)


def russian(name: str) -> str:
    """Return a Russian name in Latin letters as English papers write it, by BGN/PCGN."""

    def letter(word: str, i: int) -> str:
        if word[i] == "е" and (i == 0 or word[i - 1] in _VOWELS + "ьъ"):
            return "ye"
        if word[i] == "й" and i == len(word) - 1 and word[i - 1 : i] in ("и", "ы"):
            return ""
        if word[i : i + 2] == "ий" and i == len(word) - 2:
            return "y"
        return _BGN.get(word[i], word[i])

    return _words(name, letter)


def russian_in_german(name: str) -> str:
    """Return a Russian name as German papers write it, by Duden."""

    def letter(word: str, i: int) -> str:
        before, after = word[i - 1 : i], word[i + 1 : i + 2]
        match word[i]:
            case "е" if i == 0 or before in tuple(_VOWELS + "ьъ"):
                return "je"
            case "ё" if before in ("ж", "ч", "ш", "щ"):
                return "o"
            case "с" if before in tuple(_VOWELS) and after and after in _VOWELS:
                return "ss"
            case "й" if before in ("и", "ы"):
                return ""
            case "й" if after and after in _VOWELS:
                return "j"
            case "ь" if after == "о":
                return "j"
            case "к" if after == "с":
                return "x"
            case "с" if before == "к":
                return ""
        return _DUDEN.get(word[i], word[i])

    return _words(name, letter)


def ukrainian_in_german(name: str) -> str:
    """Return a Ukrainian name as German papers write it, by Duden."""

    def letter(word: str, i: int) -> str:
        before, after = word[i - 1 : i], word[i + 1 : i + 2]
        if word[i] == "с" and before in tuple(_VOWELS) and after and after in _VOWELS:
            return "ss"
        return "j" if word[i] == "ь" and after == "о" else _DUDEN_UK.get(word[i], word[i])

    return _words(name, letter)


def russian_in_polish(name: str) -> str:
    """Return a Russian name as Polish papers write it, by PWN."""
    return _words(name, lambda word, i: _polish(word, i, _PWN, soft="еёиюяь"))


def ukrainian_in_polish(name: str) -> str:
    """Return a Ukrainian name as Polish papers write it, by PWN."""
    return _words(name, lambda word, i: _polish(word, i, _PWN_UK, soft="єіїюяь"))


def _polish(word: str, i: int, table: dict[str, str], *, soft: str) -> str:
    char, before, after = word[i], word[i - 1 : i], word[i + 1 : i + 2]
    ending = word[i:]
    if ending in ("ий", "ый") and (soft[0] == "е" or word.endswith(("ський", "цький"))):
        return "y" if ending == "ый" else "i"
    if ending == "й" and before in ("и", "ы") and (soft[0] == "е" or word.endswith(("ський", "цький"))):
        return ""
    if char == "л":
        return "l" if after and after in soft else "ł"
    if char in _SOFT and after == "ь" and not word[i + 2 :].startswith("ки"):
        return _SOFT[char]
    if char == "и" and table is _PWN and before in ("ж", "ш", "ц"):
        return "y"
    if char in _IOTATED and (char != "е" or table is _PWN):
        vowel = _IOTATED[char]
        if i == 0 or before in tuple(_VOWELS + "ьъ'"):
            return "j" + vowel
        return vowel if before in ("л", "ж", "ц", "ч", "ш", "щ") else "i" + vowel
    return table.get(char, char)


def _words(name: str, letter: object) -> str:
    """Put each word of Cyrillic letters through ``letter(word, i)``, and give it back its capitals."""
    return "".join(_word(part, letter) if _CYRILLIC.search(part) else part for part in _parts(name))


def _parts(name: str) -> Iterator[str]:
    yield from re.findall(r"[\w'’ʼ]+|[^\w'’ʼ]+", name)


def _word(word: str, letter: object) -> str:
    assert callable(letter)
    small = word.lower().replace("’", "'").replace("ʼ", "'")
    written = "".join(letter(small, i) for i in range(len(small)))
    if word.isupper() and len(word) > 1:
        return written.upper()
    return written[:1].upper() + written[1:] if word[:1].isupper() else written
