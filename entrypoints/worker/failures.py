"""How long a failed job waits, and what is stored of its error."""

import random
from datetime import timedelta
from typing import Final

from application.files.ports import FileStoreUnavailable, ForeignFileStore
from application.platform.mail import MailNotSent, MailRefused
from application.platform.unit_of_work import StorageUnavailable
from domain.errors import DomainError
from domain.text import escape_unprintable

MAX_ATTEMPTS: Final = 10
"""A job becomes a dead letter after this many attempts, or killed workers; recurring jobs never do."""

MAX_OUTAGE_ATTEMPTS: Final = 40
"""The same for attempts that failed because a mail server or a store did not work. The last one is made at least
24 hours after the first, whatever the jitter."""

MIN_RETRY_DELAY: Final = timedelta(seconds=5)
MAX_RETRY_DELAY: Final = timedelta(hours=1)
"""The delay starts at the minimum and doubles with each attempt up to the maximum; see `retry_delay`."""

MAX_ERROR: Final = 500
"""Characters that are stored of an error."""

OUTAGES: Final = (MailNotSent, FileStoreUnavailable, ForeignFileStore, StorageUnavailable)

EXPECTED_ERRORS: Final = (DomainError, MailRefused, *OUTAGES)
"""Errors whose messages contain nothing from outside. Messages of other errors may quote replies of servers, with
mail addresses and reset links, or values of database rows: they are logged but not stored."""


class UnknownJobKind(Exception):
    """This worker has no handler for the kind of job. The job waits: a newer version may have added it."""


class Abandoned(Exception):
    """Every worker that started the job was killed, perhaps by the job."""


def retry_delay(attempts: int) -> timedelta:
    """Return the delay after a number of attempts: exponential backoff with jitter between 80 % and 100 %."""
    longest: timedelta = min(MIN_RETRY_DELAY * 2 ** min(attempts - 1, 20), MAX_RETRY_DELAY)
    return longest * random.uniform(0.8, 1)  # noqa: S311 - jitter, not a secret


def max_attempts(error: Exception) -> int:
    """Return after how many attempts a job that failed with an error becomes a dead letter."""
    if isinstance(error, (MailRefused, Abandoned)):
        return 1
    return MAX_OUTAGE_ATTEMPTS if isinstance(error, OUTAGES) else MAX_ATTEMPTS


def format_error(error: Exception) -> str:
    """Return one line to store: the name of the error, and its message if this application writes the message."""
    name = type(error).__name__
    text = f"{name}: {error}" if isinstance(error, EXPECTED_ERRORS) else name
    return escape_unprintable(text[:MAX_ERROR])[:MAX_ERROR]
