"""What is written to users, and when: each mail is a job, so that it leaves if, and only if, what it tells happened."""

from collections.abc import Callable
from datetime import timedelta
from string import Template
from typing import Final

from application.identity.opaque_tokens import OpaqueToken
from application.identity.ports import IdentityUnitOfWork, ResetToken
from application.identity.security import NewSecret
from application.jobs.ports import Job, JobId
from application.platform.audit import AuditLog
from application.platform.clock import Clock
from application.platform.mail import Mail, Mailer
from application.platform.retry import retried
from domain.errors import UserNotFound
from domain.identity.user import User, UserId, name_key

WELCOME_MAIL: Final = "welcome_mail"
RESET_MAIL: Final = "reset_mail"
RESET_LIFETIME: Final = timedelta(minutes=30)

WELCOME_TEXT: Final = Template("""\
Hello $name,

your account $username is ready. Have a look at what is due today:

$url
""")

RESET_TEXT: Final = Template("""\
Hello $name,

somebody, hopefully you, wants a new password for $username.
This link is good for 30 minutes, and once:

$url/reset-password?token=$token

If it was not you, nothing happens without it.
""")


class MailJobs:
    """Does the jobs of WELCOME_MAIL, whose owner is written to, and RESET_MAIL, whose payload has an `email`.

    The secret of a reset is made when its mail is: no queue and no backup ever holds one.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        mailer: Mailer,
        audit: AuditLog,
        clock: Clock,
        new_secret: NewSecret,
        public_url: str,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._mailer = mailer
        self._audit = audit
        self._clock = clock
        self._new_secret = new_secret
        self._public_url = public_url

    async def welcome(self, job: Job) -> None:
        """Raises MailNotSent. Who has left is not written to."""
        assert job.owner_id is not None
        try:
            user = await self._get(job.owner_id)
        except UserNotFound:
            return
        await self._mailer.send(self._mail(job.id, user, "Welcome to Task Manager", WELCOME_TEXT))

    async def password_reset(self, job: Job) -> None:
        """Raises MailNotSent. To nobody, if no active account has the address."""
        secret = self._new_secret()
        user = await self._permit(job.payload["email"], secret)
        if user is None:
            self._audit.record("password_reset_of_nobody")
            return
        token = OpaqueToken((user.id,), secret)
        mail = self._mail(job.id, user, "Choose a new password", RESET_TEXT, token=token.text)
        await self._mailer.send(mail)
        self._audit.record("password_reset_mailed", user_id=user.id)

    def _mail(self, job_id: JobId, user: User, subject: str, text: Template, **values: str) -> Mail:
        name = " ".join((user.full_name or user.username).split())  # anybody's address may be registered by anybody
        return Mail(
            job_id,
            user.email,
            subject,
            text.substitute(values, name=name, username=user.username, url=self._public_url),
        )

    @retried
    async def _get(self, user_id: UserId) -> User:
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)

    @retried
    async def _permit(self, email: str, secret: bytes) -> User | None:
        """The active account that has the address, and still has it when the secret becomes good for a reset."""
        async with self._unit_of_work() as uow:
            if (found := await uow.users.find_by_login(email)) is None:
                return None
            user = await uow.users.lock(found.id)
            if not user.is_active or name_key(user.email) != name_key(email):
                return None
            token = OpaqueToken((user.id,), secret)
            await uow.reset_tokens.put(ResetToken(user.id, token.hash, self._clock.now() + RESET_LIFETIME))
            await uow.commit()
        return user
