"""Steps that the tests of use cases share."""

from typing import Final

from application.identity.registration import CreateUser
from application.identity.sessions import IssuedTokens
from domain.identity.actor import Actor
from domain.identity.session import SessionId
from domain.identity.user import Role, User
from tests.support.world import World

PASSWORD: Final = "Correct-1-horse"
OTHER: Final = "Correct-2-horse"
COMPOSED: Final = "Corr\u00e9ct-1 horse"
DECOMPOSED: Final = "Corre\u0301ct-1\u00a0horse"
"""The same password as COMPOSED, as another device sends it."""


async def registered(
    world: World, name: str = "kim", role: Role = Role.USER, *, is_active: bool = True, password: str = PASSWORD
) -> User:
    command = CreateUser(username=name, email=f"{name}@example.com", password=password, role=role, is_active=is_active)
    return await world.bootstrap.create_user(command)


async def an_actor(world: World, name: str, role: Role = Role.USER) -> Actor:
    return Actor.of(await registered(world, name, role))


async def logged_in(world: World, name: str = "kim", password: str = PASSWORD) -> IssuedTokens:
    return await world.sessions.log_in(name, password)


def session_of(login: IssuedTokens) -> SessionId:
    return SessionId(login.refresh_token.ids[1])
