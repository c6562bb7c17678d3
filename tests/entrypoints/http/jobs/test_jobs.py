"""Requests whose work a job does, and the state of the job."""

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from application.tasks import tags
from entrypoints.wiring.container import Container
from entrypoints.worker import failures
from tests.entrypoints.http.given import TAGS, UNKNOWN, SettableClock, anonymised, create_all, get, in_memory

JOBS = "/api/v1/jobs"


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "MAX_AT_ONCE", 1)


@in_memory
async def test_a_tag_on_many_tasks_is_renamed_and_removed_by_jobs(
    ann: AsyncClient, container: Container, clock: SettableClock
) -> None:
    first, second = await create_all(ann, {"title": "1", "tags": ["home"]}, {"title": "2", "tags": ["home", "x"]})
    queued = await ann.patch(f"{TAGS}/home", json={"name": "house"})
    job = (await ann.get(queued.headers["Location"])).json()

    assert (queued.status_code, queued.content) == (202, b"")
    assert queued.headers["Location"] == f"{JOBS}/{job['id']}"
    assert job == {
        "id": job["id"],
        "kind": "change_tag",
        "state": "queued",
        "attempts": 0,
        "created_at": "2026-03-04T12:00:00Z",
        "run_at": job["run_at"],
        "finished_at": None,
        "error": None,
    }
    assert await get(ann, first) == first

    clock.advance(timedelta(seconds=1))
    await container.services().job_worker.work()
    done = (await ann.get(queued.headers["Location"])).json()
    assert (done["state"], done["attempts"], done["finished_at"]) == ("succeeded", 1, "2026-03-04T12:00:01Z")
    assert [(await get(ann, task))["tags"] for task in (first, second)] == [["house"], ["house", "x"]]

    removed = await ann.delete(f"{TAGS}/house")
    assert (removed.status_code, removed.content) == (202, b"")
    await container.services().job_worker.work()
    assert [(await get(ann, task))["tags"] for task in (first, second)] == [[], ["x"]]


@in_memory
async def test_a_failed_job_shows_no_internals(
    ann: AsyncClient, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_all(ann, {"title": "1", "tags": ["home"]}, {"title": "2", "tags": ["home"]})
    location = (await ann.delete(f"{TAGS}/home")).headers["Location"]
    monkeypatch.setattr(failures, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr("application.tasks.tag_jobs.save_tasks", None)  # a programming error
    await container.services().job_worker.work()

    job = (await ann.get(location)).json()
    assert (job["state"], job["finished_at"]) == ("failed", "2026-03-04T12:00:00Z")
    assert "operator" in job["error"] and "Error" not in job["error"]


@in_memory
async def test_a_job_of_another_user_looks_unknown(ann: AsyncClient, ben: AsyncClient, ada: AsyncClient) -> None:
    await create_all(ann, {"title": "1", "tags": ["home"]}, {"title": "2", "tags": ["home"]})
    location = (await ann.delete(f"{TAGS}/home")).headers["Location"]
    for client in (ben, ada):
        foreign, unknown, malformed = [await client.get(path) for path in (location, f"{JOBS}/{UNKNOWN}", f"{JOBS}/x")]
        assert foreign.status_code == 404
        assert foreign.json()["error_code"] == "JOB_NOT_FOUND"
        assert anonymised(foreign) == anonymised(unknown) == anonymised(malformed)
