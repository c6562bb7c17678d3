"""Mails to users. Each is a job in the transaction of its cause: it is sent if and only if the cause is committed."""

from collections.abc import Callable
from dataclasses import replace
from string import Template
from typing import Final

from application.identity.events import (
    ResetAddressUnknown,
    ResetMailed,
    ResetMailEvent,
    ResetMailsLimited,
    ResetRequestOutdated,
)
from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork
from application.identity.security import NewSecret
from application.jobs.ports import Job, JobId
from application.platform.clock import Clock
from application.platform.events import RecordEvent
from application.platform.ids import NewId
from application.platform.mail import Mail, Mailer
from application.platform.retry import read, retried
from domain.errors import UserNotFound
from domain.identity.reset_tokens import ResetToken
from domain.identity.user import User, normalize_login

WELCOME_MAIL: Final = "welcome_mail"
RESET_MAIL: Final = "reset_mail"
EMAIL_CHANGED_MAIL: Final = "email_changed_mail"

WELCOME_TEXT: Final = Template("""\
Hello $username,

your account has been created. To see the tasks that are due today, open:

$url
""")

RESET_TEXT: Final = Template("""\
Hello $username,

we received a request to reset the password of your account.
To choose a new password, open this link. It can be used once and expires in 30 minutes:

$url/reset-password?token=$token

If you did not request this, ignore this mail. Your password will not change.
""")


EMAIL_CHANGED_TEXT: Final = Template("""\
Hello $username,

the e-mail address of your account was changed. Mails to this account no longer go to this address.

If you did not request this, contact the operator of $url.
""")


def email_changed_job(before: User, new_id: NewId) -> Job:
    """Return the job that informs the old address. Add it in the transaction that changes the address."""
    payload = {"email": before.email}
    return Job(id=JobId(new_id()), kind=EMAIL_CHANGED_MAIL, owner_id=before.id, payload=payload)


class MailJobs:
    """Run the jobs that send mails to users.

    The owner of a WELCOME_MAIL job is its recipient. The payload of an EMAIL_CHANGED_MAIL job has the old `email` of
    its owner, the payload of a RESET_MAIL job the `email`. The secret of a reset token is created when the job runs, so
    that no queue and no backup contains one.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        mailer: Mailer,
        record: RecordEvent,
        clock: Clock,
        new_secret: NewSecret,
        public_url: str,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._mailer = mailer
        self._record = record
        self._clock = clock
        self._new_secret = new_secret
        self._public_url = public_url

    async def send_welcome(self, job: Job) -> None:
        """Send the welcome mail, unless the user was removed.

        Raises:
            MailNotSent: The mail server did not accept the mail.
            MailRefused: The mail server permanently refused the address.
        """
        if user := await self._find_owner(job):
            await self._mailer.send(self._mail(job.id, user, "Welcome to Task Manager", WELCOME_TEXT))

    async def send_email_changed(self, job: Job) -> None:
        """Inform the old address of a user about the change, unless the user was removed.

        Raises:
            MailNotSent: The mail server did not accept the mail.
            MailRefused: The mail server permanently refused the address.
        """
        if user := await self._find_owner(job):
            mail = self._mail(job.id, user, "Your e-mail address was changed", EMAIL_CHANGED_TEXT)
            await self._mailer.send(replace(mail, to=job.payload["email"]))

    async def send_password_reset(self, job: Job) -> None:
        """Send a mail with a reset link, if an active account has the address and has not got too many such mails.

        Send no mail if the request is older than the lifetime of a token: the user does not expect it any more.

        Raises:
            MailNotSent: The mail server did not accept the mail.
            MailRefused: The mail server permanently refused the address.
        """
        if job.created_at is not None and ResetToken.is_request_outdated(job.created_at, self._clock.now()):
            await self._record(ResetRequestOutdated())
            return
        secret = self._new_secret()
        user = await self._store_reset_token(job, secret)
        if isinstance(user, ResetMailEvent):
            await self._record(user)
            return
        token = OpaqueToken((user.id,), secret)
        mail = self._mail(job.id, user, "Choose a new password", RESET_TEXT, token=token.text)
        await self._mailer.send(mail)
        await self._record(ResetMailed(user.id))

    async def _find_owner(self, job: Job) -> User | None:
        owner_id = job.owner_id
        assert owner_id is not None
        try:
            return await read(self._unit_of_work, lambda uow: uow.users.get(owner_id))
        except UserNotFound:
            return None

    def _mail(self, job_id: JobId, user: User, subject: str, text: Template, **values: str) -> Mail:
        # The mail shows no full name: a stranger may have registered another person's address, and would write to it.
        return Mail(job_id, user.email, subject, text.substitute(values, username=user.username, url=self._public_url))

    @retried
    async def _store_reset_token(self, job: Job, secret: bytes) -> User | ResetMailEvent:
        """Store a reset token for the active user with this address; check the address again under the lock.

        Return the event of a refusal if there is no such user, or if the user has got too many mails.
        """
        email = job.payload["email"]
        async with self._unit_of_work() as uow:
            if (found := await uow.users.find_by_login(email)) is None:
                return ResetAddressUnknown()
            try:
                user = await uow.users.lock(found.id)
            except UserNotFound:
                return ResetAddressUnknown()
            if not user.is_active or normalize_login(user.email) != normalize_login(email):
                return ResetAddressUnknown()
            token_hash = OpaqueToken((user.id,), secret).hash
            token = ResetToken(mail_id=job.id, hash=token_hash, created_at=self._clock.now())
            tokens = (await uow.reset_tokens.find(user.id)).add(token)
            if tokens is None:
                return ResetMailsLimited(user.id)
            await uow.reset_tokens.put(tokens)
            await uow.commit()
        return user
