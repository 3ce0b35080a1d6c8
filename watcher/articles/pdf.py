"""The text of a PDF: ministries and think tanks publish so. Pure; in a worker process, whose limits are the last wall."""

from __future__ import annotations

import io
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watcher.errors import ExtractError
from watcher.model import Page
from watcher.text import clean, language

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 50
MAX_TEXT = 256 * 1024  # characters (limit L9)
SHORT = 200  # characters: scans have a stamp or a page number for text
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\n(?=[^\W\d_])")
_LINE_END = re.compile(r"(?<![.!?:;\u3002\uff01\uff1f\n])\n(?!\n)")

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports as errors what we return as values


def is_pdf(body: bytes) -> bool:
    """Whether a body is a PDF, whatever its type says: the mark stands within the first kilobyte."""
    return b"%PDF-" in body[:1024]


def extract(body: bytes, *, url: str) -> Page:
    """Return the text of a PDF, its first 50 pages, as an article.

    :raises ExtractError: ``pdf``: damaged, encrypted, or pictures only.
    """
    from pypdf import PdfReader  # noqa: PLC0415  only where a PDF comes
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        reader = PdfReader(io.BytesIO(body))
        text = _text(reader)
        about = reader.metadata
        title, author = str(about.title or "") if about else "", str(about.author or "") if about else ""
        created = _created(reader)
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ExtractError(url, "pdf", f"the PDF cannot be read: {type(error).__name__}") from error
    if len(text) < SHORT:
        raise ExtractError(url, "pdf", "the PDF holds no text: pictures, perhaps")
    return Page(
        url=url,
        title=clean.one_line(title, 300),
        text=text,
        author=clean.one_line(author, 200),
        published_at=created,
        language=language.detect(text[:3000]),
        quality="ok",
    )


def _text(reader: PdfReader) -> str:
    pieces: list[str] = []
    length = 0
    for number, page in enumerate(reader.pages):
        if number >= MAX_PAGES or length >= MAX_TEXT:
            break
        piece = page.extract_text() or ""
        pieces.append(piece)
        length += len(piece)
    joined = "\n".join(line.rstrip() for line in "\n".join(pieces).split("\n"))
    whole = _LINE_END.sub(" ", _BROKEN_WORD.sub("", joined))  # lines of a column are no paragraphs
    return clean.clean(whole, MAX_TEXT).strip()


def _created(reader: PdfReader) -> datetime | None:
    about = reader.metadata
    at = about.creation_date if about else None
    if at is None or not 1990 <= at.year <= 9000:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
