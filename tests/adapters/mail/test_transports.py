import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from adapters.mail.mailer import TransportMailer
from adapters.mail.message import build_message
from adapters.mail.transports import SmtpTransport, create_transport
from application.platform.mail import Mail, MailNotSent, MailRefused
from tests.servers.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SENDER: Final = "Task Manager <noreply@tasks.example.com>"
MAIL: Final = Mail(
    UUID("01900000-0000-7000-8000-000000000001"), "ann@example.com", "Grüße", "Hello Ann,\n\n" + "ü" * 90 + "\n"
)


class Inbox:
    """The mails and passwords that a real SMTP server received."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.logins: list[object] = []
        self.recipient_reply = "250 OK"
        self.reply = "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=data == LoginPassword(b"ann", b"s@cret"), handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.reply.startswith("250"):
            self.messages.append(email.message_from_bytes(envelope.content, policy=default))
            self.senders.append(str(envelope.mail_from))
            self.recipients += envelope.rcpt_tos
        return self.reply


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(params=["open", "password"])
def smtp_url(inbox: Inbox, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server that accepts Ann only, or all clients."""
    is_open = request.param == "open"
    with running(inbox, auth_required=not is_open) as port:
        yield f"smtp://{'' if is_open else 'ann:s%40cret@'}127.0.0.1:{port}"


@contextmanager
def running(inbox: Inbox, **options: Any) -> Iterator[int]:
    """Run an SMTP server and return its port."""
    usual: dict[str, Any] = {"authenticator": inbox.authenticate, "auth_require_tls": False}
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **usual | options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def mailer(url: str) -> TransportMailer:
    return TransportMailer(create_transport(url), SENDER)


async def test_a_mail_is_delivered_to_a_server(inbox: Inbox, smtp_url: str) -> None:
    await mailer(smtp_url).send(MAIL)

    (message,) = inbox.messages
    assert inbox.recipients == ["ann@example.com"]
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


@pytest.mark.parametrize("address", ["=?utf-8?q?bob?=@corp.example", "bob@corp.example, eve@evil.example"])
async def test_a_mail_is_not_sent_to_an_address_that_reads_as_another_one(inbox: Inbox, address: str) -> None:
    with running(inbox) as port, pytest.raises(MailRefused, match="another mailbox"):
        await mailer(f"smtp://127.0.0.1:{port}").send(replace(MAIL, to=address))
    assert inbox.recipients == []


async def test_the_envelope_does_not_depend_on_the_headers(inbox: Inbox) -> None:
    message = build_message(MAIL, SENDER)
    with running(inbox) as port:
        await create_transport(f"smtp://127.0.0.1:{port}").send(message, sender="a@b.example", recipient="c@d.example")
    assert (inbox.senders, inbox.recipients) == (["a@b.example"], ["c@d.example"])


async def test_a_mail_has_a_date(inbox: Inbox, smtp_url: str) -> None:
    """RFC 5322, section 3.6."""
    started_at = datetime.now(UTC).replace(microsecond=0)
    await mailer(smtp_url).send(MAIL)

    (message,) = inbox.messages
    assert started_at <= message["Date"].datetime <= datetime.now(UTC)


async def test_repeated_mails_have_the_same_message_id(inbox: Inbox, smtp_url: str) -> None:
    for _ in range(2):
        await mailer(smtp_url).send(MAIL)
    assert {message["Message-ID"] for message in inbox.messages} == {f"<{MAIL.id}@tasks.example.com>"}


async def test_a_wrong_password_sends_nothing(inbox: Inbox, smtp_url: str) -> None:
    with pytest.raises(MailNotSent):
        await mailer(f"smtp://ann:wrong@{smtp_url.rpartition('@')[2].removeprefix('smtp://')}").send(MAIL)
    assert inbox.messages == []


async def test_a_server_that_does_not_respond_fails_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailNotSent):
        transport = SmtpTransport(f"smtp://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        await TransportMailer(transport, SENDER).send(MAIL)


@pytest.mark.parametrize(
    ("reply", "codes"),
    [
        ("451 4.3.0 later", "451 4.3.0"),
        ("550 no such user", "550"),
        ("554-5.7.1 \x1b[31mno\r\n554 5.7.1 no", "554 5.7.1"),
    ],
)
async def test_a_refused_mail_raises_an_error_with_the_codes_of_the_reply(
    inbox: Inbox, smtp_url: str, reply: str, codes: str
) -> None:
    inbox.reply = reply
    with pytest.raises(MailNotSent) as error:
        await mailer(smtp_url).send(MAIL)
    assert str(error.value) == f"SMTPDataError: {codes}"


async def test_the_error_for_a_refused_recipient_does_not_contain_the_address(inbox: Inbox, smtp_url: str) -> None:
    inbox.recipient_reply = "550 5.1.1 no such user ann@example.com"
    with pytest.raises(MailRefused) as error:
        await mailer(smtp_url).send(MAIL)
    assert str(error.value) == "SMTPRecipientRefused: 550 5.1.1"


@pytest.mark.parametrize("reply", ["450 4.2.1 later", "554 5.7.1 relay access denied", "451 later"])
async def test_a_recipient_that_is_not_refused_permanently_may_be_tried_again(
    inbox: Inbox, smtp_url: str, reply: str
) -> None:
    inbox.recipient_reply = reply
    with pytest.raises(MailNotSent, match=f"SMTPRecipientRefused: {reply[:3]}"):
        await mailer(smtp_url).send(MAIL)


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:1", "smtps://127.0.0.1:1", "file:///dev/null/folder"])
async def test_an_unreachable_server_raises_mail_not_sent(url: str) -> None:
    with pytest.raises(MailNotSent):
        await mailer(url).send(MAIL)


async def test_each_mail_becomes_a_complete_file_in_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        await mailer(f"file://{tmp_path}/mail").send(MAIL)
    messages = [
        email.message_from_bytes(path.read_bytes(), policy=default)
        for path in (tmp_path / "mail").iterdir()
        if path.suffix == ".eml"
    ]
    assert len(messages) == len(list((tmp_path / "mail").iterdir())) == 2
    assert {message["Subject"] for message in messages} == {MAIL.subject}


async def test_the_console_transport_prints_the_mail(capsys: pytest.CaptureFixture[str]) -> None:
    await mailer("console:").send(Mail(MAIL.id, MAIL.to, "Hello", "Some text"))
    shown = capsys.readouterr().out
    assert "To: ann@example.com" in shown
    assert "Some text" in shown


async def test_printed_text_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    await mailer("console:").send(Mail(MAIL.id, MAIL.to, "Hello", "a\x1b[31m\x9b\x07\u202e\n\tb"))
    assert "\n|\n| a\\x1b[31m\\x9b\\x07\\u202e\n| \\tb\n" in capsys.readouterr().out


async def test_printed_links_are_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    link = f"https://tasks.example.com/reset-password?token={'A' * 64}"
    await mailer("console:").send(Mail(MAIL.id, MAIL.to, "Grüße", f"Hello Zoë,\n\n{link}\n"))
    shown = capsys.readouterr().out
    assert shown.startswith("--- mail ---\n| From: ")
    assert "| Subject: Grüße\n" in shown
    assert f"| Hello Zoë,\n|\n| {link}\n------------\n" in shown


@pytest.mark.parametrize("url", ["http://x", "mail:", ""])
def test_other_url_schemes_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a mail URL must begin with"):
        create_transport(url)
