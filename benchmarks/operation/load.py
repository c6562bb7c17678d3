"""A constant load on the service while a scenario changes its parts."""

import asyncio
import math
from contextlib import AsyncExitStack
from threading import Event, Thread
from typing import Final, Self

import httpx2

from benchmarks.operation.clients import API, Account, Client, keep_registering
from benchmarks.operation.traffic import Traffic

TIMEOUT: Final = 60.0
CLIENTS_OF_AN_ACCOUNT: Final = 2


class Load:
    """Clients that run in a thread of their own, two for each account, while this context is open."""

    def __init__(self, url: str, clients: int, refresh_after: float = math.inf) -> None:
        self.traffic = Traffic()
        self.accounts = [Account(f"user-{number}") for number in range(clients // CLIENTS_OF_AN_ACCOUNT)]
        self.registered: set[str] = set()
        self._url = url
        self._refresh_after = refresh_after
        self._is_running = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._run()))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._is_running.wait(0.1):
            if not self._thread.is_alive():
                raise RuntimeError("the clients could not log in")
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def copy_accounts(self) -> list[Account]:
        """Return the accounts with what is acknowledged now."""

        async def copy() -> list[Account]:  # in the thread of the clients, which change them
            return [account.copy() for account in self.accounts]

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(copy(), self._loop).result()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as stack:
            visitor = await stack.enter_async_context(http_client(self._url))
            clients = []
            for account in self.accounts:
                (await visitor.post(f"{API}/auth/register", json=account.body())).raise_for_status()
                self.registered.add(account.username)
                for _ in range(CLIENTS_OF_AN_ACCOUNT):
                    http = await stack.enter_async_context(http_client(self._url))
                    clients.append(client := Client(http, account, self.traffic, self._refresh_after))
                    await client.log_in()
            self._is_running.set()
            async with asyncio.TaskGroup() as group:
                group.create_task(keep_registering(visitor, self.traffic, self.registered, self._stop))
                for client in clients:
                    group.create_task(client.run(self._stop))


def http_client(url: str, token: str | None = None) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)
