from dataclasses import dataclass, field

from application.ports.clock import Clock
from application.ports.ids import NewId
from application.ports.security import AccessToken, AccessTokens, PasswordHasher
from application.ports.storage import UnitOfWorkFactory
from application.retry import retried
from domain.errors import InvalidCredentials
from domain.password import PasswordPolicy
from domain.text import is_storable
from domain.user import User, UserId, valid_email, valid_full_name, valid_timezone, valid_username


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUser:
    username: str
    email: str
    password: str = field(repr=False)
    full_name: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Login:
    user: User
    access_token: AccessToken


class AccountService:
    """Becoming a user, and proving to be one."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        hasher: PasswordHasher,
        tokens: AccessTokens,
        password_policy: PasswordPolicy,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._tokens = tokens
        self._password_policy = password_policy
        self._clock = clock
        self._new_id = new_id

    async def register(self, command: RegisterUser) -> User:
        """Raises the InvalidValue of a field, WeakPassword, UsernameTaken, EmailTaken."""
        username, email = valid_username(command.username), valid_email(command.email)
        full_name, timezone = valid_full_name(command.full_name), valid_timezone(command.timezone)
        self._password_policy.check(command.password, username=username, email=email)
        user = User.register(
            id=UserId(self._new_id()),
            username=username,
            email=email,
            full_name=full_name,
            timezone=timezone,
            password_hash=await self._hasher.hash(command.password),
            at=self._clock.now(),
        )
        await self._store(user)
        return user

    @retried
    async def _store(self, user: User) -> None:
        async with self._unit_of_work() as uow:
            await uow.users.add(user)
            await uow.commit()

    async def log_in(self, login: str, password: str) -> Login:
        """`login` is a username or an e-mail address. Raises InvalidCredentials, alike whatever was wrong."""
        user = await self._find(login) if is_storable(login) else None
        is_right = await self._hasher.verify(password, user.password_hash if user else None)
        if user is None or not is_right or not user.is_active:
            raise InvalidCredentials
        return Login(user, self._tokens.issue(user.id, self._clock.now()))

    @retried
    async def _find(self, login: str) -> User | None:
        async with self._unit_of_work() as uow:
            return await uow.users.find_by_login(login)

    def authenticate(self, token: str) -> UserId:
        """Raises InvalidToken."""
        return self._tokens.verify(token, self._clock.now())

    @retried
    async def profile(self, user_id: UserId) -> User:
        """Raises UserNotFound."""
        async with self._unit_of_work() as uow:
            return await uow.users.get(user_id)
