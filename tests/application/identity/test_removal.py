"""Removal of accounts that own more than one transaction should delete."""

from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.storage import InMemoryStorage, InMemoryUnitOfWork
from application.audit.origin import Origin, running_for
from application.files.jobs import REMOVE_BYTES_OF_USER
from application.identity import removal
from application.identity.removal import PURGE_USER, RemovalJobs
from application.identity.users import ListUsers
from application.jobs.ports import Job, JobId
from application.tasks.tasks import ListTasks
from domain.audit.audit_event import Source
from domain.audit.audit_query import AuditFilter
from domain.errors import InvalidCredentials, InvalidToken, UserNotFound
from domain.identity.user import Role, User, UserId
from tests.contracts.given import add, expected_snapshot, snapshot
from tests.support.accounts import PASSWORD, logged_in, registered
from tests.support.builders import AN_ADMIN, a_task, acting
from tests.support.world import World

Remove = Callable[[World, User], Awaitable[None]]

WAYS: dict[str, Remove] = {
    "erased": lambda world, user: world.accounts.erase(acting(user.id), PASSWORD),
    "deleted": lambda world, user: world.users.delete(AN_ADMIN, user.id),
    "erased by the operator": lambda world, user: world.bootstrap.erase_user(user.id),
}


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "PURGED_AT_ONCE", 3)
    monkeypatch.setattr(removal, "BATCH_SIZE", 2)


async def owner_of(world: World, tasks: int) -> User:
    user = await registered(world)
    await world.work()
    await add(world.storage, *(a_task(owner_id=user.id) for _ in range(tasks)))
    return user


async def remaining(world: World, user_id: UserId) -> int:
    return len((await snapshot(world.storage, user_id)).tasks)


async def due(world: World) -> int:
    return (await world.services.jobs.counts()).due


@pytest.mark.parametrize("way", WAYS)
async def test_a_large_account_is_gone_at_once_and_a_job_deletes_the_rest(world: World, way: str) -> None:
    kim = await owner_of(world, tasks=8)
    login = await logged_in(world)
    await WAYS[way](world, kim)

    assert await remaining(world, kim.id) == 5
    for name in (kim.username, kim.email):
        with pytest.raises(InvalidCredentials):
            await world.sessions.log_in(name, PASSWORD)
    with pytest.raises(InvalidToken):
        await world.sessions.authenticate(login.access_token.text)
    with pytest.raises(InvalidToken):
        await world.sessions.refresh(login.refresh_token.text)
    with pytest.raises(UserNotFound):
        await world.users.get(AN_ADMIN, kim.id)
    with pytest.raises(UserNotFound):
        await world.tasks.list(AN_ADMIN, ListTasks(), owner_id=kim.id)
    assert (await world.users.list(AN_ADMIN, ListUsers())).items == []
    namesake = await registered(world)

    await world.work()
    assert await snapshot(world.storage, kim.id) == expected_snapshot()
    assert await due(world) == 0
    assert [kind for kind, _ in world.attempts.outcomes].count(PURGE_USER) == 1
    assert await world.users.get(AN_ADMIN, namesake.id) == namesake


async def test_a_small_account_is_erased_without_a_job_for_its_rows(world: World) -> None:
    kim = await owner_of(world, tasks=2)
    await world.accounts.erase(acting(kim.id), PASSWORD)

    assert await remaining(world, kim.id) == 0
    await world.work()
    assert [kind for kind, _ in world.attempts.outcomes][1:] == [REMOVE_BYTES_OF_USER]


async def test_the_security_events_of_a_removed_user_remain_without_the_addresses_of_the_user(world: World) -> None:
    kim, boss = await owner_of(world, tasks=0), await registered(world, "boss", Role.ADMIN)
    origin = Origin(source=Source.REQUEST, correlation_id=kim.id, ip_address="192.0.2.1")
    with running_for(lambda: origin):
        for _ in range(8):
            await logged_in(world)
        await world.users.edit(acting(boss.id, Role.ADMIN), kim.id, full_name="Kim")
        await logged_in(world, "boss")
        await world.accounts.erase(acting(kim.id), PASSWORD)
    assert await due(world) == 3  # the purge, and the bytes of the files
    await world.work()

    events = await world.services.audit_search.find(AuditFilter(), limit=99)
    assert [event.name for event in events if event.ip_address] == ["user_erased", "login", "user_changed"]
    assert [event.name for event in events].count("login") == 9


class Killed(Exception):
    """The process is killed."""


async def test_a_job_continues_after_its_worker_was_killed(world: World, storage: InMemoryStorage) -> None:
    kim = await owner_of(world, tasks=10)
    await world.accounts.erase(acting(kim.id), PASSWORD)
    units = iter([storage.unit_of_work() for _ in range(3)])  # the first one erases addresses

    def unit_of_work() -> InMemoryUnitOfWork:
        try:
            return next(units)
        except StopIteration:
            raise Killed from None

    job = Job(id=JobId(kim.id), kind=PURGE_USER, owner_id=kim.id)
    with pytest.raises(Killed):
        await RemovalJobs(unit_of_work).purge(job)
    assert await remaining(world, kim.id) == 3
    await world.work()

    assert await remaining(world, kim.id) == 0


async def test_an_export_ends_when_the_account_is_erased(world: World) -> None:
    kim = await owner_of(world, tasks=150)
    async with world.services.exports.export(acting(kim.id)) as export:
        assert len(await anext(export.tasks)) == 100
        await world.accounts.erase(acting(kim.id), PASSWORD)
        assert [batch async for batch in export.tasks] == []
        assert [batch async for batch in export.history] == []
        assert [batch async for batch in export.files] == []
    assert await remaining(world, kim.id) > 0
