"""Run one random history on several storages and compare all results and errors."""

import itertools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from application.identity.registration import CreateUser
from application.platform.paging import Window
from application.storage import Storage, UnitOfWork
from domain.audit.audit_event import AuditEvent
from domain.audit.audit_query import AuditFilter
from domain.identity.actor import Actor
from domain.identity.user import Role, User, UserId
from domain.identity.user_query import UserFilter, UserOrder
from tests.contracts.given import remove_user_in
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.contracts.state_machine.vocabulary import names
from tests.support.stubs import SettableClock
from tests.support.user_strategies import full_names, roles, zone_names
from tests.support.world import Refusal, World, outcome

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]

EXAMPLES: Final = itertools.count(1)
PASSWORD: Final = "Correct-1-horse"
MANY: Final = 10_000
FAR_FUTURE: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Machine(RuleBasedStateMachine):
    """The base state machine.

    All examples share the storages. Each example leaves them empty and uses ids and names of its own.
    """

    actors = st.runner().flatmap(lambda machine: st.sampled_from(machine.people))

    def __init__(self, storages: Mapping[str, Storage], run: Run) -> None:
        super().__init__()
        self._run = run
        self._number = next(EXAMPLES)
        self._clock = SettableClock()
        self._worlds = {name: World(storage, self._clock, self._number << 24) for name, storage in storages.items()}
        self.people: list[Actor] = []
        """Registered users. Removed users come first."""

    def ask(self, question: Callable[[World], Awaitable[T]]) -> T | Refusal:
        """Call all storages and return their common result."""
        answers = {name: self._run(outcome(question(world))) for name, world in self._worlds.items()}
        first, *others = answers.values()
        assert all(other == first for other in others), answers
        return first  # type: ignore[no-any-return]

    def username(self, name: str) -> str:
        return f"{name}-{self._number}"

    def email(self, name: str) -> str:
        return f"{name}@{self._number}.example.com"

    @rule(name=names, email=names, zone=zone_names, full_name=full_names, role=roles, is_active=st.booleans())
    def register(
        self, name: str, email: str, zone: str, full_name: str | None, role: Role, is_active: bool = True
    ) -> None:
        command = CreateUser(
            username=self.username(name),
            email=self.email(email),
            password=PASSWORD,
            full_name=full_name,
            timezone=zone,
            role=role,
            is_active=is_active,
        )
        self.add_person(self.ask(lambda world: world.bootstrap.create_user(command)))

    def add_person(self, user: User | Refusal) -> None:
        if isinstance(user, User):
            self.people = [person for person in self.people if person.user_id != user.id] + [Actor.of(user)]

    def mark_removed(self, user_id: UserId, answer: object) -> None:
        """Move a removed user to the front, so that later steps also act as a removed user."""
        if not isinstance(answer, Refusal):
            removed = [person for person in self.people if person.user_id == user_id]
            self.people = removed + [person for person in self.people[-8:] if person.user_id != user_id]

    @rule(
        by=st.sampled_from([MICROSECOND, timedelta(hours=5), timedelta(days=1), timedelta(days=7)]), back=st.booleans()
    )
    def time_passes(self, by: timedelta, back: bool) -> None:
        self._clock.time += -by if back else by

    def teardown(self) -> None:
        self._run(require_ordered_times(self._worlds["memory"]))
        self.ask(take_audit_events)
        self.ask(remove_all_users)


async def require_ordered_times(world: World) -> None:
    """Check that no time is earlier than the one before, although the clock goes back."""
    async with world.storage.unit_of_work() as uow:
        for user in await all_users(uow):
            assert user.created_at <= user.updated_at
            for session in await uow.sessions.find_by_user(user.id):
                assert session.created_at <= session.last_used_at
            changes = await uow.history.of_owner(user.id, limit=10_000)  # by task and version
            for before, after in itertools.pairwise(changes):
                assert before.task_id != after.task_id or before.at <= after.at


async def take_audit_events(world: World) -> list[AuditEvent]:
    """Return all stored security events and delete them. Check that they are those of the audit log."""
    async with world.storage.unit_of_work() as uow:
        events = (await uow.audit_events.find(AuditFilter(), Window(limit=MANY))).items
        await uow.audit_events.remove_old(FAR_FUTURE, limit=MANY)
        await uow.commit()
    logged = {event.id: (event.name, event.details) for event in world.audit.records}
    assert {event.id: (event.name, event.details) for event in events} == logged
    return events


async def all_users(uow: UnitOfWork) -> list[User]:
    return (await uow.users.find(UserFilter(), UserOrder(), Window(limit=1000))).items


async def remove_all_users(world: World) -> list[User]:
    async with world.storage.unit_of_work() as uow:
        for user in await all_users(uow):
            await remove_user_in(uow, user)
        remaining = await all_users(uow)
        assert await uow.users.count_active_admins() == 0
        await uow.commit()
    return remaining
