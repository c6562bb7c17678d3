import email
from collections.abc import Iterator
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
from adapters.mail.transports import transport_of
from application.platform.mail import Mail, MailNotSent
from tests.servers.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

SENDER: Final = "Task Manager <noreply@tasks.example.com>"
MAIL: Final = Mail(
    UUID("01900000-0000-7000-8000-000000000001"), "ann@example.com", "Grüße", "Hello Ann,\n\n" + "ü" * 90 + "\n"
)


class Inbox:
    """What a real SMTP server took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("250"):
            self.messages.append(email.message_from_bytes(envelope.content, policy=default))
            self.recipients += envelope.rcpt_tos
        return self.answer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(params=["open", "wants a password"])
def smtp_url(inbox: Inbox, request: pytest.FixtureRequest) -> Iterator[str]:
    """Of a server that lets ann in, or everybody."""

    def is_ann(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(b"ann", b"s@cret"))

    is_open = request.param == "open"
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=is_ann,
        auth_required=not is_open,
        auth_require_tls=False,
    )
    controller.start()
    yield f"smtp://{'' if is_open else 'ann:s%40cret@'}127.0.0.1:{controller.port}"
    controller.stop()


def mailer(url: str) -> TransportMailer:
    return TransportMailer(transport_of(url), SENDER)


async def test_a_mail_reaches_a_server(inbox: Inbox, smtp_url: str) -> None:
    await mailer(smtp_url).send(MAIL)

    (message,) = inbox.messages
    assert inbox.recipients == ["ann@example.com"]
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert message.get_content().replace("\r\n", "\n") == MAIL.text


async def test_a_mail_says_when_it_was_sent(inbox: Inbox, smtp_url: str) -> None:
    """RFC 5322, section 3.6."""
    began = datetime.now(UTC).replace(microsecond=0)
    await mailer(smtp_url).send(MAIL)

    (message,) = inbox.messages
    assert began <= message["Date"].datetime <= datetime.now(UTC)


async def test_a_mail_sent_twice_can_be_told_to_be_one(inbox: Inbox, smtp_url: str) -> None:
    for _ in range(2):
        await mailer(smtp_url).send(MAIL)
    assert {message["Message-ID"] for message in inbox.messages} == {f"<{MAIL.id}@tasks.example.com>"}


async def test_a_wrong_password_sends_nothing(inbox: Inbox, smtp_url: str) -> None:
    with pytest.raises(MailNotSent):
        await mailer(f"smtp://ann:wrong@{smtp_url.rpartition('@')[2].removeprefix('smtp://')}").send(MAIL)
    assert inbox.messages == []


@pytest.mark.parametrize("answer", ["451 later", "550 no such user", "554 no"])
async def test_what_a_server_does_not_take_is_not_sent(inbox: Inbox, smtp_url: str, answer: str) -> None:
    inbox.answer = answer
    with pytest.raises(MailNotSent):
        await mailer(smtp_url).send(MAIL)


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:1", "smtps://127.0.0.1:1", "file:///dev/null/folder"])
async def test_where_nobody_is_nothing_is_sent(url: str) -> None:
    with pytest.raises(MailNotSent):
        await mailer(url).send(MAIL)


async def test_a_folder_gets_a_file_each_whole_when_it_appears(tmp_path: Path) -> None:
    for _ in range(2):
        await mailer(f"file://{tmp_path}/mail").send(MAIL)
    messages = [
        email.message_from_bytes(path.read_bytes(), policy=default)
        for path in (tmp_path / "mail").iterdir()
        if path.suffix == ".eml"
    ]
    assert len(messages) == len(list((tmp_path / "mail").iterdir())) == 2
    assert {message["Subject"] for message in messages} == {MAIL.subject}


async def test_the_console_shows_it_to_who_develops(capsys: pytest.CaptureFixture[str]) -> None:
    await mailer("console:").send(Mail(MAIL.id, MAIL.to, "Hello", "Some text"))
    shown = capsys.readouterr().out
    assert "To: ann@example.com" in shown
    assert "Some text" in shown


async def test_what_the_console_shows_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    link = f"https://tasks.example.com/reset-password?token={'A' * 64}"
    await mailer("console:").send(Mail(MAIL.id, MAIL.to, "Grüße", f"Hello Zoë,\n\n{link}\n"))
    shown = capsys.readouterr().out
    assert "Subject: Grüße\n" in shown
    assert f"Hello Zoë,\n\n{link}\n" in shown


@pytest.mark.parametrize("url", ["http://x", "mail:", ""])
def test_no_other_way_is_known(url: str) -> None:
    with pytest.raises(ValueError, match="a mail URL begins with"):
        transport_of(url)
