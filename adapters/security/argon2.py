import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from application.platform.load import Overloaded, require_caller

CAPACITY_PER_THREAD: Final = 16
"""The last in the queue waits for 15 others: 0.3 s, or 2 s if eight processes share the cores."""

T = TypeVar("T")


class Argon2PasswordHasher:
    """Hash with Argon2id and the parameters that OWASP recommends: 19 MiB, two passes, one lane (RFC 9106).

    Hashing runs in at most as many threads as there are cores and does not block the event loop. A flood of logins
    waits in a bounded queue. A hash whose caller has left the queue or its connection is skipped.
    """

    def __init__(
        self, memory_kib: int = 19_456, passes: int = 2, threads: int | None = None, capacity: int | None = None
    ) -> None:
        """Create the hasher; it starts its threads on first use.

        Args:
            memory_kib: Memory that each hash takes.
            passes: Passes over this memory.
            threads: Hashes that run at a time; by default the number of cores.
            capacity: Hashes that run or wait at a time; by default 16 for each thread.
        """
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._size = threads or os.cpu_count() or 1
        self._capacity = self._size * CAPACITY_PER_THREAD if capacity is None else capacity
        self._pending = 0
        self._turns = asyncio.Semaphore(self._size)
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
            self._turns = asyncio.Semaphore(self._size)  # a semaphore belongs to one event loop
        if self._pending >= self._capacity:
            raise Overloaded("too many passwords are being checked")
        self._pending += 1
        try:
            async with self._turns:
                await require_caller()
                return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._pending -= 1


def _encode(password: str) -> bytes:
    """Encode any string: a password with a lone surrogate is wrong, not an error."""
    return password.encode(errors="surrogatepass")
