"""Log and audit events keep their names and fields: alerts and log searches depend on them."""

from collections import defaultdict
from typing import Final

import pytest
from httpx2 import AsyncClient
from structlog.testing import capture_logs

from entrypoints.wiring.container import Container

from .goldens import golden

PASSWORD = "Correct-Horse-7"
LOGIN = "/api/v1/auth/login"
RENAMED = {"password_reset_unknown_address": "password_reset_of_nobody"}
"""Recorded name of each event that has a new name."""

OF_AUDIT_EVENTS: Final = {"logger", "source", "correlation_id"}
ADDED: Final = OF_AUDIT_EVENTS | {"request_id", "ip_address", "actor_id", "old", "new", "job_id"}
"""Fields that version 1 did not have."""


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "memory"}


@pytest.fixture
def options() -> dict[str, object]:
    return {"rate_limit_enabled": True, "rate_limit_login": "12/minute"}


async def test_log_events_keep_their_names_and_fields(client: AsyncClient, container: Container) -> None:
    with capture_logs() as captured:
        account = {"username": "zoe", "email": "zoe@example.com", "password": PASSWORD}
        await client.post("/api/v1/auth/register", json=account)
        await client.post(LOGIN, json={"username": "zoe", "password": "wrong"})
        tokens = (await client.post(LOGIN, json={"username": "zoe", "password": PASSWORD})).json()
        await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        tokens = (await client.post(LOGIN, json={"username": "zoe", "password": PASSWORD})).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        change = {"current_password": "wrong", "new_password": "Correct-Horse-8"}
        await client.post("/api/v1/auth/password", json=change)
        await client.post("/api/v1/auth/password", json=change | {"current_password": PASSWORD})
        await client.patch("/api/v1/users/me", json={"timezone": "Europe/Berlin"})
        await client.get("/api/v1/users/me/export")
        await client.get("/api/v1/tasks/01890000-0000-7000-8000-000000000000")
        await client.post("/api/v1/auth/password-reset", json={"email": "zoe@example.com"})
        await client.request("DELETE", "/api/v1/users/me", json={"password": "wrong"})
        await client.post("/api/v1/auth/logout")
        tokens = (await client.post(LOGIN, json={"username": "zoe", "password": "Correct-Horse-8"})).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        await client.post("/api/v1/auth/logout/all")
        tokens = (await client.post(LOGIN, json={"username": "zoe", "password": "Correct-Horse-8"})).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        await client.request("DELETE", "/api/v1/users/me", json={"password": "Correct-Horse-8"})
        for _ in range(13):
            await client.post(LOGIN, json={"username": "zoe", "password": "wrong"})
        while await container.services().job_worker.work():
            pass

    fields: defaultdict[str, set[str]] = defaultdict(set)
    for event in captured:
        fields[RENAMED.get(event["event"], event["event"])] |= event.keys()
    recorded = {name: set(keys) for name, keys in golden("events").items()}
    assert {name: keys - (ADDED - recorded[name]) for name, keys in fields.items()} == recorded
    assert all(keys >= OF_AUDIT_EVENTS for keys in fields.values() if "logger" in keys)
