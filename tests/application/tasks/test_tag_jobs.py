"""Tags on more tasks than one transaction changes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

import pytest

from adapters.memory.storage import InMemoryStorage
from application.jobs.ports import Job, JobId, JobNotFound, JobState
from application.tasks import tag_jobs
from application.tasks import tags as tag_service
from application.tasks.ports import TaskUnitOfWork
from application.tasks.tag_jobs import TagJobs
from application.tasks.tags import Deferred
from application.tasks.tasks import CreateTask
from domain.errors import LimitReached, TagNotFound
from domain.tasks.tag import Tag, TagCount
from domain.tasks.task import Task
from tests.contracts.given import add, expected_snapshot, get, snapshot
from tests.support.builders import ANN, BEN, a_task, acting, tags
from tests.support.stubs import CountedIds, SettableClock
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("ann_and_ben")

A, B, C, D = tags("a", "b", "c", "d")


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_service, "MAX_AT_ONCE", 4)
    monkeypatch.setattr(tag_jobs, "BATCH_SIZE", 2)


@pytest.fixture
async def tasks(storage: InMemoryStorage, ann_and_ben: None) -> list[Task]:
    """Five tasks with tag A and one without."""
    tasks = [*(a_task(tags=(A, C)[: 1 + n % 2]) for n in range(5)), a_task(tags=(D,))]
    await add(storage, *tasks, a_task(owner_id=BEN, tags=(A,)))
    return tasks


async def deferred(answer: Awaitable[object]) -> JobId:
    result = await answer
    assert isinstance(result, Deferred)
    return result.job_id


async def state(world: World, job_id: JobId) -> JobState:
    return (await world.services.requested_jobs.get(acting(ANN), job_id)).state


async def run_all(world: World) -> None:
    """Run jobs until none waits for another one."""
    for _ in range(4):
        await world.work()
        world.clock.time += tag_jobs.WAIT


async def test_a_job_renames_a_tag_on_each_task_once(
    world: World, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    clock.time += timedelta(seconds=1)
    bens = await snapshot(storage, BEN)

    job_id = await deferred(world.tags.rename(acting(ANN), A, C))
    assert await snapshot(storage) == expected_snapshot(*tasks)
    assert await state(world, job_id) is JobState.QUEUED
    await world.work()

    renamed = [task.rename_tag(A, C, at=clock.time) for task in tasks[:5]]
    assert await snapshot(storage) == expected_snapshot(*renamed, tasks[5])
    assert await snapshot(storage, BEN) == bens
    assert await state(world, job_id) is JobState.SUCCEEDED
    history = await world.tasks.history(acting(ANN), tasks[0].id)
    assert [change.version for change in history.items] == [2]
    async with storage.unit_of_work() as uow:
        assert await uow.tasks.revision(owner_id=ANN) == 6 + 2 * 5


async def test_a_job_removes_a_tag(world: World, storage: InMemoryStorage, tasks: list[Task]) -> None:
    await deferred(world.tags.remove(acting(ANN), A))
    await world.work()

    changed = [task.remove_tag(A, at=world.clock.time) for task in tasks[:5]]
    assert await snapshot(storage) == expected_snapshot(*changed, tasks[5])


async def test_only_the_requester_sees_the_job(world: World, tasks: list[Task]) -> None:
    job_id = await deferred(world.tags.remove(acting(ANN), A))
    with pytest.raises(JobNotFound):
        await world.services.requested_jobs.get(acting(BEN), job_id)


class Interrupted(Exception):
    """The process is killed."""


def interposed(storage: InMemoryStorage, *steps: Callable[[], Awaitable[object]]) -> Callable[[], TaskUnitOfWork]:
    """Return a factory of units of work. The n-th step runs before the n-th unit of work."""
    following = iter(steps)

    @asynccontextmanager
    async def unit_of_work() -> AsyncIterator[TaskUnitOfWork]:
        if step := next(following, None):
            await step()
        async with storage.unit_of_work() as uow:
            yield uow

    return cast("Callable[[], TaskUnitOfWork]", unit_of_work)


async def nothing() -> None: ...


async def kill() -> None:
    raise Interrupted


async def queued(storage: InMemoryStorage) -> Job:
    async with storage.unit_of_work() as uow:
        (job,) = await uow.jobs.find_pending(tag_jobs.CHANGE_TAG, requester_id=ANN)
    return job


async def test_a_job_continues_after_its_worker_was_killed(
    world: World, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    await deferred(world.tags.rename(acting(ANN), A, B))
    interrupted = TagJobs(interposed(storage, nothing, nothing, nothing, kill), clock, CountedIds(1 << 20))
    with pytest.raises(Interrupted):
        await interrupted.change(await queued(storage))
    assert [count.task_count for count in (await snapshot(storage)).tag_counts if count.tag in (A, B)] == [1, 4]
    await world.work()

    renamed = [task.rename_tag(A, B, at=clock.time) for task in tasks[:5]]
    assert await snapshot(storage) == expected_snapshot(*renamed, tasks[5])


async def test_writes_go_on_and_a_task_that_gets_the_tag_meanwhile_is_changed_too(
    world: World, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    await deferred(world.tags.rename(acting(ANN), A, B))
    first, second, last = tasks[0], tasks[1], tasks[4]

    async def write() -> None:
        """Edit a task before the position of the job, delete one after it, and create one at the end."""
        await world.tasks.add_tags(acting(ANN), first.id, (A,))
        await world.tasks.delete(acting(ANN), last.id)
        await world.tasks.create(acting(ANN), CreateTask(title="New", tags=(A,)))

    job = TagJobs(interposed(storage, nothing, nothing, write), clock, CountedIds(1 << 20))
    await job.change(await queued(storage))

    assert (await world.tags.list(acting(ANN))).items == [TagCount(B, 5), TagCount(C, 2), TagCount(D, 1)]
    assert [(await get(storage, task.id)).version for task in (first, second)] == [4, 2]


async def test_dependent_changes_take_effect_in_the_order_of_their_requests(
    world: World, storage: InMemoryStorage, tasks: list[Task], clock: SettableClock
) -> None:
    first = await deferred(world.tags.rename(acting(ANN), A, B))
    second = await deferred(world.tags.rename(acting(ANN), B, C))
    third = await deferred(world.tags.rename(acting(ANN), D, A))
    await world.work()
    assert [await state(world, job_id) for job_id in (first, second, third)] == [
        JobState.SUCCEEDED,
        JobState.QUEUED,
        JobState.QUEUED,
    ]
    await run_all(world)

    assert (await world.tags.list(acting(ANN))).items == [TagCount(A, 1), TagCount(C, 5)]
    assert [await state(world, job_id) for job_id in (second, third)] == [JobState.SUCCEEDED] * 2
    with pytest.raises(TagNotFound):
        await world.tags.rename(acting(ANN), B, C)


@pytest.mark.usefixtures("tasks")
async def test_independent_changes_of_few_tasks_do_not_wait_for_a_job(world: World) -> None:
    await deferred(world.tags.rename(acting(ANN), A, B))

    assert await world.tags.rename(acting(ANN), C, Tag("e")) == TagCount(Tag("e"), 2)
    assert await world.tags.remove(acting(ANN), D) is None


@pytest.mark.usefixtures("tasks")
async def test_a_repeated_request_gets_the_same_job(world: World) -> None:
    first = await deferred(world.tags.rename(acting(ANN), A, B))
    assert await deferred(world.tags.rename(acting(ANN), A, B)) == first
    back = await deferred(world.tags.rename(acting(ANN), B, A))
    again = await deferred(world.tags.rename(acting(ANN), A, B))
    await run_all(world)

    assert len({first, back, again}) == 3
    assert (await world.tags.list(acting(ANN))).items == [TagCount(B, 5), TagCount(C, 2), TagCount(D, 1)]


@pytest.mark.usefixtures("tasks")
async def test_a_change_does_not_wait_for_a_failed_job(world: World, storage: InMemoryStorage) -> None:
    await deferred(world.tags.rename(acting(ANN), A, B))
    later = await deferred(world.tags.remove(acting(ANN), A))
    async with storage.unit_of_work() as uow:
        job, _ = await uow.jobs.claim(timedelta(0), limit=2)
        await uow.jobs.dead_letter(job, world.clock.time, error="no")
        await uow.commit()
    await run_all(world)

    assert await state(world, job.id) is JobState.FAILED
    assert await state(world, later) is JobState.SUCCEEDED
    assert (await world.tags.list(acting(ANN))).items == [TagCount(C, 2), TagCount(D, 1)]


@pytest.mark.usefixtures("tasks")
async def test_a_job_is_queued_only_within_the_limits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_service, "MAX_DISTINCT_TAGS", 3)
    monkeypatch.setattr("domain.tasks.tag.MAX_DISTINCT_TAGS", 3)
    with pytest.raises(LimitReached):
        await world.tags.rename(acting(ANN), A, B)
    await deferred(world.tags.rename(acting(ANN), A, C))
    monkeypatch.setattr(tag_service, "MAX_PENDING_JOBS", 1)
    with pytest.raises(LimitReached):
        await world.tags.remove(acting(ANN), A)
    assert (await world.tags.list(acting(ANN))).items == [TagCount(A, 5), TagCount(C, 2), TagCount(D, 1)]


@pytest.mark.usefixtures("tasks")
async def test_an_accepted_job_does_not_fail_at_the_limit_of_tags(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await deferred(world.tags.rename(acting(ANN), A, B))
    monkeypatch.setattr("domain.tasks.tag.MAX_DISTINCT_TAGS", 3)
    await world.work()

    assert await state(world, job_id) is JobState.SUCCEEDED
