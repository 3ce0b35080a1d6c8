"""Every exception of aiohttp, ssl and the system -> one ``FetchError`` with a stable reason and words for people.

The words are ours: a foreign exception's text may hold a URL with its credentials.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

import aiohttp
from aiohttp import http_exceptions

from watcher.errors import BlockedAddress, FetchError, FetchTimeout, Trouble
from watcher.net import address
from watcher.net.resolver import VetoError

# OpenSSL's X509_V_ERR_* numbers.
_CERTIFICATE = {
    9: ("tls_not_yet_valid", "the server's certificate is not valid yet"),
    10: ("tls_expired", "the server's certificate has expired"),
    18: ("tls_self_signed", "the server's certificate is self-signed"),
    19: ("tls_self_signed", "the server's certificate chain ends in an unknown, self-signed certificate"),
    20: ("tls_untrusted", "the issuer of the server's certificate is unknown, or the server does not send its chain"),
    21: ("tls_untrusted", "the server does not send its certificate's chain"),
    23: ("tls_revoked", "the server's certificate was revoked"),
    62: ("tls_name", "the server's certificate is for another name"),
    64: ("tls_name", "the server's certificate is for another address"),
}
_UNVERIFIED = ("tls_certificate", "the server's certificate cannot be verified")
_VERSION = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW", "NO_PROTOCOLS_AVAILABLE")
_SYSTEM = {
    errno.ECONNREFUSED: ("refused", "the server refuses the connection"),
    errno.ECONNRESET: ("reset", "the server broke the connection off"),
    errno.ECONNABORTED: ("reset", "the connection was broken off"),
    errno.EPIPE: ("reset", "the server broke the connection off"),
    errno.EHOSTUNREACH: ("unreachable", "there is no route to the server"),
    errno.ENETUNREACH: ("unreachable", "there is no route to the server's network"),
    errno.ETIMEDOUT: ("timeout", "the connection timed out"),
    errno.EMFILE: ("descriptors", "this process has no file descriptor left"),
    errno.ENFILE: ("descriptors", "this machine has no file descriptor left"),
    errno.EADDRNOTAVAIL: ("unreachable", "no local address can reach the server"),
}


def translate(fault: BaseException, url: str) -> FetchError:
    """Return the ``FetchError`` that says what went wrong with ``url`` (which must carry no credentials).

    :param fault: any ``aiohttp.ClientError``, ``OSError``, ``TimeoutError`` or ``ValueError`` of an exchange.
    """
    for cause in _causes(fault):
        if isinstance(cause, VetoError):
            return BlockedAddress(url, network=address.block(cause.where), where=cause.where)
        code = getattr(cause, "verify_code", None)  # aiohttp's wrapper is of ssl's kind, and has none
        if isinstance(cause, ssl.SSLCertVerificationError) and code is not None:
            reason, detail = _CERTIFICATE.get(code, _UNVERIFIED)
            return FetchError(url, reason, detail)
    if isinstance(fault, ssl.SSLCertVerificationError):
        return FetchError(url, *_UNVERIFIED)
    if isinstance(fault, aiohttp.ServerTimeoutError):
        return FetchTimeout(url, detail="no connection in time" if isinstance(fault, aiohttp.ConnectionTimeoutError) else "")
    if isinstance(fault, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return FetchError(url, "proxy", "the proxy cannot be reached or refuses", trouble=Trouble.TEMPORARY)
    if isinstance(fault, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return _dns(fault, url)
    if isinstance(fault, ssl.SSLError | aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        return _tls(fault, url)
    if isinstance(fault, aiohttp.ClientPayloadError):
        return FetchError(url, "truncated", "the body ends early", trouble=Trouble.TEMPORARY)
    if isinstance(fault, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | UnicodeError):
        return FetchError(url, "url", "the URL cannot be asked for")
    if isinstance(fault, aiohttp.ServerDisconnectedError):
        return _disconnected(fault, url)
    if isinstance(fault, aiohttp.ClientResponseError | http_exceptions.HttpProcessingError | ValueError):
        return FetchError(url, "protocol", "the answer is not HTTP, or its headers are too large")
    if isinstance(fault, TimeoutError) and not getattr(fault, "errno", None):
        return FetchTimeout(url)
    return _system(fault, url)


def _causes(fault: BaseException) -> list[BaseException]:
    """Return the exception with what it stands for: aiohttp keeps the system's own in ``os_error``, ssl's as an argument."""
    chain: list[BaseException] = []
    todo: list[object] = [fault]
    while todo and len(chain) < 10:
        each = todo.pop()
        if isinstance(each, BaseException) and each not in chain:
            chain.append(each)
            todo += [getattr(each, "_os_error", None), getattr(each, "_certificate_error", None), each.__cause__]
    return chain


def _dns(fault: BaseException, url: str) -> FetchError:
    for cause in _causes(fault):
        if isinstance(cause, socket.gaierror) and cause.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return FetchError(url, "dns", "the host's name is unknown", trouble=Trouble.TEMPORARY)
    return FetchError(url, "dns", "the host's name cannot be looked up at the moment", trouble=Trouble.TEMPORARY)


def _tls(fault: BaseException, url: str) -> FetchError:
    names = " ".join(str(getattr(cause, "reason", "") or "") for cause in _causes(fault))
    if any(word in names for word in _VERSION):
        return FetchError(url, "tls_version", "the server speaks only versions of TLS that are no longer safe")
    if "WRONG_VERSION_NUMBER" in names or "HTTP_REQUEST" in names:
        return FetchError(url, "tls", "the server does not speak TLS on that port")
    return FetchError(url, "tls", "the TLS handshake failed")


def _disconnected(fault: aiohttp.ServerDisconnectedError, url: str) -> FetchError:
    if isinstance(fault.message, str) and fault.message != "Server disconnected":
        return FetchError(url, "protocol", "the answer is not HTTP")
    return FetchError(url, "reset", "the server closed the connection without an answer", trouble=Trouble.TEMPORARY)


def _system(fault: BaseException, url: str) -> FetchError:
    for cause in _causes(fault):
        number = getattr(cause, "errno", None)
        if isinstance(cause, OSError) and isinstance(number, int):
            reason, detail = _SYSTEM.get(number, ("connection", f"the connection failed: {os.strerror(number).lower()}"))
            if reason == "timeout":
                return FetchTimeout(url, detail=detail)
            return FetchError(url, reason, detail, trouble=Trouble.TEMPORARY)
    return FetchError(url, "connection", "the connection failed", trouble=Trouble.TEMPORARY)
