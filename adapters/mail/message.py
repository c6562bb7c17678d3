from datetime import UTC, datetime
from email.message import EmailMessage

from application.platform.mail import Mail


def message_of(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["Date"] = datetime.now(UTC)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice is wanted
    message.set_content(mail.text)
    return message
