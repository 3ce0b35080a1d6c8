"""Credits: whose report it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.stories.credit import is_official, origin

CREDITED = {
    "KYIV, Nov 3 (Reuters) - Ukraine said on Friday that it had received the battery.": "Reuters",
    "WASHINGTON (AP) — The president signed the bill.": "AP",
    "Україна отримає ще одну батарею, як повідомляє Bloomberg.": "Bloomberg",
    "Про це пише The Wall Street Journal із посиланням на урядовців.": "The Wall Street Journal",
    "Завод остановлен, сообщает Интерфакс.": "Interfax",
    "Об этом сообщает агентство «Интерфакс-Украина».": "Interfax-Ukraine",
    "【東京共同】政府は24日、輸出を決めた。": "Kyodo",
    "政府は輸出を決めた。共同通信が報じた。": "Kyodo",
    "[東京 25日 ロイター] - 政府は輸出を決めた。": "Reuters",
    "Das Werk steht still, nach Angaben der dpa seit Montag.": "dpa",
    "Fabryka stoi, podaje PAP.": "PAP",
    "Warszawa (PAP) – Fabryka stoi.": "PAP",
    "L'usine est fermée, selon l'AFP.": "AFP",
    "The factory is closed, Reuters reported on Monday.": "Reuters",
}


@pytest.mark.parametrize(("text", "who"), CREDITED.items(), ids=CREDITED.values())
def test_a_report_belongs_to_whom_it_credits(text: str, who: str):
    assert origin(text, "paper.example") == who


@pytest.mark.parametrize(
    "text",
    [
        "The minister told reporters that the plant would open.",
        "The FTX exchange collapsed (again), said its founder.",
        "According to Reuters and citing Bloomberg, the plant is closed; we asked both.",
        "Prices rose (see chart).",
        "ft." * 3,
    ],
)
def test_a_report_that_credits_nobody_or_several_belongs_to_its_site(text: str):
    assert origin(text, "news.paper.co.uk") == "paper.co.uk"


def test_an_agencys_own_site_is_the_agency():
    assert origin("The plant is closed.", "reuters.com") == "Reuters"
    assert origin("The plant is closed.", "news.bbc.co.uk") == "BBC"


def test_credits_deep_in_a_text_are_background():
    assert (
        origin("The plant is closed. " * 60 + "In 2019 it was sold, Reuters reported. " + "It was old. " * 60, "a.example") == "a.example"
    )


@pytest.mark.parametrize("host", ["mil.gov.ua", "defense.gov", "mod.go.jp", "nato.int", "consilium.europa.eu", "gov.uk"])
def test_official_hosts(host: str):
    assert is_official(host)


@pytest.mark.parametrize("host", ["reuters.com", "government-watch.org", "gov.example.com", "amigo.jp"])
def test_other_hosts(host: str):
    assert not is_official(host)


@given(st.text(), st.sampled_from(["", "a.example"]))
def test_every_text_has_an_origin(text: str, host: str):
    assert isinstance(origin(text, host), str)
