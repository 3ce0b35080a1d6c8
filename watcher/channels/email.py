"""E-mail over SMTP: one transaction for all recipients that are open, an outcome for each (RELIABILITY 2.4).

===============================================  =====================================================
what happens                                     outcome
===============================================  =====================================================
250 after the final dot                          each accepted recipient is SENT
RCPT: 4yz / 5yz                                  that recipient stays DUE / is DEAD
no SMTPUTF8 for a recipient that needs it        that recipient is DEAD
final dot: 4yz / 5yz                             all accepted recipients stay DUE / are DEAD
552 at MAIL or the final dot                     final, ``too_big``: a shorter message may pass
421 anywhere, time-out, disconnection, DNS       retry
STARTTLS missing or failing, bad certificate     slow retry: a fault of configuration; never plaintext
AUTH refused or missing, 530, MAIL refused 5yz   slow retry: a fault of configuration
===============================================  =====================================================

What fails after the final dot's 250 does not count any more.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP

from watcher.channels import mime, smtp_faults
from watcher.errors import DeliveryError
from watcher.model import DeliveryState, EmailSettings, Mail, Message, Receipt, RecipientOutcome, Security

_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. ``command`` and ``data`` are the minima of RFC 5321, 4.5.3.2: giving up before the answer to the final dot makes copies.

    ``connect`` bounds the TCP and TLS handshakes and the banner, ``goodbye`` the QUIT after all is done.
    """

    connect: float = 30.0
    command: float = 300.0
    data: float = 600.0
    goodbye: float = 5.0


