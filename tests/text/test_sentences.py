"""The sentence around a match."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.text import sentences


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("One. Two here. Three.", "Two", "Two here."),
        ("He met Mr. Smith in the U.S. on Monday. Then left.", "Smith", "He met Mr. Smith in the U.S. on Monday."),
        ("Gen. J. Doe spoke. He left.", "Doe", "Gen. J. Doe spoke."),
        ("It cost 3.5 million. More.", "cost", "It cost 3.5 million."),
        ("“Stop!” he said. “No?” She left.", "he", "“Stop!” he said."),
        ("Really?! Yes.", "Yes", "Yes."),
        ("Wait… what? No.", "Wait", "Wait… what?"),
        ("A title\nThe text. More.", "title", "A title"),
        ("首相は言った。次に進む！終わり", "進む", "次に進む！"),
        ("「はい。」と言った。次", "言った", "と言った。"),
        ("भारत ने कहा। फिर", "भारत", "भारत ने कहा।"),
        ("Він живе на вул. Хрещатик у м. Київ. Потім поїхав.", "Хрещатик", "Він живе на вул. Хрещатик у м. Київ."),
        ("Около 5 млн. человек. Это много.", "человек", "Около 5 млн. человек."),
        ("Ост. А. С. Пушкин писал. Да.", "Пушкин", "А. С. Пушкин писал."),
        ("Er kam z.B. gestern. Dann ging er.", "gestern", "Er kam z.B. gestern."),
        ("ما هذا؟ نعم", "نعم", "نعم"),
        ("  one  ", "one", "one"),
    ],
)
def test_the_sentence_of_a_word(text: str, word: str, sentence: str) -> None:
    start = text.index(word)
    first, last = sentences.around(text, start, start + len(word))
    assert text[first:last] == sentence


def test_a_long_sentence_is_cut_between_words_around_the_match() -> None:
    text = "word " * 400 + "Patriot " + "word " * 400
    start = text.index("Patriot")
    first, last = sentences.around(text, start, start + 7)
    assert 400 <= last - first <= 600
    assert first <= start
    assert start + 7 <= last
    assert set(text[first:last].split()) == {"word", "Patriot"}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab. !?\n。「」…Mr U.S", max_size=60), st.data())
def test_a_sentence_holds_its_match_and_nothing_raises(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sentences.around(text, start, end)
    assert 0 <= first <= start <= end <= last <= len(text)
    assert last - first <= max(600, end - start)
