"""Who may call which use case. The services themselves refuse, whichever entrypoint calls them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from uuid_utils.compat import uuid7

from application.audit.service import ListAuditEvents
from application.files.files import ListFiles
from application.identity.registration import CreateUser, RegisterUser
from application.identity.users import ListUsers
from application.jobs.ports import Job, JobId, JobNotFound
from application.operations.export import AccountExport
from application.platform.paging import Window
from application.storage import Storage
from application.tasks.tasks import CreateTask, ListTasks
from domain.errors import (
    DomainError,
    FileNotFound,
    Forbidden,
    InvalidToken,
    SessionNotFound,
    TagNotFound,
    TaskNotFound,
    UserNotFound,
)
from domain.files.file import File, FileFilter
from domain.identity.actor import Actor
from domain.identity.session import SessionId
from domain.identity.user import Role, User
from domain.tasks.task import Task, TaskId
from entrypoints.wiring.services import Services
from tests.contracts.given import snapshot
from tests.support.builders import AN_ADMIN, acting, tags
from tests.support.stubs import SettableClock
from tests.support.world import World

PASSWORD: Final = "Correct-1-horse"
NEW_PASSWORD: Final = "Correct-2-horse"
HOME, WORK = tags("home")[0], tags("work")[0]


async def export(services: Services, actor: Actor) -> AccountExport:
    async with services.exports.export(actor) as export:
        return export


FOR_ANYONE: Final = {
    "accounts.register",
    "sessions.log_in",
    "sessions.refresh",
    "sessions.authenticate",
    "passwords.request_reset",
    "passwords.reset",
}
"""Use cases without an actor: they prove who calls by a password or a token, or need no proof."""

FOR_OPERATORS: Final = {
    "events",
    "bootstrap",
    "jobs",
    "job_worker",
    "backups",
    "seeding",
    "health",
    "file_store_identity",
    "idempotency",
    "rate_limits",
    "total_cache",
    "refusals",
    "audit_search",
}
"""Services without actors: the command line and the entrypoints themselves use them."""


@dataclass(frozen=True)
class Sent:
    filename: str = "notes.txt"
    task_id: TaskId | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"hello"


@dataclass(frozen=True)
class Data:
    """What the owner has."""

    world: World
    owner: User
    task: Task
    file: File
    session_id: SessionId
    job_id: JobId

    async def state(self) -> object:
        """Return all data of the owner."""
        storage = self.world.storage
        async with storage.unit_of_work() as uow:
            return (
                await uow.users.find_by_login(self.owner.username),
                await uow.sessions.find_by_user(self.owner.id),
                await uow.files.find(FileFilter(), Window(limit=10), owner_id=self.owner.id),
                await snapshot(storage, self.owner.id),
            )


Outcome = type[DomainError] | None
Outcomes = Mapping[str, Outcome]
"""The expected error by kind of actor; None if the actor succeeds."""

KINDS: Final = ("owner", "stranger", "manager", "admin", "erased")


def outcomes(
    *, owner: Outcome = None, stranger: Outcome, manager: Outcome, admin: Outcome, erased: Outcome
) -> Outcomes:
    return {"owner": owner, "stranger": stranger, "manager": manager, "admin": admin, "erased": erased}


def only_owner(error: type[DomainError]) -> Outcomes:
    return outcomes(stranger=error, manager=error, admin=error, erased=error)


OWN: Final = outcomes(stranger=None, manager=None, admin=None, erased=UserNotFound)
"""The use case works on the data of the actor."""
ALWAYS: Final = outcomes(stranger=None, manager=None, admin=None, erased=None)
READERS: Final = outcomes(stranger=UserNotFound, manager=None, admin=None, erased=UserNotFound)
ADMINS: Final = outcomes(owner=Forbidden, stranger=Forbidden, manager=Forbidden, admin=None, erased=Forbidden)
ADMINS_OF_VISIBLE: Final = outcomes(
    owner=Forbidden, stranger=UserNotFound, manager=Forbidden, admin=None, erased=UserNotFound
)

Call = Callable[[Services, Actor, Data], Awaitable[object]]

USE_CASES: Final[dict[str, tuple[Call, Outcomes]]] = {
    "accounts.erase": (lambda s, a, d: s.accounts.erase(a, PASSWORD), OWN),
    "users.list": (
        lambda s, a, d: s.users.list(a, ListUsers()),
        outcomes(owner=Forbidden, stranger=Forbidden, manager=None, admin=None, erased=Forbidden),
    ),
    "users.get": (lambda s, a, d: s.users.get(a, d.owner.id), READERS),
    "users.create": (
        lambda s, a, d: s.users.create(
            a, CreateUser(username="new", email="new@example.com", password=PASSWORD, role=Role.ADMIN)
        ),
        ADMINS,
    ),
    "users.edit": (
        lambda s, a, d: s.users.edit(a, d.owner.id, full_name="Changed"),
        outcomes(stranger=UserNotFound, manager=Forbidden, admin=None, erased=UserNotFound),
    ),
    "users.edit role": (lambda s, a, d: s.users.edit(a, d.owner.id, role=Role.ADMIN), ADMINS_OF_VISIBLE),
    "users.edit is_active": (lambda s, a, d: s.users.edit(a, d.owner.id, is_active=False), ADMINS_OF_VISIBLE),
    "users.delete": (lambda s, a, d: s.users.delete(a, d.owner.id), ADMINS_OF_VISIBLE),
    "users.delete oneself": (
        lambda s, a, d: s.users.delete(a, a.user_id),
        outcomes(owner=Forbidden, stranger=Forbidden, manager=Forbidden, admin=Forbidden, erased=UserNotFound),
    ),
    "sessions.require_unrevoked": (
        lambda s, a, d: s.sessions.require_unrevoked(a, d.session_id),
        only_owner(InvalidToken),
    ),
    "sessions.list_sessions": (lambda s, a, d: s.sessions.list_sessions(a), ALWAYS),
    "sessions.revoke": (lambda s, a, d: s.sessions.revoke(a, d.session_id), only_owner(SessionNotFound)),
    "sessions.revoke_all": (lambda s, a, d: s.sessions.revoke_all(a), ALWAYS),
    "passwords.change": (lambda s, a, d: s.passwords.change(a, d.session_id, PASSWORD, NEW_PASSWORD), OWN),
    "tasks.create": (lambda s, a, d: s.tasks.create(a, CreateTask(title="New")), OWN),
    "tasks.get": (lambda s, a, d: s.tasks.get(a, d.task.id, owner_id=d.owner.id), READERS),
    "tasks.list": (lambda s, a, d: s.tasks.list(a, ListTasks(), owner_id=d.owner.id), READERS),
    "tasks.statistics": (lambda s, a, d: s.tasks.statistics(a, owner_id=d.owner.id), READERS),
    "tasks.history": (lambda s, a, d: s.tasks.history(a, d.task.id, owner_id=d.owner.id), READERS),
    "tasks.edit": (lambda s, a, d: s.tasks.edit(a, d.task.id, title="Changed"), only_owner(TaskNotFound)),
    "tasks.delete": (lambda s, a, d: s.tasks.delete(a, d.task.id), only_owner(TaskNotFound)),
    "tasks.add_tags": (lambda s, a, d: s.tasks.add_tags(a, d.task.id, (WORK,)), only_owner(TaskNotFound)),
    "tasks.remove_tag": (lambda s, a, d: s.tasks.remove_tag(a, d.task.id, HOME), only_owner(TaskNotFound)),
    "task_batches.create": (lambda s, a, d: s.task_batches.create(a, [CreateTask(title="New")]), OWN),
    "task_batches.edit": (
        lambda s, a, d: s.task_batches.edit(a, [d.task.id], title="Changed"),
        only_owner(TaskNotFound),
    ),
    "task_batches.delete": (lambda s, a, d: s.task_batches.delete(a, [d.task.id]), only_owner(TaskNotFound)),
    "tags.list": (lambda s, a, d: s.tags.list(a, owner_id=d.owner.id), READERS),
    "tags.rename": (
        lambda s, a, d: s.tags.rename(a, HOME, WORK),
        outcomes(stranger=TagNotFound, manager=TagNotFound, admin=TagNotFound, erased=UserNotFound),
    ),
    "tags.remove": (
        lambda s, a, d: s.tags.remove(a, HOME),
        outcomes(stranger=TagNotFound, manager=TagNotFound, admin=TagNotFound, erased=UserNotFound),
    ),
    "requested_jobs.get": (lambda s, a, d: s.requested_jobs.get(a, d.job_id), only_owner(JobNotFound)),
    "files.upload": (lambda s, a, d: s.files.upload(a, Sent()), OWN),
    "files.upload to a task": (
        lambda s, a, d: s.files.upload(a, Sent(task_id=d.task.id)),
        only_owner(TaskNotFound),
    ),
    "files.list": (lambda s, a, d: s.files.list(a, ListFiles(), owner_id=d.owner.id), READERS),
    "files.get": (lambda s, a, d: s.files.get(a, d.file.id, owner_id=d.owner.id), READERS),
    "files.open": (lambda s, a, d: s.files.open(a, d.file.id, owner_id=d.owner.id), READERS),
    "files.delete": (lambda s, a, d: s.files.delete(a, d.file.id), only_owner(FileNotFound)),
    "audit.list": (lambda s, a, d: s.audit.list(a, ListAuditEvents()), ADMINS),
    "exports.export": (lambda s, a, d: export(s, a), OWN),
}

READS: Final = {"list", "get", "open", "statistics", "history", "list_sessions", "require_unrevoked", "export"}


class AccessContract:
    """Runs over one storage, which `storage` provides: the rules do not depend on its kind."""

    @pytest.fixture
    async def data(self, storage: Storage) -> Data:
        world = World(storage, SettableClock())
        owner = await self._register(world, "owner", Role.USER)
        task = await world.tasks.create(acting(owner.id), CreateTask(title="Water the plants", tags=(HOME,)))
        file = await world.files.upload(acting(owner.id), Sent(task_id=task.id))
        login = await world.sessions.log_in("owner", PASSWORD)
        job = Job(id=JobId(uuid7()), kind="example", requester_id=owner.id)
        async with storage.unit_of_work() as uow:
            await uow.jobs.add(job)
            await uow.commit()
        return Data(world, owner, task, file, SessionId(login.refresh_token.ids[1]), job.id)

    async def _register(self, world: World, name: str, role: Role) -> User:
        command = CreateUser(username=name, email=f"{name}@example.com", password=PASSWORD, role=role)
        return await world.bootstrap.create_user(command)

    async def _actor(self, data: Data, kind: str) -> Actor:
        if kind == "owner":
            return Actor.of(data.owner)
        role = {"manager": Role.MANAGER, "admin": Role.ADMIN}.get(kind, Role.USER)
        user = await self._register(data.world, kind, role)
        await self._register(data.world, "another-admin", Role.ADMIN)  # no actor is the last admin
        if kind == "erased":
            await data.world.users.delete(AN_ADMIN, user.id)
        return Actor.of(user)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", USE_CASES)
    async def test_a_use_case_accepts_or_refuses_each_kind_of_actor(self, data: Data, name: str, kind: str) -> None:
        call, expected = USE_CASES[name]
        actor = await self._actor(data, kind)
        before = await data.state()
        error: type[Exception] | None = None
        try:
            await call(data.world.services, actor, data)
        except DomainError as raised:
            error = type(raised)

        wanted = expected[kind]
        assert error is None if wanted is None else error is not None and issubclass(error, wanted)
        is_read = name.partition(".")[2] in READS
        acts_on_itself = expected in (OWN, ALWAYS) and kind != "owner"
        if error is not None or is_read or acts_on_itself:
            assert await data.state() == before
        elif name != "users.create":
            assert await data.state() != before

    async def test_a_registration_cannot_choose_its_role(self, data: Data) -> None:
        fields: dict[str, Any] = {"username": "new", "email": "new@example.com", "password": PASSWORD}
        with pytest.raises(TypeError):
            RegisterUser(**{**fields, "role": Role.ADMIN})
        command = CreateUser(**fields, role=Role.ADMIN, is_active=False)
        user = await data.world.accounts.register(command)

        assert (user.role, user.is_active) == (Role.USER, True)

    async def test_a_list_of_sessions_contains_only_those_of_the_actor(self, data: Data) -> None:
        manager = await self._actor(data, "manager")

        assert await data.world.sessions.list_sessions(manager) == []
        assert [one.id for one in await data.world.sessions.list_sessions(acting(data.owner.id))] == [data.session_id]
