"""SMTP with a password: against a real server, whose name is resolved to this machine but is not a loopback name."""

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from aiosmtpd.smtp import LoginPassword

from adapters.mail.transports import is_loopback
from application.platform.mail import MailNotSent
from tests.adapters.mail.test_transports import MAIL, Inbox, mailer, running
from tests.servers.certificates import self_signed

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

HOST: Final = "mail.example.com"
ANN: Final = LoginPassword(b"ann", b"s@cret")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve every name to this machine."""
    resolve = socket.getaddrinfo

    def resolve_here(host: object, *arguments: Any, **options: Any) -> Sequence[Any]:
        return resolve("127.0.0.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a self-signed certificate for HOST and its key."""
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(b"".join(self_signed(HOST)))
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_a_password_is_not_sent_to_a_server_without_tls(inbox: Inbox) -> None:
    with running(inbox) as port, pytest.raises(MailNotSent, match="STARTTLS extension not supported"):
        await mailer(f"smtp://ann:s%40cret@{HOST}:{port}").send(MAIL)
    assert (inbox.logins, inbox.messages) == ([], [])


@pytest.mark.parametrize("user", ["ann:s%40cret@", ""], ids=["password", "open"])
async def test_no_password_and_no_mail_is_sent_if_the_certificate_is_not_trusted(
    inbox: Inbox, server_tls: ssl.SSLContext, user: str
) -> None:
    with running(inbox, tls_context=server_tls) as port, pytest.raises(MailNotSent, match="certificate verify failed"):
        await mailer(f"smtp://{user}{HOST}:{port}").send(MAIL)
    assert (inbox.logins, inbox.messages) == ([], [])


async def test_a_password_is_sent_after_starttls(
    inbox: Inbox, server_tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(inbox, tls_context=server_tls, require_starttls=True, auth_require_tls=True) as port:
        await mailer(f"smtp://ann:s%40cret@{HOST}:{port}").send(MAIL)
    assert inbox.logins == [ANN]
    assert inbox.recipients == [MAIL.to]


async def test_a_password_is_sent_over_implicit_tls(
    inbox: Inbox, server_tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(inbox, ssl_context=server_tls) as port:
        await mailer(f"smtps://ann:s%40cret@{HOST}:{port}").send(MAIL)
    assert inbox.logins == [ANN]


async def test_a_server_on_this_machine_gets_the_password_without_tls(inbox: Inbox) -> None:
    with running(inbox) as port:
        await mailer(f"smtp://ann:s%40cret@localhost:{port}").send(MAIL)
    assert inbox.logins == [ANN]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_addresses_and_localhost_are_on_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["mail.example.com", "localhost.example.com", "127.0.0.1.example.com", "10.0.0.1", "0.0.0.0", "::", "127.1"]
)
def test_other_hosts_may_be_on_another_machine(host: str) -> None:
    assert not is_loopback(host)
