"""E-mail against servers that behave as real ones do, and as none should."""

import asyncio
import base64
import ssl
from dataclasses import replace

import aiosmtplib
import pytest
import trustme

from tests.alerts.factories import NOW
from tests.channels.smtp_server import CLOSE, SILENCE, smtp
from watcher.channels import smtp_faults
from watcher.channels.email import EmailChannel, Timeouts
from watcher.errors import DeliveryError
from watcher.model import DeliveryState, EmailSettings, Mail, Secret, Security, TextPost

MAIL = Mail(
    message_id="<abc@example.org>", subject="[r] hello", text="A\n.\nB\n", html="<p>A</p>", list_id="desk <desk.example.org>", sent_at=NOW
)
SETTINGS = EmailSettings(
    to=("a@example.org", "b@example.org", "c@example.org"), sender="Watcher <w@example.org>", host="127.0.0.1", security=Security.NONE
)
QUICK = Timeouts(connect=5.0, command=5.0, data=5.0, goodbye=1.0)
HASTY = Timeouts(connect=0.1, command=0.1, data=0.1, goodbye=0.1)
PASSWORD = "correct horse"


def channel(server, *, timeouts=QUICK, tls=None, **changes):
    return EmailChannel(
        "desk", replace(SETTINGS, port=server.port, **changes), timeouts=timeouts, tls_context=tls, hostname="watcher.example.org"
    )


def states(receipt):
    return {r.address[0]: r.state.value for r in receipt.recipients}


async def failure(server, **more):
    with pytest.raises(DeliveryError) as caught:
        await channel(server, **more).send(MAIL)
    assert caught.value.channel == "desk"
    return caught.value


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


# ---- one transaction, an outcome for each recipient


async def test_a_mail_is_one_transaction_for_all_recipients():
    async with smtp() as server:
        receipt = await channel(server).send(MAIL)
    assert states(receipt) == {"a": "sent", "b": "sent", "c": "sent"}
    assert "queued as 1" in receipt.answer
    assert len(server.messages) == server.connections == 1
    assert [line.split(":")[0].split(" ")[0] for line in server.lines] == ["EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "QUIT"]
    assert server.lines[0] == "EHLO watcher.example.org"
    assert server.lines[1].startswith("MAIL FROM:<w@example.org> SIZE=")


async def test_only_the_recipients_that_are_open_are_tried_and_the_message_is_the_same():
    async with smtp() as server:
        receipt = await channel(server).send(MAIL, recipients=("b@example.org",))
        await channel(server).send(MAIL)
    assert states(receipt) == {"b": "sent"}
    bare = [message.split(b"boundary=")[0] for message in server.messages]
    assert bare[0] == bare[1]
    assert b"To: a@example.org, b@example.org, c@example.org" in server.messages[0]


async def test_one_answer_for_each_recipient():
    """250, 451 and 550 in one transaction (measured with Postfix); row V02 is the 451."""
    async with smtp(RCPT=["250 ok", "451 4.7.1 greylisted", "550 5.1.1 no such user"]) as server:
        receipt = await channel(server).send(MAIL)
    assert states(receipt) == {"a": "sent", "b": "due", "c": "dead"}
    assert {r.address[0]: r.answer for r in receipt.recipients}["c"] == "550 5.1.1 no such user"


async def test_when_all_recipients_are_refused_no_data_is_sent():
    async with smtp(RCPT=["451 later", "550 never", "452 full"]) as server:
        receipt = await channel(server).send(MAIL)
    assert states(receipt) == {"a": "due", "b": "dead", "c": "due"}
    assert "DATA" not in server.lines


@pytest.mark.parametrize(
    ("dot", "state"), [("451 4.3.0 try again", "due"), ("452 full", "due"), ("550 5.7.1 spam", "dead"), ("554 no", "dead")]
)
async def test_the_answer_to_the_final_dot_is_for_all_that_were_accepted(dot, state):
    async with smtp(RCPT=["250 ok", "550 no", "250 ok"], dot=[dot]) as server:
        receipt = await channel(server).send(MAIL)
    assert states(receipt) == {"a": state, "b": "dead", "c": state}


async def test_a_quit_that_goes_wrong_does_not_undo_what_was_accepted():
    """Row V03's mirror: after the 250 the mail is the server's."""
    for ending in (CLOSE, SILENCE, "500 what?"):
        async with smtp(QUIT=[ending]) as server:
            receipt = await channel(server, timeouts=replace(QUICK, goodbye=0.05)).send(MAIL)
        assert states(receipt) == {"a": "sent", "b": "sent", "c": "sent"}


async def test_replies_of_many_lines_and_dots_in_the_text_are_fine():
    async with smtp(RCPT=["250-one\r\n250-two\r\n250 three"], banner=["220-hello\r\n220 there"]) as server:
        assert DeliveryState.SENT in {r.state for r in (await channel(server).send(MAIL)).recipients}
    assert b"\r\n.\r\nB" in server.messages[0]


# ---- the whole fails


@pytest.mark.parametrize(
    ("what", "script", "reason"),
    [
        ("banner 421", {"banner": ["421 too busy"]}, "smtp_421"),
        ("banner 554", {"banner": ["554 no service"]}, "smtp_554"),
        ("banner is not SMTP", {"banner": ["SSH-2.0-OpenSSH_9"]}, "protocol"),
        ("banner of 1 MB", {"banner": ["220 " + "x" * 1_000_000]}, "protocol"),
        ("hangs up at once", {"banner": [CLOSE]}, "disconnected"),
        ("hangs up at MAIL", {"MAIL": [CLOSE]}, "disconnected"),
        ("421 at MAIL", {"MAIL": ["421 closing"]}, "smtp_421"),
        ("451 at MAIL", {"MAIL": ["451 later"]}, "smtp_451"),
        ("421 at the second RCPT", {"RCPT": ["250 ok", "421 closing"]}, "smtp_421"),
        ("421 at DATA", {"DATA": ["421 closing"]}, "smtp_421"),
        ("421 after the final dot", {"dot": ["421 closing"]}, "smtp_421"),
        ("closes before the 250", {"dot": [CLOSE]}, "disconnected"),
        ("nonsense at RCPT", {"RCPT": ["yes"]}, "protocol"),
    ],
)
async def test_what_passes_is_tried_again(what, script, reason):
    """Rows V01, V03, V06."""
    async with smtp(**script) as server:
        error = await failure(server)
    assert (error.reason, error.retryable, error.disable) == (reason, True, False), what


@pytest.mark.parametrize("verb", ["banner", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
async def test_silence_is_a_time_out_at_every_step(verb):
    """Row V03: after the final dot the same Message-ID comes again, ten minutes later by default."""
    async with smtp(**{verb: [SILENCE]}) as server:
        error = await failure(server, timeouts=HASTY)
    assert (error.reason, error.retryable, error.configuration) == ("timeout", True, False)


def test_the_default_patience_is_that_of_rfc_5321():
    assert (Timeouts().command, Timeouts().data) == (300.0, 600.0)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"MAIL": ["530 5.7.0 authentication required"]}, "sender_refused"),
        ({"MAIL": ["553 5.7.1 not your address"]}, "sender_refused"),
        ({"RCPT": ["530 5.7.0 must issue STARTTLS"]}, "smtp_530"),
        ({"EHLO": ["550 go away"], "HELO": ["550 go away"]}, "smtp_550"),
    ],
)
async def test_faults_of_our_settings_are_tried_slowly_and_told(script, reason):
    async with smtp(**script) as server:
        error = await failure(server)
    assert (error.reason, error.retryable, error.configuration) == (reason, True, True)


