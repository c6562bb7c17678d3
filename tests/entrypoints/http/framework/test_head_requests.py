"""HEAD is supported wherever GET is (RFC 9110, section 9.3.2)."""

from typing import Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient, Response

from domain.identity.user import UserId
from entrypoints.wiring.container import Container
from tests.contracts.jobs.jobs import a_job, add
from tests.entrypoints.http.conventions import Conventions
from tests.entrypoints.http.given import ME, TASKS, UNKNOWN, create, create_all, in_memory, path_of, upload
from tests.support.builders import NOW

pytestmark = in_memory

PAGES: Final = ("/docs", "/redoc", "/openapi.json", "/static/docs.js")


def head_of(response: Response) -> tuple[int, dict[str, str]]:
    """Return the status and the headers that are equal for equal requests."""
    return response.status_code, {name: value for name, value in response.headers.items() if name != "x-request-id"}


async def require_same_head(client: AsyncClient, path: str, **headers: str) -> Response:
    got, head = [await client.request(method, path, headers=headers) for method in ("GET", "HEAD")]
    if got.status_code >= 400 or path.startswith("/monitoring/"):  # their bodies contain a request id or a time
        for response in (got, head):
            response.headers.pop("Content-Length", None)
    assert head_of(head) == head_of(got)
    assert head.content == b""
    return head


async def test_head_returns_the_headers_of_get_for_every_operation(
    ada: AsyncClient, client: AsyncClient, container: Container, conventions: Conventions
) -> None:
    await create_all(ada, *({"title": f"Task {n}"} for n in range(20)))
    task = await create(ada)
    file = await upload(ada)
    job = a_job(requester_id=UserId(UUID(task["owner_id"])), created_at=NOW)
    await add(container.storage(), job)
    ids = {
        "{task_id}": task["id"],
        "{user_id}": task["owner_id"],
        "{file_id}": file["id"],
        "{job_id}": str(job.id),
    }
    found = 0
    for method, path, _ in conventions.operations:
        if method == "GET" and "/export" not in path:  # an export contains the time of its creation
            for name, value in ids.items():
                path = path.replace(name, value)
            assert (await require_same_head(ada, path)).is_success
            await require_same_head(client, path)
            found += 1
    assert found > 8
    assert "HEAD" not in {method for method, _, _ in conventions.operations}
    for path in PAGES:
        assert (await require_same_head(client, path)).is_success


async def test_head_is_refused_like_get(ann: AsyncClient, client: AsyncClient) -> None:
    for path, status in ((f"{TASKS}/{UNKNOWN}", 404), (f"{TASKS}?surplus=1", 422), ("/nowhere", 404)):
        assert (await require_same_head(ann, path)).status_code == status
    assert (await require_same_head(client, TASKS)).status_code == 401


async def test_head_is_not_allowed_without_get(ann: AsyncClient) -> None:
    response = await ann.request("HEAD", "/api/v1/auth/login")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


async def test_head_supports_conditions_and_compression_like_get(ann: AsyncClient) -> None:
    await create_all(ann, *({"title": f"Task {n}"} for n in range(20)))
    task = await create(ann)
    fresh = await require_same_head(ann, path_of(task), **{"If-None-Match": '"1"'})
    assert fresh.status_code == 304
    assert (await require_same_head(ann, path_of(task), **{"If-None-Match": "nonsense"})).status_code == 400
    assert (await require_same_head(ann, TASKS, **{"Accept-Encoding": "gzip"})).headers["Vary"]


async def test_allow_contains_head(ann: AsyncClient) -> None:
    for path, allowed in ((TASKS, "GET, HEAD, POST"), (ME, "DELETE, GET, HEAD, PATCH"), ("/health", "GET, HEAD")):
        assert (await ann.request("TRACE", path)).headers["Allow"] == allowed


class TestLimits:
    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {"rate_limit_enabled": True, "rate_limit_read": "3/minute"}

    async def test_head_counts_as_a_read_request(self, ann: AsyncClient) -> None:
        statuses = [(await ann.request(method, TASKS)).status_code for method in ("HEAD", "GET", "HEAD", "HEAD")]
        assert statuses == [200, 200, 200, 429]
