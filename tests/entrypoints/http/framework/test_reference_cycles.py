"""No request leaves objects in reference cycles: the garbage collector would stop all requests to free them."""

import asyncio
import gc
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from fastapi import FastAPI

from tests.entrypoints.http.given import EXPORT, FILES, LOGIN, ME, PASSWORD, REGISTER, TAGS, TASKS, UNKNOWN, an_account

REPETITIONS: Final = 5
WARM_UP: Final = 2
"""Requests that fill caches."""
MULTIPART: Final = "multipart/form-data; boundary=x"
TEXT_FILE: Final = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ntext\r\n--x--\r\n'


class Caller:
    """Calls the application without an HTTP client, which has cycles of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.token = ""

    async def __call__(
        self, method: str, path: str, body: bytes = b"", media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        headers = {"host": "tasks.test", "content-type": media_type, "content-length": str(len(body))}
        headers |= {"authorization": f"Bearer {self.token}"} if self.token else {}
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8000),
        }
        incoming = iter([{"type": "http.request", "body": body, "more_body": False}])
        sent: list[Any] = []

        async def receive() -> Any:
            return next(incoming, None) or await asyncio.Future()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    async def post(self, path: str, body: Any) -> tuple[int, bytes]:
        return await self("POST", path, json.dumps(body).encode())


@contextmanager
def counted_garbage() -> Iterator[Counter[str]]:
    """Count the objects in reference cycles by type."""
    kinds: Counter[str] = Counter()
    while gc.collect():  # weak references to what one collection frees may keep something for the next one
        pass
    gc.disable()
    try:
        yield kinds
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds.update(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture
async def call(app: FastAPI) -> Caller:
    call = Caller(app)
    await call.post(REGISTER, an_account("ann"))
    _, body = await call.post(LOGIN, {"username": "ann", "password": PASSWORD})
    call.token = json.loads(body)["access_token"]
    return call


async def test_no_request_leaves_reference_cycles(call: Caller, subtests: pytest.Subtests) -> None:
    _, created = await call.post(TASKS, {"title": "one", "tags": ["home"]})
    task = f"{TASKS}/{json.loads(created)['id']}"
    _, uploaded = await call("POST", FILES, TEXT_FILE, MULTIPART)
    file = f"{FILES}/{json.loads(uploaded)['id']}"
    titles = iter(f"title {number}" for number in range(100))
    requests: dict[str, tuple[int, Callable[[], Awaitable[tuple[int, bytes]]]]] = {
        "get": (200, lambda: call("GET", task)),
        "list": (200, lambda: call("GET", f"{TASKS}?search=one&limit=20")),
        "create": (201, lambda: call.post(TASKS, {"title": "two"})),
        "edit": (200, lambda: call("PATCH", task, json.dumps({"title": next(titles)}).encode())),
        "not found": (404, lambda: call("GET", f"{TASKS}/{UNKNOWN}")),
        "no path": (404, lambda: call("GET", "/nowhere")),
        "invalid": (422, lambda: call.post(TASKS, {"titles": "two"})),
        "malformed": (400, lambda: call("POST", TASKS, b"{")),
        "statistics": (200, lambda: call("GET", f"{TASKS}/statistics")),
        "tags": (200, lambda: call("GET", TAGS)),
        "history": (200, lambda: call("GET", f"{task}/history")),
        "profile": (200, lambda: call("GET", ME)),
        "upload": (201, lambda: call("POST", FILES, TEXT_FILE, MULTIPART)),
        "download": (200, lambda: call("GET", f"{file}/content")),
        "export": (200, lambda: call("GET", EXPORT)),
        "login": (200, lambda: call.post(LOGIN, {"username": "ann", "password": PASSWORD})),
        "failed login": (401, lambda: call.post(LOGIN, {"username": "ann", "password": "wrong"})),
        "health": (200, lambda: call("GET", "/monitoring/health")),
    }
    for name, (status, request) in requests.items():
        with subtests.test(name):
            assert {(await request())[0] for _ in range(WARM_UP)} == {status}
            with counted_garbage() as kinds:
                for _ in range(REPETITIONS):
                    await request()
            assert sum(kinds.values()) < REPETITIONS, kinds
