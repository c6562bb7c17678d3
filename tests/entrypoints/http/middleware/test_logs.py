"""Request logs: complete enough to follow a request, without secrets."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn
from uuid import UUID

import pytest
import structlog
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Request

from entrypoints.logs import configure
from entrypoints.settings import LogFormat
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import settings_of
from tests.entrypoints.http.given import (
    CHANGE_PASSWORD,
    CONFIRM,
    LOGIN,
    LOGIN_COOKIE,
    LOGIN_FORM,
    LOGOUT,
    ME,
    PASSWORD,
    REFRESH,
    REGISTER,
    RESET,
    TASKS,
    USERS,
    Json,
    account_of,
    an_account,
    bearer,
    create,
    in_memory,
    path_of,
    tokens_of,
)

pytestmark = in_memory

CANARY: Final = "Canary-7-in-a-coal-mine"
EVIL: Final = f'{CANARY}\r\n\x1b[31m{{"event": "forged"}}\x9b1m'
OF_A_REQUEST: Final = {
    "event",
    "level",
    "timestamp",
    "request_id",
    "correlation_id",
    "method",
    "route",
    "status",
    "milliseconds",
    "user_id",
}


@pytest.fixture(params=["json", "console"])
def form(request: pytest.FixtureRequest) -> LogFormat:
    return LogFormat(request.param)


@pytest.fixture
def log_level() -> str:
    return "DEBUG"


@pytest.fixture(autouse=True)
def written(form: LogFormat, log_level: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The standard output of the service with its log configuration."""
    stream, root, client = io.StringIO(), logging.getLogger(), logging.getLogger("httpx2")
    handlers, level, root.handlers = root.handlers, root.level, []
    monkeypatch.setattr(sys, "stdout", stream)
    client.setLevel(logging.WARNING)  # these lines come from the test client
    configure(settings_of(storage="memory", log_format=form, log_level=log_level))
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    client.setLevel(logging.NOTSET)


@pytest.mark.parametrize("form", [LogFormat.JSON])
class TestLogLines:
    def lines(self, written: io.StringIO, event: str | None = None) -> list[Json]:
        lines: list[Json] = [json.loads(line) for line in written.getvalue().splitlines()]
        return [line for line in lines if event in {None, line["event"]}]

    async def test_each_request_is_one_log_line(
        self, ann: AsyncClient, client: AsyncClient, written: io.StringIO
    ) -> None:
        task, account = await create(ann), await account_of(ann)
        written.truncate(0)
        written.seek(0)
        for asked, method, path, route, status, user_id in (
            (ann, "GET", path_of(task), f"{TASKS}/{{task_id}}", 200, account["id"]),
            (ann, "DELETE", f"{TASKS}/x", f"{TASKS}/{{task_id}}", 404, account["id"]),
            (ann, "PATCH", path_of(task), f"{TASKS}/{{task_id}}", 422, account["id"]),
            (client, "GET", f"{TASKS}?search={CANARY}", TASKS, 401, None),
            (client, "GET", f"/{CANARY}", None, 404, None),
            (client, "GET", "/health", "/health", 200, None),
        ):
            response = await asked.request(method, path, headers={"X-Request-ID": "follow-me"})
            line = self.lines(written)[-1]
            assert response.status_code == status
            assert set(line) == OF_A_REQUEST
            assert (line["event"], line["request_id"]) == ("request", "follow-me")
            assert line["level"] == (
                "debug" if path == "/health" else "info"
            )  # load balancers send this every few seconds
            assert (line["method"], line["route"], line["status"]) == (method, route, status)
            assert line["user_id"] == user_id
            assert 0 < line["milliseconds"] < 10_000
        assert len(self.lines(written)) == 6

    async def test_security_events_are_logged_with_their_request_id(
        self, ann: AsyncClient, ada: AsyncClient, client: AsyncClient, container: Container, written: io.StringIO
    ) -> None:
        user_id = (await account_of(ann))["id"]
        client.headers["X-Request-ID"] = "this-one"
        ada.headers["X-Request-ID"] = "admins"
        tokens = await tokens_of(client, "ann")
        for username in ("ann", "unknown"):
            await client.post(LOGIN, json={"username": username, "password": "wrong"})
        await ada.patch(f"{USERS}/{user_id}", json={"role": "manager"})
        await client.post(RESET, json={"email": "ann@example.com"})
        await client.post(LOGOUT, headers=bearer(tokens))

        login = self.lines(written, "login")[-1]
        assert (login["user_id"], login["request_id"], login["ip_address"]) == (user_id, "this-one", "127.0.0.1")
        assert [line.get("user_id") for line in self.lines(written, "login_failed")] == [user_id, None]
        change = self.lines(written, "role_changed")[-1]
        assert (change["user_id"], change["old"], change["new"]) == (
            user_id,
            {"role": "user"},
            {"role": "manager"},
        )
        assert change["actor_id"] == (await account_of(ada))["id"]
        assert change["request_id"] == "admins"
        (requested,), (ended,) = (self.lines(written, name) for name in ("password_reset_requested", "session_ended"))
        assert requested["request_id"] == ended["request_id"] == "this-one"
        assert ended["user_id"] == user_id
        await container.services().job_worker.work()
        (line,) = self.lines(written, "password_reset_mailed")
        assert line["user_id"] == user_id
        assert (line["source"], line["correlation_id"]) == ("job", requested["job_id"])

    @pytest.mark.parametrize("log_level", ["ERROR"])
    async def test_security_events_are_logged_at_every_level_with_an_id_of_the_service(
        self, ann: AsyncClient, client: AsyncClient, written: io.StringIO
    ) -> None:
        client.headers["X-Request-ID"] = "chosen"
        for _ in range(2):
            await client.post(LOGIN, json={"username": "ann", "password": "wrong"})

        first, second = self.lines(written, "login_failed")
        assert self.lines(written, "request") == []
        assert (first["logger"], first["source"], first["ip_address"]) == ("audit", "request", "127.0.0.1")
        assert first["request_id"] == second["request_id"] == "chosen"
        assert UUID(first["correlation_id"]).version == UUID(second["correlation_id"]).version == 7
        assert first["correlation_id"] != second["correlation_id"]

    @pytest.mark.parametrize(
        "method", [CANARY, "PROPFIND", "get", EVIL, "GET\r\nX", "\x1b[31mGET", "", "G" * 1_000_000]
    )
    async def test_an_unknown_method_is_not_logged(self, app: FastAPI, written: io.StringIO, method: str) -> None:
        request = Request("GET", f"http://tasks.test{TASKS}")
        request.method = method
        response = await ASGITransport(app).handle_async_request(request)
        (line,) = self.lines(written, "request")

        assert response.status_code == 405
        assert (line["method"], line["route"], line["status"]) == ("_OTHER", TASKS, 405)
        assert len(written.getvalue()) < 1000


