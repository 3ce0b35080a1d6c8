"""Every exception of aiosmtplib, ssl and the system during an SMTP exchange -> one ``DeliveryError``."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Sequence

import aiosmtplib

from watcher.errors import DeliveryError
from watcher.text.clean import one_line

WHOLE = frozenset({421, 530, 534, 535, 538})
"""Replies that speak of the connection, wherever they come: closing down, and authentication wanted."""

_LOGIN = frozenset({454, 530, 534, 535, 538})


def explain(channel: str, error: Exception, secrets: Sequence[str] = ()) -> DeliveryError:
    """Return what ``error`` means for the delivery.

    :param secrets: what must not be in the text, were a server to repeat it.
    """
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _response(channel, error, secrets)
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _settings(channel, "tls_certificate", f"the server's certificate cannot be verified: {cause.verify_message or cause.reason}")
    if isinstance(cause, ssl.SSLError):
        return _settings(channel, "tls", f"the TLS handshake failed: {one_line(str(cause.reason or 'no TLS'), 80)}")
    if isinstance(cause, socket.gaierror):
        return DeliveryError(channel, "dns", "the server's name cannot be looked up", retryable=True)
    if isinstance(error, TimeoutError):
        return DeliveryError(channel, "timeout", "the server does not answer in time", retryable=True)
    if isinstance(cause, ConnectionRefusedError):
        return DeliveryError(channel, "refused", "the server refuses the connection", retryable=True)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return DeliveryError(channel, "recipients_refused", "the server refuses all recipients", retryable=True)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return _settings(channel, "not_supported", scrub(str(error), secrets))
    if isinstance(error, ConnectionError | OSError):
        return DeliveryError(channel, "disconnected", "the connection was lost or could not be made", retryable=True)
    if isinstance(error, aiosmtplib.SMTPException):  # the library's own words, e.g. no common AUTH method
        return _settings(channel, "smtp", scrub(str(error), secrets))
    return _settings(channel, "settings", f"cannot be sent with these settings: {scrub(str(error), secrets)}")


def answer(code: int, text: str, secrets: Sequence[str] = ()) -> str:
    """Return a server's reply as one line for the history."""
    return scrub(f"{code} {text}", secrets)


def scrub(text: str, secrets: Sequence[str], limit: int = 300) -> str:
    """Return a server's words as one line, without a secret that it may repeat, plain or in base64."""
    for secret in filter(None, secrets):
        for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("=")):
            text = text.replace(form, "<secret>")
    return one_line(text, limit)


def _response(channel: str, error: aiosmtplib.SMTPResponseException, secrets: Sequence[str]) -> DeliveryError:
    said = answer(error.code, error.message, secrets)
    if error.code == 421:
        return DeliveryError(channel, "smtp_421", f"the server is closing: {said}", retryable=True)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or error.code in _LOGIN:
        return _settings(channel, f"smtp_{error.code}", f"the server refuses the login, or wants one: {said}")
    if not 200 <= error.code < 600:
        return DeliveryError(channel, "protocol", f"the answer is not SMTP: {said}", retryable=True)
    return DeliveryError(channel, f"smtp_{error.code}", f"the server answered {said}", retryable=True, configuration=error.code >= 500)


def _settings(channel: str, reason: str, detail: str) -> DeliveryError:
    return DeliveryError(channel, reason, detail, retryable=True, configuration=True)


def _cause(error: BaseException) -> BaseException:
    """Return what the library wrapped: ssl's or the system's own exception, at most a few links down."""
    found: BaseException | None = error
    for _ in range(5):
        if found is None or isinstance(found, ssl.SSLError | socket.gaierror | ConnectionRefusedError):
            break
        found = found.__cause__ or found.__context__
    return found if found is not None else error
