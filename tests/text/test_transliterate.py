"""Names in other alphabets: examples of the standards themselves and of names as papers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text import romaji, transliterate


@pytest.mark.parametrize(
    ("name", "latin"),
    [  # the examples of resolution 55, and names
        ("Алушта", "Alushta"),
        ("Борщагівка", "Borshchahivka"),
        ("Згорани", "Zghorany"),
        ("Розгон", "Rozghon"),
        ("Ґалаґан", "Galagan"),
        ("Гадяч", "Hadiach"),
        ("Єнакієве", "Yenakiieve"),
        ("Наєнко", "Naienko"),
        ("Їжакевич", "Yizhakevych"),
        ("Кадиївка", "Kadyivka"),
        ("Йосипівка", "Yosypivka"),
        ("Стрий", "Stryi"),
        ("Щербухи", "Shcherbukhy"),
        ("Гоща", "Hoshcha"),
        ("Юрій", "Yurii"),
        ("Корюківка", "Koriukivka"),
        ("Яготин", "Yahotyn"),
        ("Знам'янка", "Znamianka"),
        ("Знам’янка", "Znamianka"),
        ("Володимир Зеленський", "Volodymyr Zelenskyi"),
        ("КИЇВ", "KYIV"),
    ],
)
def test_ukrainian_by_the_resolution_of_2010(name: str, latin: str) -> None:
    assert transliterate.ukrainian(name) == latin


@pytest.mark.parametrize(
    ("name", "english", "german", "polish"),
    [
        ("Лавров", "Lavrov", "Lawrow", "Ławrow"),
        ("Белоусов", "Belousov", "Beloussow", "Biełousow"),
        ("Медведев", "Medvedev", "Medwedew", "Miedwiediew"),
        ("Герасимов", "Gerasimov", "Gerassimow", "Gierasimow"),
        ("Шойгу", "Shoygu", "Schoigu", "Szojgu"),
        ("Пригожин", "Prigozhin", "Prigoschin", "Prigożyn"),
        ("Ельцин", "Yeltsin", "Jelzin", "Jelcyn"),
        ("Чайковский", "Chaykovsky", "Tschaikowski", "Czajkowski"),
        ("Александр", "Aleksandr", "Alexandr", "Aleksandr"),
        ("Горбачёв", "Gorbachyov", "Gorbatschow", "Gorbaczow"),
        ("Хрущёв", "Khrushchyov", "Chruschtschow", "Chruszczow"),
        ("Толстой", "Tolstoy", "Tolstoi", "Tołstoj"),
    ],
)
def test_russian_in_three_languages(name: str, english: str, german: str, polish: str) -> None:
    assert (transliterate.russian(name), transliterate.russian_in_german(name), transliterate.russian_in_polish(name)) == (
        english,
        german,
        polish,
    )


@pytest.mark.parametrize(
    ("name", "german", "polish"),
    [
        ("Зеленський", "Selenskyj", "Zełenski"),
        ("Порошенко", "Poroschenko", "Poroszenko"),
        ("Шмигаль", "Schmyhal", "Szmyhal"),
        ("Кличко", "Klytschko", "Kłyczko"),
        ("Харків", "Charkiw", "Charkiw"),
        ("Луганськ", "Luhansk", "Łuhanśk"),
        ("Юлія", "Julija", "Julija"),
    ],
)
def test_ukrainian_in_german_and_polish(name: str, german: str, polish: str) -> None:
    assert (transliterate.ukrainian_in_german(name), transliterate.ukrainian_in_polish(name)) == (german, polish)


@pytest.mark.parametrize(
    ("name", "russian", "ukrainian", "kovalenko", "kana"),
    [
        ("Kishida", "Кисида", "Кісіда", "Кішіда", "キシダ"),
        ("Shinzo Abe", "Синдзо Абэ", "Сіндзо Абе", "Шіндзо Абе", "シンゾ・アベ"),
        ("Hayashi", "Хаяси", "Хаясі", "Хаяші", "ハヤシ"),
        ("Takaichi", "Такаити", "Такаіті", "Такаіті", "タカイチ"),
        ("Shimbun", "Симбун", "Сімбун", "Шімбун", "シンブン"),
        ("Sapporo", "Саппоро", "Саппоро", "Саппоро", "サッポロ"),
        ("Jun'ichi", "Дзюнъити", "Дзюн'іті", "Дзюн'іті", "ジュンイチ"),
        ("Kyodo", "Кёдо", "Кьодо", "Кьодо", "キョド"),
    ],
)
def test_japanese_from_hepburn(name: str, russian: str, ukrainian: str, kovalenko: str, kana: str) -> None:
    assert [text for _, text, _ in romaji.forms(name)] == [russian, ukrainian, kovalenko, kana]


@pytest.mark.parametrize("name", ["Lockheed", "Xi", "Tusk", "", "岸田", "Zelensky"])
def test_what_is_no_romanised_japanese_has_no_forms(name: str) -> None:
    assert list(romaji.forms(name)) == []


def test_letters_tell_the_language_or_both_are_proposed() -> None:
    assert transliterate.language_of("Сирко") == ("uk", "ru")
    assert transliterate.language_of("Сирський") == ("uk",)
    assert transliterate.language_of("Зеленский") == ("ru",)
    assert transliterate.language_of("Київ") == ("uk",)
    assert transliterate.language_of("Крылов") == ("ru",)
    assert transliterate.language_of("Putin") == ()


def test_forms_are_listed_once_with_their_standard() -> None:
    assert [(form.language, form.text) for form in transliterate.forms("Ōno", "ja")] == [
        ("ru", "Оно"),
        ("ja", "オノ"),
        ("en", "Ono"),
    ]
    assert [form.text for form in transliterate.forms("Erdoğan")] == ["Erdogan"]
    assert [form.text for form in transliterate.forms("Wałęsa")] == ["Walesa"]
    assert transliterate.forms("Tusk") == ()
    assert len({form.text for form in transliterate.forms("Лавров")}) == len(transliterate.forms("Лавров"))


@given(st.text(alphabet="абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэёъАБВЇЄ' -x1", max_size=20))
def test_nothing_cyrillic_is_left_and_nothing_fails(name: str) -> None:
    for form in (*transliterate.forms(name, "uk"), *transliterate.forms(name, "ru")):
        assert not transliterate.language_of(form.text) or form.language in ("uk", "ru")


@given(st.text(max_size=30))
def test_any_text_can_be_asked_for(name: str) -> None:
    transliterate.forms(name)
    transliterate.forms(name, "ja")
