"""One random history for several storages, which are to give the same answers and the same errors."""

import itertools
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from application.identity.accounts import RegisterUser
from application.storage import Storage, UnitOfWork
from domain.identity.actor import Actor
from domain.identity.user import Role, User, UserId
from domain.identity.user_query import UserFilter, UserOrder
from tests.contracts.state_machine.assortment import MICROSECOND
from tests.contracts.state_machine.vocabulary import names, rarely
from tests.support.stubs import SettableClock
from tests.support.user_strategies import full_names, roles, zone_names
from tests.support.world import Refusal, World, outcome

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]

EXAMPLES: Final = itertools.count(1)
PASSWORD: Final = "Correct-1-horse"
FOREVER: Final = datetime(9000, 1, 1, tzinfo=UTC)


class Machine(RuleBasedStateMachine):
    """The storages outlive an example; it leaves them empty, and its ids and names do not appear in another."""

    actors = st.runner().flatmap(lambda machine: st.sampled_from(machine.people))

    def __init__(self, storages: Mapping[str, Storage], run: Run) -> None:
        super().__init__()
        self._run = run
        self._number = next(EXAMPLES)
        self._clock = SettableClock()
        self._worlds = {name: World(storage, self._clock, self._number << 24) for name, storage in storages.items()}
        self.people: list[Actor] = []
        """Also the last one who was removed, in front of the others."""

    def ask(self, question: Callable[[World], Awaitable[T]]) -> T | Refusal:
        """The answer of all."""
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
        command = RegisterUser(
            username=self.username(name),
            email=self.email(email),
            password=PASSWORD,
            full_name=full_name,
            timezone=zone,
            role=role,
            is_active=is_active,
        )
        self.meet(self.ask(lambda world: world.accounts.register(command)))

    def meet(self, user: User | Refusal) -> None:
        if isinstance(user, User):
            self.people = [known for known in self.people if known.user_id != user.id] + [Actor.of(user)]

    def lose(self, user_id: UserId, answer: object) -> None:
        """Whoever was removed, if so it was, may try once more."""
        if not isinstance(answer, Refusal):
            gone = [known for known in self.people if known.user_id == user_id]
            self.people = gone + [known for known in self.people[-8:] if known.user_id != user_id]

    @rule(by=st.sampled_from([MICROSECOND, timedelta(hours=5), timedelta(days=1), timedelta(days=7)]), back=rarely)
    def time_passes(self, by: timedelta, back: bool) -> None:
        self._clock.time += -by if back else by

    def teardown(self) -> None:
        self.ask(remove_everybody)


async def everybody(uow: UnitOfWork) -> list[User]:
    return (await uow.users.find(UserFilter(), UserOrder(), limit=1000)).users


async def remove_everybody(world: World) -> list[User]:
    async with world.storage.unit_of_work() as uow:
        for user in await everybody(uow):
            await uow.users.remove(user)
        left = await everybody(uow)
        assert await uow.users.count_active_admins() == 0
        await uow.commit()
    return left
