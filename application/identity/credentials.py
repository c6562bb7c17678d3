from collections.abc import Callable
from hashlib import blake2b

from application.identity.events import EmailChangeRefused, PasswordRefused
from application.identity.ports import IdentityUnitOfWork
from application.identity.security import PasswordHasher
from application.platform.clock import Clock
from application.platform.events import RecordEvent
from application.platform.rate_limits import RateLimitService
from application.platform.retry import read
from domain.errors import WrongPassword
from domain.identity.actor import Actor
from domain.identity.address import address_block
from domain.identity.password import PasswordPolicy, hashed_forms, normalize_password
from domain.identity.user import User, UserId, normalize_login


class Credentials:
    """Verify passwords and limit wrong ones, and hash new passwords that meet the policy.

    All use cases verify passwords here, so that all wrong passwords for an account count together.
    """

    def __init__(
        self,
        unit_of_work: Callable[[], IdentityUnitOfWork],
        policy: PasswordPolicy,
        hasher: PasswordHasher,
        rate_limits: RateLimitService,
        record: RecordEvent,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._policy = policy
        self._hasher = hasher
        self._rate_limits = rate_limits
        self._record = record
        self._clock = clock

    async def hash(self, password: str, *, username: str, email: str) -> str:
        """Check a new password against the policy and return its hash.

        Raises:
            WeakPassword: The password breaks a rule of the policy.
        """
        return await self._hasher.hash(self._policy.validate(password, username=username, email=email))

    async def verify(
        self, user: User | None, password: str, *, login: str, address: str | None, actor_id: UserId | None = None
    ) -> str | None:
        """Return the password of an active user in the form that is hashed, or None if the password is wrong.

        A wrong password counts as a failed login. Without an active user, the method takes the same time and counts in
        the same way, so that neither reveals accounts.

        Args:
            user: The user with this login, or None if there is none.
            password: The password in plain text.
            login: The username or e-mail address that the client sent.
            address: The IP address of the client, if it is known.
            actor_id: The user, if authenticated before.

        Raises:
            RateLimited: Too many passwords for this account were wrong.
        """

        async def is_known() -> bool:
            return user is not None and await self._has_session_from(user.id, address or "")

        user_id = user.id if user else None
        guess = await self._rate_limits.guess(
            _account_key(user, login), address or "", is_known, user_id=user_id, actor_id=actor_id
        )
        try:
            form = await self._find_hashed_form(password, user.password_hash if user and user.is_active else None)
        except Exception:
            await self._rate_limits.refund(guess)
            raise
        if form is not None:
            await self._rate_limits.refund(guess)
        return form

    async def _find_hashed_form(self, password: str, password_hash: str | None) -> str | None:
        """Return the form of the password that was hashed. The time of a failure depends on the password only."""
        for form in hashed_forms(password):
            if await self._hasher.verify(form, password_hash):
                return form
        return None

    async def require_current_password(
        self, actor: Actor, password: str, address: str | None, *, refusal: type[PasswordRefused]
    ) -> User:
        """Check the password of the actor before a change that a stolen token must not allow. Return the user.

        Args:
            actor: Who makes the change.
            password: The current password of the actor, in plain text.
            address: The IP address of the client, if it is known.
            refusal: The event of a wrong password.

        Raises:
            UserNotFound: The account was deleted meanwhile.
            WrongPassword: This is not the actor's password. It counts as a failed login.
            RateLimited: Too many passwords for this account were wrong.
        """
        user: User = await read(self._unit_of_work, lambda uow: uow.users.get(actor.user_id))
        form = await self.verify(user, password, login=user.username, address=address, actor_id=user.id)
        if form is None:
            await self._record(refusal(user.id, user.id, address))
            raise WrongPassword
        return user

    async def confirm_email_change(self, actor: Actor, password: str, address: str | None) -> User:
        """Check the actor's password before a change of the actor's e-mail address, and count the change.

        Each change sends a mail to the old address. Without a limit, one account could flood the mailbox of a stranger.

        Raises:
            RateLimited: Too many changes or wrong passwords. See `require_current_password` for other errors.
        """
        user = await self.require_current_password(actor, password, address, refusal=EmailChangeRefused)
        await self._rate_limits.change_email(user.id)
        return user

    async def rehash_if_outdated(self, user: User, hashed_form: str) -> str | None:
        """Return a new hash if the stored one has outdated parameters or an unnormalised password, otherwise None.

        Args:
            user: The user with the stored hash.
            hashed_form: What `verify` returned.
        """
        normalized = normalize_password(hashed_form)
        is_outdated = hashed_form != normalized or self._hasher.is_outdated(user.password_hash)
        return await self._hasher.hash(normalized) if is_outdated else None

    async def _has_session_from(self, user_id: UserId, address: str) -> bool:
        sessions = await read(self._unit_of_work, lambda uow: uow.sessions.find_by_user(user_id))
        now, block = self._clock.now(), address_block(address)
        return any(
            session.ip_address and address_block(session.ip_address) == block and not session.is_expired(now)
            for session in sessions
        )


def _account_key(user: User | None, login: str) -> str:
    """Return a key for all wrong passwords of an account, whether the client sends the username or the e-mail address.

    It depends on the stored hash: a new password gets a new limit, so that a reset also ends a lock. The key is itself
    a hash, because users sometimes type a password as the name.
    """
    identity = f"{user.id} {user.password_hash}" if user else normalize_login(login)
    return blake2b(identity.encode(errors="surrogatepass"), digest_size=16).hexdigest()
