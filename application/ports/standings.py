from collections.abc import Awaitable, Callable
from typing import Protocol

from application.ports.accounts import Standing
from domain.session import SessionId
from domain.user import UserId


class StandingCache(Protocol):
    """What sessions stand for, known without asking the storage again."""

    async def get(
        self, session_id: SessionId, user_id: UserId, load: Callable[[], Awaitable[Standing | None]]
    ) -> Standing | None:
        """What is known, or else what `load` gives."""
        ...

    async def forget(self, user_id: UserId) -> None:
        """When this returns, no worker answers with what it knew about this user's sessions."""
        ...
