"""Which language a text is in, and when not to say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from watcher.text import language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The prime minister met the president on Monday in Washington.", "en"),
        ("Der Bundeskanzler hat gestern in Berlin gesprochen.", "de"),
        ("Президент України підписав закон про оборону.", "uk"),
        ("Президент России подписал закон об обороне страны.", "ru"),
        ("Prezydent powiedział wczoraj, że Polska wyśle pomoc.", "pl"),
        ("岸田首相はワシントンで大統領と会談した。", "ja"),
        ("ウクライナ", "ja"),
        ("中国国家主席习近平星期一在北京会见美国总统代表团", "zh"),
        ("한국", "ko"),
        ("ประเทศไทย", "th"),
        ("საქართველო", "ka"),
        ("Η κυβέρνηση ανακοίνωσε νέα μέτρα", "el"),
        ("岸田首相", None),  # may be Chinese
        ("Patriot", None),
        ("", None),
        ("12345 — …", None),
        ("ok", None),
    ],
)
def test_the_language_is_told_or_not_guessed(text: str, code: str | None) -> None:
    assert language.detect(text) == code


@pytest.mark.parametrize("text", ["\x00\n\r\ud800 some text that is long enough", "\n" * 5_000 + "text", "x" * 1_000_000])
def test_no_text_raises(text: str) -> None:
    language.detect(text)


def test_it_works_within_the_memory_of_a_worker() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20));"
        "from watcher.text import language; print(language.detect('The prime minister met the president on Monday.'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout.strip() == "en", done.stderr
