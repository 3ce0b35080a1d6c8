"""Japanese names in Hepburn romanisation: syllable by syllable to Cyrillic (Polivanov, Kovalenko) and to katakana."""

from __future__ import annotations

import re
from collections.abc import Iterator

# romaji: katakana, Russian (Polivanov), Ukrainian
_SYLLABLES = {
    line.split()[0]: tuple(line.split()[1:])
    for line in """
a ア а а|i イ и і|u ウ у у|e エ э е|o オ о о|ka カ ка ка|ki キ ки кі|ku ク ку ку|ke ケ кэ ке|ko コ ко ко|ga ガ га ґа|gi ギ ги ґі|gu グ гу ґу|ge ゲ гэ ґе|go ゴ го ґо
sa サ са са|shi シ си сі|su ス су су|se セ сэ се|so ソ со со|za ザ дза дза|ji ジ дзи дзі|zu ズ дзу дзу|ze ゼ дзэ дзе|zo ゾ дзо дзо|ta タ та та|chi チ ти ті|tsu ツ цу цу
te テ тэ те|to ト то то|da ダ да да|de デ дэ де|do ド до до|na ナ на на|ni ニ ни ні|nu ヌ ну ну|ne ネ нэ не|no ノ но но|ha ハ ха ха|hi ヒ хи хі|fu フ фу фу|he ヘ хэ хе
ho ホ хо хо|ba バ ба ба|bi ビ би бі|bu ブ бу бу|be ベ бэ бе|bo ボ бо бо|pa パ па па|pi ピ пи пі|pu プ пу пу|pe ペ пэ пе|po ポ по по|ma マ ма ма|mi ミ ми мі|mu ム му му
me メ мэ ме|mo モ мо мо|ya ヤ я я|yu ユ ю ю|yo ヨ ё йо|ra ラ ра ра|ri リ ри рі|ru ル ру ру|re レ рэ ре|ro ロ ро ро|wa ワ ва ва|wo ヲ во во|kya キャ кя кя|kyu キュ кю кю
kyo キョ кё кьо|gya ギャ гя ґя|gyu ギュ гю ґю|gyo ギョ гё ґьо|sha シャ ся ся|shu シュ сю сю|sho ショ сё сьо|ja ジャ дзя дзя|ju ジュ дзю дзю|jo ジョ дзё дзьо|cha チャ тя тя
chu チュ тю тю|cho チョ тё тьо|nya ニャ ня ня|nyu ニュ ню ню|nyo ニョ нё ньо|hya ヒャ хя хя|hyu ヒュ хю хю|hyo ヒョ хё хьо|bya ビャ бя бя|byu ビュ бю бю|byo ビョ бё бьо
pya ピャ пя пя|pyu ピュ пю пю|pyo ピョ пё пьо|mya ミャ мя мя|myu ミュ мю мю|myo ミョ мё мьо|rya リャ ря ря|ryu リュ рю рю|ryo リョ рё рьо
""".replace("\n", "|").split("|")
    if line
}
_ORDER = sorted(_SYLLABLES, key=len, reverse=True)
_HUSHING = str.maketrans({"с": "ш"})  # Kovalenko's し and its row


def forms(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield language, spelling and standard of a name in plain Latin letters; nothing where it cannot be Japanese."""
    words = [_syllables(word.lower()) for word in re.split(r"[\s-]+", name) if word]
    if not words or not all(words):
        return
    for language, column, standard in (("ru", 1, "Polivanov"), ("uk", 2, "Polivanov's table in Ukrainian")):
        yield language, " ".join(_cyrillic(word, column).capitalize() for word in words), standard
    hushed = " ".join(_cyrillic(word, 2, hushing=True).capitalize() for word in words)
    yield "uk", hushed, "Kovalenko"
    yield "ja", "・".join("".join(_kana(syllable) for syllable in word) for word in words), "katakana"


def _syllables(word: str) -> list[str]:
    """Cut a word into syllables; an ``n`` that ends one and the first of two like consonants stand alone. Empty: not Japanese."""
    found: list[str] = []
    i = 0
    while i < len(word):
        syllable = next((known for known in _ORDER if word.startswith(known, i)), None)
        if syllable is not None:
            found.append(syllable)
        elif word[i] in "nm" and not word.startswith(("y",), i + 1):
            syllable = "n"
            found.append("n")
            i += 1
            i += word[i : i + 1] == "'"
            continue
        elif word[i : i + 1] == word[i + 1 : i + 2] or word[i : i + 2] == "tc":
            syllable = "ッ"
            found.append(syllable)
            i += 1
            continue
        else:
            return []
        i += len(syllable)
    return found


def _cyrillic(word: list[str], column: int, *, hushing: bool = False) -> str:
    written: list[str] = []
    for i, syllable in enumerate(word):
        after = word[i + 1] if i + 1 < len(word) else ""
        if syllable == "n":
            written.append(
                "м" if after[:1] in ("b", "p", "m") else "н" + ("ъ" if column == 1 else "'") * (after[:1] in ("a", "i", "u", "e", "o", "y"))
            )
        elif syllable == "ッ":
            written.append(_SYLLABLES[after][column][0] if after in _SYLLABLES else "")
        else:
            text = _SYLLABLES[syllable][column]
            written.append(text.translate(_HUSHING) if hushing and syllable.startswith("sh") else text)
    return "".join(written)


def _kana(syllable: str) -> str:
    return {"n": "ン", "ッ": "ッ"}.get(syllable) or _SYLLABLES[syllable][0]