async def test_an_exception_is_logged_once_with_its_request(
    ann: AsyncClient, container: Container, form: LogFormat, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("a bug\n2026-11-27T10:00:00Z [info     ] forged")

    ann.event_hooks = {}  # the conventions allow no internal error
    account = await account_of(ann)
    monkeypatch.setattr(container.services().tasks, "get", fail)
    written.truncate(0)
    written.seek(0)
    response = await ann.get(f"{TASKS}/{account['id']}", headers={"X-Request-ID": "follow-me"})
    first, *others = written.getvalue().splitlines()

    assert response.status_code == 500
    assert written.getvalue().count("Traceback") == 1
    if form is LogFormat.JSON:
        line = json.loads(first)
        assert (line["level"], line["status"], line["request_id"]) == ("error", 500, "follow-me")
        assert (line["route"], line["user_id"]) == (f"{TASKS}/{{task_id}}", account["id"])
        assert "RuntimeError: a bug" in line["exception"]
        assert others == []
    else:
        assert "[error" in first
        assert {"request_id=follow-me", "status=500", f"user_id={account['id']}"} <= set(first.split())
        assert all(line.startswith("  ") for line in others)


async def test_no_secret_and_no_input_is_logged(
    ann: AsyncClient, client: AsyncClient, container: Container, written: io.StringIO, tmp_path: Path
) -> None:
    tokens = await tokens_of(client, "ann")
    headers = {"User-Agent": CANARY, "Referer": f"http://{CANARY}", "Cookie": f"access_token={CANARY}; a={CANARY}"}
    for path in (LOGIN, LOGIN_COOKIE):
        for username, password in ((CANARY, PASSWORD), ("ann", CANARY), (EVIL, EVIL)):
            await client.post(path, json={"username": username, "password": password}, headers=headers)
    await client.post(LOGIN_FORM, data={"username": EVIL, "password": EVIL, "client_secret": CANARY})
    await client.post(REGISTER, json=an_account("dora", password=CANARY, full_name=CANARY, email=f"{CANARY}@x.org"))
    await client.post(REGISTER, json=an_account("ann", password=CANARY))
    await client.post(REFRESH, json={"refresh_token": CANARY})
    await client.post(REFRESH, headers={"Cookie": f"refresh_token={CANARY}"})
    again = (await client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})).json()
    await client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})
    await client.get(ME, headers={"Authorization": f"Bearer {CANARY}"})
    await client.get(ME, headers={"X-Request-ID": f"{CANARY} \x1b[31m"})
    await ann.post(CHANGE_PASSWORD, json={"current_password": CANARY, "new_password": CANARY})
    await ann.request("DELETE", ME, json={"password": CANARY})
    await client.post(RESET, json={"email": f"{CANARY}@example.com"})
    await client.post(RESET, json={"email": "ann@example.com"})
    await container.services().job_worker.work()
    mails = "".join(path.read_text() for path in (tmp_path / "mail").glob("*.eml"))
    (reset,) = re.findall(r"token=3D(\S+)=\n(\S+)", mails)
    await client.post(CONFIRM, json={"token": CANARY, "new_password": CANARY})
    await create(ann, EVIL, description=EVIL, tags=[CANARY])
    await ann.get(TASKS, params={"search": EVIL})
    await ann.get(f"{TASKS}/{CANARY}")
    await ann.delete(f"/api/v1/tags/{CANARY}%0D%0A%1B")
    await client.post(CONFIRM, json={"token": "".join(reset), "new_password": "Another-Horse-8"})

    text = written.getvalue()
    access = ann.headers["Authorization"].removeprefix("Bearer ")
    secrets = [PASSWORD, "Another-Horse-8", access, reset[0]]
    secrets += [login[name] for login in (tokens, again) for name in ("access_token", "refresh_token")]
    for secret in secrets:
        assert secret not in text
    assert CANARY.lower() not in text.lower()
    assert "forged" not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "password_reset" in text
    assert "refresh_token_reused" in text
    assert text.count("login_failed") == 7
