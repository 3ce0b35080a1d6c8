"""A rendered ``Mail`` as the bytes of RFC 5322, for any server: 7-bit, lines of at most 78 characters in the body, CRLF.

Whatever stands in the mail, building it succeeds: Python's ``email`` raises on line breaks in a header and on lone surrogates, so both
are taken out here once more, after all decoding (RELIABILITY 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from watcher.model import Mail
from watcher.text.clean import one_line


def build(mail: Mail, *, sender: str, to: Sequence[str], utf8: bool = False) -> bytes:
    """Return the message.

    :param sender: ``Name <user@domain>`` or the address alone.
    :param to: what the ``To`` header names.
    :param utf8: the server offers SMTPUTF8 and an address needs it (RFC 6531); else every address must be ASCII.
    """
    message = EmailMessage(policy=(SMTPUTF8 if utf8 else SMTP).clone(cte_type="7bit"))
    message["From"] = mailbox(sender)
    message["To"] = [mailbox(address) for address in to]
    message["Subject"] = one_line(mail.subject, 200)
    message["Date"] = format_datetime((mail.sent_at or datetime.now(UTC)).astimezone(UTC))
    message["Message-ID"] = one_line(mail.message_id, 250)
    if mail.references:
        message["In-Reply-To"] = one_line(mail.references[-1], 250)
        message["References"] = " ".join(one_line(reference, 250) for reference in mail.references[-10:])
    if mail.list_id:
        message["List-Id"] = one_line(mail.list_id, 250)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers
    message["Precedence"] = "bulk"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.urgent:
        message["Importance"] = "high"
        message["X-Priority"] = "1"
    message.set_content(_encodable(mail.text) or "\n")
    if mail.html:
        message.add_alternative(_encodable(mail.html), subtype="html")
    return message.as_bytes()


def mailbox(text: str) -> Address:
    """Return a mailbox for a header: the display name cleaned, the domain as ASCII (RFC 5890).

    :raises ValueError: no address.
    """
    name, _ = parseaddr(text)
    local, _, domain = envelope(text).rpartition("@")
    return Address(display_name=one_line(name, 100), username=local, domain=domain)


def envelope(text: str) -> str:
    """Return the bare address of ``Name <user@domain>`` with its domain as ASCII.

    :raises ValueError: no address, or one with white space, controls or brackets.
    """
    _, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii") if not domain.startswith("[") else domain
    except UnicodeError as error:
        raise ValueError(f"{one_line(text, 100)!r} is no e-mail address: {error}") from error
    guessed = address not in text or not text.isprintable()  # parseaddr mends; we do not guess whom to write to
    if guessed or not (local and at and domain) or any(c.isspace() or c in "<>" for c in local + domain):
        raise ValueError(f"{one_line(text, 100)!r} is no e-mail address")
    return f"{local}@{domain}"


def _encodable(text: str) -> str:
    """Return ``text`` without what UTF-8 or SMTP cannot carry: lone surrogates, NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