@pytest.mark.parametrize("script", [{"MAIL": ["552 5.3.4 too big"]}, {"dot": ["552 5.3.4 too big"]}])
async def test_too_big_is_said_so_that_a_shorter_one_can_be_sent(script):
    """Row V05."""
    async with smtp(**script) as server:
        error = await failure(server)
    assert (error.reason, error.retryable) == ("too_big", False)


async def test_a_port_where_nobody_listens_and_a_host_that_does_not_exist():
    async with smtp() as server:
        pass
    assert (await failure(server)).reason in ("refused", "disconnected")
    error = await failure(server, host="no-such-host.invalid")
    assert (error.reason, error.retryable) == ("dns", True)


async def test_a_cancelled_try_leaves_no_connection():
    async with smtp(dot=[SILENCE]) as server:
        task = asyncio.create_task(channel(server).send(MAIL))
        await server.silent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_another_kind_of_message_is_refused():
    with pytest.raises(DeliveryError) as caught:
        await EmailChannel("desk", SETTINGS).send(TextPost(title="", text=""))
    assert caught.value.retryable is False


# ---- STARTTLS, TLS, AUTH

OFFERS = ["250-mail.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN", "250-mail.example.org\r\n250 AUTH PLAIN LOGIN"]


async def test_starttls_then_login(server_tls, trusting):
    async with smtp(server_tls, EHLO=OFFERS) as server:
        receipt = await channel(server, tls=trusting, security=Security.STARTTLS, username="w", password=Secret(PASSWORD)).send(MAIL)
    assert states(receipt)["a"] == "sent"
    assert server.encrypted
    assert [line.split(" ")[0] for line in server.lines][:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


async def test_implicit_tls(server_tls, trusting):
    async with smtp(server_tls, implicit=True) as server:
        assert states(await channel(server, tls=trusting, security=Security.TLS).send(MAIL))["a"] == "sent"


async def test_a_missing_starttls_is_a_failure_and_nothing_goes_in_plaintext(trusting):
    """Row V04: not offered, or stripped on the way."""
    async with smtp() as server:
        error = await failure(server, tls=trusting, security=Security.STARTTLS, username="w", password=Secret(PASSWORD))
    assert (error.reason, error.retryable, error.configuration) == ("starttls_missing", True, True)
    assert server.lines == ["EHLO watcher.example.org"]


@pytest.mark.parametrize("answer", ["454 TLS not available", "501 no"])
async def test_a_refused_starttls_is_a_failure_too(answer, trusting):
    async with smtp(EHLO=OFFERS, STARTTLS=[answer]) as server:
        error = await failure(server, tls=trusting, security=Security.STARTTLS)
    assert (error.reason, error.configuration) == ("starttls_refused", True)


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_certificate_that_cannot_be_verified_ends_it(server_tls, implicit):
    """The default context knows nothing of this authority."""
    async with smtp(server_tls, implicit=implicit, EHLO=OFFERS) as server:
        error = await failure(server, security=Security.TLS if implicit else Security.STARTTLS)
    assert (error.reason, error.configuration, server.messages) == ("tls_certificate", True, [])


async def test_a_certificate_for_another_name_ends_it(authority, trusting):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.org").configure_cert(context)
    async with smtp(context, EHLO=OFFERS) as server:
        error = await failure(server, tls=trusting, security=Security.STARTTLS)
    assert error.reason == "tls_certificate"


async def test_tls_to_a_plaintext_port_is_a_fault_of_configuration(trusting):
    async with smtp() as server:
        error = await failure(server, tls=trusting, security=Security.TLS)
    assert (error.reason, error.configuration) == ("tls", True)


@pytest.mark.parametrize("answer", ["535 5.7.8 bad credentials", "534 5.7.9 app password", "530 no", "454 4.7.0 later", "538 encrypt"])
async def test_a_refused_login_is_tried_slowly_and_told(answer):
    async with smtp(EHLO=["250-x\r\n250 AUTH PLAIN"], AUTH=[answer]) as server:
        error = await failure(server, username="w", password=Secret(PASSWORD))
    assert (error.reason, error.retryable, error.configuration) == (f"smtp_{answer[:3]}", True, True)


async def test_a_login_that_is_not_offered_is_told():
    async with smtp() as server:
        assert (await failure(server, username="w", password=Secret(PASSWORD))).reason == "auth_missing"


async def test_a_login_with_methods_that_we_do_not_speak_is_told():
    async with smtp(EHLO=["250-x\r\n250 AUTH GSSAPI"]) as server:
        error = await failure(server, username="w", password=Secret(PASSWORD))
    assert error.configuration


async def test_the_password_is_in_no_error_even_when_the_server_repeats_it():
    """Assertion U4."""
    whole = base64.b64encode(b"\0w\0" + PASSWORD.encode()).decode()
    for said in (PASSWORD, whole, base64.b64encode(PASSWORD.encode()).decode()):
        async with smtp(EHLO=["250-x\r\n250 AUTH PLAIN"], AUTH=[f"535 you said {said}"]) as server:
            error = await failure(server, username="w", password=Secret(PASSWORD))
        shown = f"{error} {error!r} {error.__dict__} {error.__cause__}"
        assert PASSWORD not in shown
        assert said not in shown


# ---- addresses beyond ASCII


async def test_a_recipient_that_needs_smtputf8_is_dead_where_it_is_not_offered_and_the_others_are_sent():
    """Row V05."""
    async with smtp() as server:
        receipt = await channel(server, to=("é@example.org", "b@example.org")).send(MAIL)
    assert states(receipt) == {"é": "dead", "b": "sent"}
    assert server.messages[0].isascii()


async def test_smtputf8_is_used_where_it_is_offered_and_needed():
    async with smtp(EHLO=["250-x\r\n250-8BITMIME\r\n250 SMTPUTF8"]) as server:
        assert states(await channel(server, to=("é@example.org", "b@example.org")).send(MAIL)) == {"é": "sent", "b": "sent"}
        await channel(server, to=("b@example.org",)).send(MAIL)
    mails = [line for line in server.lines if line.startswith("MAIL")]
    assert "SMTPUTF8" in mails[0]
    assert "SMTPUTF8" not in mails[1]
    assert "BODY" not in mails[0] + mails[1]


async def test_an_address_that_is_none_is_dead_by_itself():
    async with smtp() as server:
        receipt = await channel(server, to=("nonsense", "b@example.org")).send(MAIL)
    assert states(receipt) == {"n": "dead", "b": "sent"}


async def test_a_sender_that_is_none_is_a_fault_of_configuration():
    async with smtp() as server:
        assert (await failure(server, sender="nonsense")).configuration


# ---- every exception of the library below


def exceptions(kind):
    yield kind
    for each in kind.__subclasses__():
        yield from exceptions(each)


@pytest.mark.parametrize("kind", sorted({*exceptions(aiosmtplib.SMTPException)}, key=lambda k: k.__name__), ids=lambda k: k.__name__)
def test_every_exception_of_aiosmtplib_is_mapped(kind):
    """A new version that grows one fails here, not at night."""
    if issubclass(kind, aiosmtplib.SMTPRecipientsRefused):
        error = kind([])
    elif issubclass(kind, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPRecipientRefused):
        error = kind(450, "later", "a@example.org")
    elif issubclass(kind, aiosmtplib.SMTPResponseException):
        error = kind(450, "later")
    else:
        error = kind("words")
    got = smtp_faults.explain("desk", error)
    assert got.retryable
    assert got.reason in {"timeout", "disconnected", "not_supported", "smtp", "recipients_refused", "smtp_450"}
