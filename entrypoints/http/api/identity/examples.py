"""Requests and responses of accounts and sessions, for the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.api.files.examples import NOTES
from entrypoints.http.api.tasks.examples import CREATED, LEARN
from entrypoints.http.schemas.example import Example

PASSWORD: Final = "Correct-Horse-7"  # noqa: S105 - an example
NEW_PASSWORD: Final = "Battery-Staple-8"  # noqa: S105 - an example
REFRESH_TOKEN: Final = "MXPHXjTlQ1Wl2m6vYpRrZg.kJ9vM0cB3nU8yT5xW2qL7hF4sD1aG6eZ"  # noqa: S105 - an example

ANN: Final[dict[str, Any]] = {
    "id": "01980c5e-3a40-7c1d-9f62-0b7d5e2a4c31",
    "username": "ann",
    "email": "ann@example.com",
    "full_name": "Ann Example",
    "role": "user",
    "is_active": True,
    "timezone": "Europe/Berlin",
    "version": 1,
    "created_at": "2025-11-28T09:30:00Z",
    "updated_at": "2025-11-28T09:30:00Z",
}
BEN: Final = ANN | {
    "id": "01980c60-91b8-7e44-8a05-6c3f1d9e7b20",
    "username": "ben",
    "email": "ben@example.com",
    "full_name": None,
    "role": "manager",
    "timezone": "UTC",
}
BEN_ID: Final = {"user_id": BEN["id"]}
SESSION: Final = {
    "id": "01980c5e-8c20-7a3b-b1d4-2e9f6a0c5d17",
    "created_at": "2025-11-28T09:31:00Z",
    "last_used_at": "2025-11-28T09:31:00Z",
    "expires_at": "2025-12-05T09:31:00Z",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "ip_address": "203.0.113.7",
    "is_current": True,
}
OTHER_SESSION: Final = SESSION | {"id": "01980c5e-7b10-7d52-a8c9-4f1e3b6d8a02", "is_current": False}
TOKENS: Final = {
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEiLCJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiIwMTk4MGM1ZSJ9.c2lnbmF0dXJl",
    "token_type": "bearer",
    "expires_in": 900,
    "refresh_token": REFRESH_TOKEN,
    "user": ANN,
}

_LOGIN: Final = {"username": "ann", "password": PASSWORD}

REGISTER: Final = Example(
    body={
        "username": "ann",
        "email": "ann@example.com",
        "password": PASSWORD,
        "full_name": "Ann Example",
        "timezone": "Europe/Berlin",
    },
    response=ANN,
)
LOG_IN: Final = Example(body=_LOGIN, response=TOKENS)
LOG_IN_BY_FORM: Final = Example(body={"grant_type": "password", **_LOGIN}, response=TOKENS)
LOG_IN_BY_COOKIE: Final = Example(body=_LOGIN)
REFRESH: Final = Example(body={"refresh_token": REFRESH_TOKEN}, response=TOKENS)
LIST_SESSIONS: Final = Example(response={"items": [SESSION, OTHER_SESSION]})
END_SESSION: Final = Example(parameters={"session_id": OTHER_SESSION["id"]})
CHANGE_PASSWORD: Final = Example(body={"current_password": PASSWORD, "new_password": NEW_PASSWORD})
REQUEST_PASSWORD_RESET: Final = Example(body={"email": "ann@example.com"})
RESET_PASSWORD: Final = Example(body={"token": "MXPHXjTlQ1Wl2m6vYpRrZg.Xw8kR2uN5zP0bV7t", "new_password": PASSWORD})

GET_ME: Final = Example(response=ANN)
EDIT_ME: Final = Example(
    body={"full_name": "Ann Miller", "timezone": "Europe/Vienna"},
    response=ANN | {"full_name": "Ann Miller", "timezone": "Europe/Vienna", "version": 2},
)
ERASE_ME: Final = Example(body={"password": PASSWORD})
EXPORT_ME: Final = Example(
    response={
        "exported_at": "2025-11-28T10:30:00Z",
        "user": ANN,
        "sessions": [SESSION | {"is_current": False}],
        "tasks": [LEARN],
        "history": [CREATED | {"task_id": LEARN["id"]}],
        "files": [NOTES],
    }
)
LIST_USERS: Final = Example(
    parameters={"search": "example", "role": "manager", "sort_by": "username", "sort_order": "asc"},
    response={
        "items": [BEN],
        "total": 1,
        "total_capped": False,
        "skip": 0,
        "limit": 20,
        "next_cursor": None,
    },
)
CREATE_USER: Final = Example(
    body={"username": "ben", "email": "ben@example.com", "password": PASSWORD, "role": "manager"},
    response=BEN,
)
GET_USER: Final = Example(parameters=BEN_ID, response=BEN)
EDIT_USER: Final = Example(
    parameters=BEN_ID,
    body={"role": "user", "is_active": False},
    response=BEN | {"role": "user", "is_active": False, "version": 2},
)
DELETE_USER: Final = Example(parameters=BEN_ID)
