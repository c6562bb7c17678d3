import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")


class Argon2PasswordHasher:
    """Hash with Argon2id and the parameters that OWASP recommends: 19 MiB, two passes, one lane (RFC 9106).

    Hashing runs in at most as many threads as there are cores. A flood of logins waits in their queue and does not
    block the event loop.
    """

    def __init__(self, memory_kib: int = 19_456, passes: int = 2, threads: int | None = None) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._size = threads or os.cpu_count() or 1
        self._threads: ThreadPoolExecutor | None = None
        self._dummy_hash = self._argon2.hash("")

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._argon2.hash, _encode(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        # Without a hash, verify against a dummy, so that unknown users cost the same time.
        expected = self._dummy_hash if password_hash is None else password_hash
        is_correct = await self._in_thread(self._verify, expected, _encode(password))
        return is_correct and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the threads. A later call of `hash` or `verify` starts them again."""
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


def _encode(password: str) -> bytes:
    """Encode any string: a password with a lone surrogate is wrong, not an error."""
    return password.encode(errors="surrogatepass")
