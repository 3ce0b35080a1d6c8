"""The text of PDFs, and of what only says that it is one."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.articles import extract
from watcher.errors import ExtractError

LINES = [
    "The ministry said on Monday that deliveries of artillery ammu-",
    "nition would go on through the winter, and that the Patriot",
    "batteries promised in the spring had arrived.",
    "A second paragraph speaks of the budget for the year that follows.",
]


def a_pdf(lines: list[str], *, info: str = "") -> bytes:
    """A PDF of one page, written by hand."""
    shown = " ".join(f"({line}) Tj 0 -14 Td" for line in lines)
    content = f"BT /F1 12 Tf 50 700 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< {info} >>".encode(),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


def test_lines_of_a_column_become_paragraphs_and_broken_words_whole() -> None:
    page = extract.extract(a_pdf(LINES), url="https://example.org/a.pdf")
    assert "artillery ammunition would go on through the winter, and that the Patriot batteries promised" in page.text
    assert page.text.count("\n") == 1
    assert (page.quality, page.language) == ("ok", "en")


def test_what_the_pdf_says_of_itself_is_taken() -> None:
    info = "/Title (Winter report) /Author (The ministry) /CreationDate (D:20240310120000Z)"
    page = extract.extract(a_pdf(LINES, info=info), url="https://example.org/a.pdf")
    assert (page.title, page.author, page.published_at) == ("Winter report", "The ministry", datetime(2024, 3, 10, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "body", [a_pdf(["7"]), b"%PDF-1.7 nothing", a_pdf(LINES)[:300], b"%PDF-1.4\n" + b"[" * 100_000], ids=["picture", "empty", "cut", "deep"]
)
def test_a_pdf_without_text_is_an_error_with_a_reason(body: bytes) -> None:
    with pytest.raises(ExtractError) as caught:
        extract.extract(body, url="https://example.org/a.pdf")
    assert caught.value.reason == "pdf"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 900), st.binary(min_size=1, max_size=30))
def test_a_damaged_pdf_is_a_page_or_an_error_and_nothing_else(at: int, noise: bytes) -> None:
    whole = a_pdf(LINES)
    damaged = whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :]
    with contextlib.suppress(ExtractError):
        assert extract.extract(damaged, url="https://example.org/a.pdf").text
