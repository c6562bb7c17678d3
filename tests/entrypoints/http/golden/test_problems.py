"""Problem documents keep their statuses, codes, types and members. Only the texts for people may change."""

from typing import Any, Final

import pytest
from httpx2 import AsyncClient

from .goldens import golden

TASKS: Final = "/api/v1/tasks"
MISSING_ID: Final = "01890000-0000-7000-8000-000000000000"
JSON: Final = {"Content-Type": "application/json"}
ACCOUNT: Final = {"username": "zoe", "email": "zoe@example.com", "password": "Correct-Horse-7"}

REQUESTS: Final[dict[str, tuple[str, str, str, dict[str, Any]]]] = {
    "title missing": ("ann", "POST", TASKS, {"json": {}}),
    "title blank": ("ann", "POST", TASKS, {"json": {"title": " "}}),
    "title too long": ("ann", "POST", TASKS, {"json": {"title": "x" * 256}}),
    "description too long": ("ann", "POST", TASKS, {"json": {"title": "x", "description": "x" * 2001}}),
    "status unknown": ("ann", "POST", TASKS, {"json": {"title": "x", "status": "done"}}),
    "priority of wrong type": ("ann", "POST", TASKS, {"json": {"title": "x", "priority": 1}}),
    "due date without offset": ("ann", "POST", TASKS, {"json": {"title": "x", "due_date": "2025-01-01T10:00:00"}}),
    "due date beyond the calendar": (
        "ann",
        "POST",
        TASKS,
        {"json": {"title": "x", "due_date": "9999-12-31T23:00:00-23:00"}},
    ),
    "tag with comma": ("ann", "POST", TASKS, {"json": {"title": "x", "tags": ["a,b"]}}),
    "tag of wrong type": ("ann", "POST", TASKS, {"json": {"title": "x", "tags": [1]}}),
    "too many tags": ("ann", "POST", TASKS, {"json": {"title": "x", "tags": [f"t{n}" for n in range(21)]}}),
    "contradictory completion": (
        "ann",
        "POST",
        TASKS,
        {"json": {"title": "x", "completed": True, "status": "pending"}},
    ),
    "unknown field": ("ann", "POST", TASKS, {"json": {"title": "x", "colour": "red"}}),
    "no change": ("ann", "PATCH", f"{TASKS}/{MISSING_ID}", {"json": {}}),
    "bulk empty": ("ann", "POST", f"{TASKS}/bulk", {"json": {"tasks": []}}),
    "bulk names one task twice": ("ann", "DELETE", f"{TASKS}/bulk", {"json": {"task_ids": [MISSING_ID, MISSING_ID]}}),
    "bulk task missing": ("ann", "DELETE", f"{TASKS}/bulk", {"json": {"task_ids": [MISSING_ID]}}),
    "malformed JSON": ("ann", "POST", TASKS, {"content": b"{", "headers": JSON}),
    "duplicate key": ("ann", "POST", TASKS, {"content": b'{"title":"x","title":"y"}', "headers": JSON}),
    "too many members": (
        "ann",
        "POST",
        TASKS,
        {"content": ("{" + ",".join(f'"k{n}":1' for n in range(70)) + "}").encode(), "headers": JSON},
    ),
    "wrong media type": ("ann", "POST", TASKS, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    "body too large": ("ann", "POST", TASKS, {"content": b" " * (4 * 1024 * 1024 + 1), "headers": JSON}),
    "unknown parameter": ("ann", "GET", f"{TASKS}?colour=red", {}),
    "repeated parameter": ("ann", "GET", f"{TASKS}?limit=1&limit=2", {}),
    "query not UTF-8": ("ann", "GET", f"{TASKS}?search=%FF", {}),
    "limit out of range": ("ann", "GET", f"{TASKS}?limit=101", {}),
    "skip not a number": ("ann", "GET", f"{TASKS}?skip=one", {}),
    "flag not a flag": ("ann", "GET", f"{TASKS}?completed=yes", {}),
    "cursor damaged": ("ann", "GET", f"{TASKS}?cursor=AAAA", {}),
    "cursor and skip": ("ann", "GET", f"{TASKS}?cursor=AAAA&skip=0", {}),
    "search too long": ("ann", "GET", f"{TASKS}?search={'x' * 201}", {}),
    "search with NUL": ("ann", "GET", f"{TASKS}?search=%00", {}),
    "day unknown": ("ann", "GET", f"{TASKS}?due_after=2025-02-30", {}),
    "tag list wrong": ("ann", "GET", f"{TASKS}?tags=a,,b", {}),
    "owner not an id": ("ann", "GET", f"{TASKS}?owner_id=me", {}),
    "owner invisible": ("ann", "GET", f"{TASKS}?owner_id={MISSING_ID}", {}),
    "task missing": ("ann", "GET", f"{TASKS}/{MISSING_ID}", {}),
    "task id malformed": ("ann", "GET", f"{TASKS}/one", {}),
    "tag missing": ("ann", "DELETE", "/api/v1/tags/home", {}),
    "tag unusable": ("ann", "PATCH", "/api/v1/tags/a%2Cb", {"json": {"name": "home"}}),
    "file missing": ("ann", "GET", f"/api/v1/files/{MISSING_ID}", {}),
    "session missing": ("ann", "DELETE", f"/api/v1/auth/sessions/{MISSING_ID}", {}),
    "user missing": ("ada", "GET", f"/api/v1/users/{MISSING_ID}", {}),
    "users listed by a user": ("ann", "GET", "/api/v1/users", {}),
    "role changed by a user": ("ann", "PATCH", "/api/v1/users/me", {"json": {"role": "admin"}}),
    "last admin": ("ada", "PATCH", "/api/v1/users/{ada}", {"json": {"role": "user"}}),
    "wrong current password": (
        "ann",
        "POST",
        "/api/v1/auth/password",
        {"json": {"current_password": "x", "new_password": "Correct-Horse-8"}},
    ),
    "weak new password": (
        "ann",
        "POST",
        "/api/v1/auth/password",
        {"json": {"current_password": "Correct-Horse-7", "new_password": "short"}},
    ),
    "wrong version": (
        "ann",
        "PATCH",
        "/api/v1/users/me",
        {"json": {"timezone": "UTC"}, "headers": {"If-Match": '"9"'}},
    ),
    "malformed If-Match": (
        "ann",
        "PATCH",
        "/api/v1/users/me",
        {"json": {"timezone": "UTC"}, "headers": {"If-Match": "9"}},
    ),
    "malformed idempotency key": (
        "ann",
        "POST",
        TASKS,
        {"json": {"title": "x"}, "headers": {"Idempotency-Key": "a b"}},
    ),
    "no token": ("client", "GET", TASKS, {}),
    "wrong token": ("client", "GET", TASKS, {"headers": {"Authorization": "Bearer x"}}),
    "wrong scheme": ("client", "GET", TASKS, {"headers": {"Authorization": "Basic x"}}),
    "wrong login": ("client", "POST", "/api/v1/auth/login", {"json": {"username": "zoe", "password": "x"}}),
    "wrong refresh token": ("client", "POST", "/api/v1/auth/refresh", {"json": {"refresh_token": "x"}}),
    "no refresh token": ("client", "POST", "/api/v1/auth/refresh", {}),
    "login by cookie from elsewhere": (
        "client",
        "POST",
        "/api/v1/auth/login/cookie",
        {"json": {"username": "zoe", "password": "x"}, "headers": {"Origin": "https://evil.example"}},
    ),
    "wrong reset token": (
        "client",
        "POST",
        "/api/v1/auth/password-reset/confirm",
        {"json": {"token": "x", "new_password": "Correct-Horse-8"}},
    ),
    "field of a form twice": (
        "client",
        "POST",
        "/api/v1/auth/login/access-token",
        {"content": b"username=a&username=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ),
    "username wrong": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"username": "a b"}}),
    "e-mail address wrong": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"email": "zoe"}}),
    "full name blank": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"full_name": " "}}),
    "time zone unknown": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"timezone": "Mars/Base"}}),
    "password weak": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"password": "password"}}),
    "passwords differ": ("client", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"confirm_password": "x"}}),
    "username taken": ("ann", "POST", "/api/v1/auth/register", {"json": ACCOUNT | {"username": "ANN"}}),
    "path unknown": ("client", "GET", "/nowhere", {}),
    "method not allowed": ("client", "DELETE", "/api/v1/tasks/statistics", {}),
    "host missing": ("client", "GET", "/health", {"headers": {"Host": ""}}),
    "upload without file": ("ann", "POST", "/api/v1/files", {"files": {"task_id": (None, MISSING_ID)}}),
    "upload of a wrong field": ("ann", "POST", "/api/v1/files", {"files": {"photo": ("a.txt", b"x")}}),
    "upload of an unknown type": ("ann", "POST", "/api/v1/files", {"files": {"file": ("a.exe", b"x")}}),
    "upload of wrong content": ("ann", "POST", "/api/v1/files", {"files": {"file": ("a.png", b"not a picture")}}),
    "upload of nothing": ("ann", "POST", "/api/v1/files", {"files": {"file": ("a.txt", b"")}}),
    "upload with a bad name": ("ann", "POST", "/api/v1/files", {"files": {"file": ("..", b"x")}}),
    "upload for a missing task": (
        "ann",
        "POST",
        "/api/v1/files",
        {"files": {"task_id": (None, MISSING_ID), "file": ("a.txt", b"x")}},
    ),
    "upload malformed": (
        "ann",
        "POST",
        "/api/v1/files",
        {"content": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ),
}
OF_PYDANTIC: Final = ("Extra", "Field", "Input", "List", "String", "Value")
HEADERS: Final = ("Content-Type", "WWW-Authenticate", "Allow", "Connection")


@pytest.fixture
def storage_settings() -> dict[str, str]:
    return {"storage": "memory"}


@pytest.mark.parametrize("name", REQUESTS)
async def test_problem_documents_keep_their_shape(
    name: str, client: AsyncClient, ann: AsyncClient, ada: AsyncClient
) -> None:
    caller, method, path, options = REQUESTS[name]
    if "{ada}" in path:
        path = path.format(ada=(await ada.get("/api/v1/users/me")).json()["id"])

    response = await {"client": client, "ann": ann, "ada": ada}[caller].request(method, path, **options)

    document = response.json()
    assert document.pop("detail") and document.pop("request_id")
    document["instance"] = document["instance"].replace(path, "PATH") if caller == "ada" else document["instance"]
    for entry in document.get("errors", ()):
        assert not entry.pop("message").startswith(OF_PYDANTIC)
    headers = {header: response.headers[header] for header in HEADERS if header in response.headers}
    assert {"headers": headers, "document": document} == golden("problems")[name]