class EmailChannel:
    """Recipients behind one SMTP server; a connection for each message.

    :param tls_context: for tests and private authorities; default: the system's certificates, name and chain verified.
    :param hostname: for EHLO; default: this machine's name.
    """

    def __init__(
        self,
        name: str,
        settings: EmailSettings,
        *,
        timeouts: Timeouts | None = None,
        tls_context: ssl.SSLContext | None = None,
        hostname: str | None = None,
    ) -> None:
        self.name = name
        self._settings, self._timeouts, self._hostname = settings, timeouts or Timeouts(), hostname
        self._tls = tls_context if settings.security is not Security.NONE else None
        if self._tls is None and settings.security is not Security.NONE:
            self._tls = ssl.create_default_context()

    async def send(self, message: Message, *, recipients: Sequence[str] = ()) -> Receipt:
        """Send ``message`` to ``recipients`` (all that are configured when empty).

        :returns: an outcome for each; perhaps nobody is SENT.
        :raises DeliveryError: the transaction as a whole failed; each recipient is as open as before.
        """
        if not isinstance(message, Mail):
            raise DeliveryError(self.name, "wrong_message", f"a {type(message).__name__} is no mail", retryable=False)
        client: SMTP | None = None
        try:
            client = await self._connect()
            return await self._transact(client, message, tuple(recipients) or self._settings.to)
        except DeliveryError:
            raise
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:  # ValueError: addresses, host names, ssl's own
            raise smtp_faults.explain(self.name, error, self._secrets()) from None
        finally:
            if client is not None:
                client.close()

    async def _connect(self) -> SMTP:
        """Connect, encrypt and log in as configured; the security that is wanted is had, or there is no connection."""
        settings, patience = self._settings, self._timeouts
        client = SMTP(
            hostname=settings.host,
            port=settings.port or _PORTS[settings.security],
            use_tls=settings.security is Security.TLS,
            start_tls=False,
            tls_context=self._tls,
            local_hostname=self._hostname,
            timeout=patience.command,
        )
        try:
            await client.connect(timeout=patience.connect)
            await client.ehlo()
            if settings.security is Security.STARTTLS:
                await self._encrypt(client)
            if settings.username is not None:
                await self._log_in(client, settings.username)
        except BaseException:  # a cancelled try leaves no connection behind either
            client.close()
            raise
        return client

    async def _encrypt(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise self._settings_fault("starttls_missing", "the server does not offer STARTTLS; nothing is sent in plaintext")
        try:
            await client.starttls(timeout=self._timeouts.connect)
        except aiosmtplib.SMTPResponseException as error:
            if error.code == 421:
                raise
            raise self._settings_fault(
                "starttls_refused", f"the server refuses STARTTLS: {self._answer(error.code, error.message)}"
            ) from None
        await client.ehlo()

    async def _log_in(self, client: SMTP, username: str) -> None:
        if not client.supports_extension("auth"):
            raise self._settings_fault("auth_missing", "the server offers no AUTH, but a username is configured")
        password = self._settings.password.reveal() if self._settings.password is not None else ""
        await client.login(username, password)

    async def _transact(self, client: SMTP, mail: Mail, recipients: Sequence[str]) -> Receipt:
        """MAIL, RCPT for each, DATA; RFC 5321, section 3.3."""
        outcomes: list[RecipientOutcome] = []
        offered = client.supports_extension("smtputf8")
        open_: list[tuple[str, str]] = []  # as configured, as sent
        for address in recipients:
            try:
                bare = mime.envelope(address)
            except ValueError as error:
                outcomes.append(RecipientOutcome(address=address, state=DeliveryState.DEAD, answer=str(error)))
                continue
            if bare.isascii() or offered:
                open_.append((address, bare))
            else:
                outcomes.append(RecipientOutcome(address=address, state=DeliveryState.DEAD, answer="the server does not offer SMTPUTF8"))
        if not open_:
            return Receipt(answer="no recipient can be reached", recipients=tuple(outcomes))
        sender = mime.envelope(self._settings.sender)
        utf8 = not (sender + "".join(bare for _, bare in open_)).isascii()
        if not sender.isascii() and not offered:
            raise self._settings_fault("smtputf8_missing", "the sender's address needs SMTPUTF8, which the server does not offer")
        content = mime.build(mail, sender=self._settings.sender, to=self._named(utf8=utf8), utf8=utf8)
        await self._mail(client, sender, content, utf8=utf8)
        accepted, refused = await self._recipients(client, open_, utf8=utf8)
        outcomes += refused
        answer = "no recipient was accepted"
        if accepted:
            state, answer = await self._data(client, content)
            outcomes += [RecipientOutcome(address=address, state=state, answer=answer) for address in accepted]
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError):  # all is said: the outcome stands
            await client.quit(timeout=self._timeouts.goodbye)
        return Receipt(answer=answer, recipients=tuple(outcomes))

    def _named(self, *, utf8: bool) -> list[str]:
        """The addresses of the ``To`` header: always the whole list, but for those that this server could not transport."""
        good = []
        for address in self._settings.to:
            with contextlib.suppress(ValueError):
                if utf8 or mime.envelope(address).isascii():
                    good.append(address)
        return good

    async def _mail(self, client: SMTP, sender: str, content: bytes, *, utf8: bool) -> None:
        options = ["SMTPUTF8"] if utf8 else []
        if client.supports_extension("size"):  # RFC 1870: a refusal before the bytes are sent
            options.append(f"SIZE={len(content)}")
        try:
            await client.mail(sender, options=options, encoding="utf-8" if utf8 else "ascii")
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code == 552:
                raise self._too_big(error.code, error.message) from None
            if 500 <= error.code < 600:
                raise self._settings_fault(
                    "sender_refused", f"the server refuses the sender: {self._answer(error.code, error.message)}"
                ) from None
            raise

    async def _recipients(self, client: SMTP, open_: Sequence[tuple[str, str]], *, utf8: bool) -> tuple[list[str], list[RecipientOutcome]]:
        accepted: list[str] = []
        refused: list[RecipientOutcome] = []
        for address, bare in open_:
            try:
                await client.rcpt(bare, encoding="utf-8" if utf8 else "ascii")
            except aiosmtplib.SMTPRecipientRefused as error:
                if error.code in smtp_faults.WHOLE or not 400 <= error.code < 600:
                    raise
                state = DeliveryState.DUE if error.code < 500 else DeliveryState.DEAD
                refused.append(RecipientOutcome(address=address, state=state, answer=self._answer(error.code, error.message)))
            else:
                accepted.append(address)
        return accepted, refused

    async def _data(self, client: SMTP, content: bytes) -> tuple[DeliveryState, str]:
        """Send the content; return what the answer to the final dot means for the accepted recipients, and the answer."""
        try:
            response = await client.data(content, timeout=self._timeouts.data)
        except aiosmtplib.SMTPDataError as error:
            if error.code == 552:
                raise self._too_big(error.code, error.message) from None
            if error.code in smtp_faults.WHOLE or not 400 <= error.code < 600:
                raise
            return (DeliveryState.DUE if error.code < 500 else DeliveryState.DEAD), self._answer(error.code, error.message)
        return DeliveryState.SENT, self._answer(response.code, response.message)

    def _answer(self, code: int, text: str) -> str:
        return smtp_faults.answer(code, text, self._secrets())

    def _too_big(self, code: int, text: str) -> DeliveryError:
        return DeliveryError(self.name, "too_big", f"the server finds the message too big: {self._answer(code, text)}", retryable=False)

    def _settings_fault(self, reason: str, detail: str) -> DeliveryError:
        return DeliveryError(self.name, reason, detail, retryable=True, configuration=True)

    def _secrets(self) -> tuple[str, ...]:
        return (self._settings.password.reveal(),) if self._settings.password else ()
