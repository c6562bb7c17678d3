from adapters.memory.transaction import Staged, WriteLock
from domain.errors import EmailTaken, UsernameTaken, UserNotFound
from domain.user import User, UserId, name_key


class InMemoryUserRepository:
    def __init__(self, users: Staged[UserId, User], lock: WriteLock) -> None:
        self._users = users
        self._lock = lock

    async def add(self, user: User) -> None:
        await self._lock.acquire()
        if any(name_key(other.username) == name_key(user.username) for other in self._users.values()):
            raise UsernameTaken
        if any(name_key(other.email) == name_key(user.email) for other in self._users.values()):
            raise EmailTaken
        self._users.put(user.id, user)

    async def get(self, user_id: UserId) -> User:
        user = self._users.get(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def find_by_login(self, login: str) -> User | None:
        key = name_key(login)
        return next(
            (user for user in self._users.values() if key in {name_key(user.username), name_key(user.email)}), None
        )
