"""Clients that write and read tasks and files, and check what they read."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from benchmarks.operation.ledger import Ledger, Stored
from benchmarks.operation.traffic import Traffic

API: Final = "/api/v1"
PASSWORD: Final = "Correct-Horse-Battery-7"
PAUSE: Final = 0.02
"""Seconds between two requests of a client."""
MAX_ENTRIES: Final = 60
"""A client with more tasks removes some."""


@dataclass(slots=True)
class Account:
    """An account and what its clients stored."""

    username: str
    tasks: Ledger = field(default_factory=Ledger)
    files: Ledger = field(default_factory=Ledger)
    access_token: str = ""

    def body(self) -> dict[str, str]:
        return {"username": self.username, "email": f"{self.username}@example.com", "password": PASSWORD}

    def copy(self) -> "Account":
        return Account(self.username, self.tasks.copy(), self.files.copy(), self.access_token)


class Client:
    """A client with a session of its own. It changes only tasks and files that it created."""

    def __init__(self, http: httpx2.AsyncClient, account: Account, traffic: Traffic, refresh_after: float) -> None:
        self._http = http
        self._account = account
        self._traffic = traffic
        self._refresh_after = refresh_after
        self._refresh_token = ""
        self._refreshed_at = 0.0
        self._tasks: list[str] = []
        self._files: list[str] = []

    async def log_in(self) -> None:
        body = {"username": self._account.username, "password": PASSWORD}
        response = await self._http.post(f"{API}/auth/login", json=body)
        response.raise_for_status()
        self._use(response.json())

    async def run(self, stop: asyncio.Event) -> None:
        """Send requests one after another until `stop` is set."""
        actions: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self._create, 6),
            (self._edit, 6),
            (self._read, 4),
            (self._list, 2),
            (self._upload, 1),
            (self._download, 2),
        ]
        chosen, weights = zip(*actions, strict=True)
        while not stop.is_set():
            if time.monotonic() - self._refreshed_at > self._refresh_after:
                await self._refresh()
            action = self._remove if len(self._tasks) > MAX_ENTRIES else random.choices(chosen, weights)[0]
            await action()
            await asyncio.sleep(PAUSE)

    async def _create(self) -> None:
        body = {"title": f"Task {random.random()}", "priority": random.choice(["low", "high"])}
        if response := await self._send("POST", "/tasks", 201, json=body):
            task = response.json()
            self._account.tasks.created(task["id"], task_of(task))
            self._tasks.append(task["id"])
        else:
            self._account.tasks.creation_failed()

    async def _edit(self) -> None:
        if self._tasks:
            id = random.choice(self._tasks)
            self._account.tasks.edit_sent(id)
            body = {"title": f"Task {random.random()}", "completed": random.random() < 0.5}
            if response := await self._send("PATCH", f"/tasks/{id}", 200, json=body):
                self._account.tasks.edited(id, task_of(response.json()))

    async def _remove(self) -> None:
        id = self._tasks.pop(0)
        self._account.tasks.removal_sent(id)
        if await self._send("DELETE", f"/tasks/{id}", 204):
            self._account.tasks.removed(id)

    async def _read(self) -> None:
        if self._tasks:
            id = random.choice(self._tasks)
            if response := await self._send("GET", f"/tasks/{id}", 200):
                ledger = Ledger({id: self._account.tasks.entries[id]})
                self._check(ledger.problems({id: task_of(response.json())}))

    async def _list(self) -> None:
        await self._send("GET", "/tasks?limit=5", 200)

    async def _upload(self) -> None:
        content = random.randbytes(500).hex()
        if response := await self._send("POST", "/files", 201, files={"file": ("note.txt", content.encode())}):
            id = response.json()["id"]
            self._account.files.created(id, Stored(1, digest(content.encode())))
            self._files.append(id)
        else:
            self._account.files.creation_failed()

    async def _download(self) -> None:
        if self._files:
            id = random.choice(self._files)
            if response := await self._send("GET", f"/files/{id}/content", 200):
                ledger = Ledger({id: self._account.files.entries[id]})
                self._check(ledger.problems({id: Stored(1, digest(response.content))}))

    async def _refresh(self) -> None:
        body = {"refresh_token": self._refresh_token}
        if response := await self._send("POST", "/auth/refresh", 200, json=body):
            self._use(response.json())

    def _use(self, tokens: dict[str, str]) -> None:
        self._account.access_token = tokens["access_token"]
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        self._refresh_token = tokens["refresh_token"]
        self._refreshed_at = time.monotonic()

    def _check(self, problems: list[str]) -> None:
        self._traffic.failures.update(["wrong content"] * len(problems))

    async def _send(self, method: str, path: str, expected: int, **options: Any) -> httpx2.Response | None:
        return await send(self._http, self._traffic, method, path, expected, **options)


async def keep_registering(
    http: httpx2.AsyncClient, traffic: Traffic, registered: set[str], stop: asyncio.Event
) -> None:
    """Register accounts until `stop` is set. Each of them gets a mail."""
    number = 0
    while not stop.is_set():
        account = Account(f"visitor-{number}")
        if await send(http, traffic, "POST", "/auth/register", 201, json=account.body()):
            registered.add(account.username)
        number += 1
        await asyncio.sleep(0.3)


async def send(
    http: httpx2.AsyncClient, traffic: Traffic, method: str, path: str, expected: int, **options: Any
) -> httpx2.Response | None:
    """Send a request and count it. Return the response if it has the expected status."""
    began_at = time.monotonic()
    try:
        response = await http.request(method, f"{API}{path}", **options)
    except httpx2.HTTPError as error:
        traffic.record(began_at, method, type(error).__name__)
        return None
    is_expected = response.status_code == expected
    traffic.record(began_at, method, None if is_expected else str(response.status_code))
    return response if is_expected else None


def task_of(body: dict[str, Any]) -> Stored:
    return Stored(body["version"], body["title"])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
