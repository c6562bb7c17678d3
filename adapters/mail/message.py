from datetime import UTC, datetime
from email.headerregistry import AddressHeader
from email.message import EmailMessage

from application.platform.mail import Mail


def build_message(mail: Mail, sender: str) -> EmailMessage:
    """Return the e-mail. Repeated attempts have the same Message-ID, so that mail clients can drop duplicates."""
    message = EmailMessage()
    message["Date"] = datetime.now(UTC)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: suppresses automatic replies
    message.set_content(mail.text)
    return message


def addresses_in(header: AddressHeader) -> list[str]:
    """Return the addresses of a header without their names, as programs that decode it read them."""
    return [address.addr_spec for address in header.addresses]
