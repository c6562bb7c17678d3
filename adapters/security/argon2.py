import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")


class Argon2PasswordHasher:
    """Argon2id with OWASP's parameters: 19 MiB, two passes, one lane (RFC 9106).

    In threads, no more of them than cores: a flood of logins waits for itself, not for the event loop.
    """

    def __init__(self, memory_kib: int = 19_456, passes: int = 2, threads: int | None = None) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._size = threads or os.cpu_count() or 1
        self._threads: ThreadPoolExecutor | None = None
        self._of_nobody = self._argon2.hash("")

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._argon2.hash, _encoded(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        against = self._of_nobody if password_hash is None else password_hash
        is_right = await self._in_thread(self._verify, against, _encoded(password))
        return is_right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    async def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def _verify(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._size, thread_name_prefix="argon2")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _encoded(password: str) -> bytes:
    """Any string at all: whoever tries a lone surrogate gets the answer that every wrong password gets."""
    return password.encode(errors="surrogatepass")
