"""Rules: users manage their own accounts and the accounts of others."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, multiple, rule

from application.identity.sessions import ClientInfo, IssuedTokens
from application.identity.users import ListUsers
from application.platform.paging import Page, Paging
from domain.identity.actor import Actor
from domain.identity.session import SessionId
from domain.identity.user import Role, UserChanges
from domain.identity.user_query import UserFilter, UserOrder
from domain.versions import VersionMatch
from tests.contracts.state_machine.machine import PASSWORD, Machine
from tests.contracts.state_machine.vocabulary import names, passwords, rarely, user_agents, versions
from tests.support.builders import AN_ADMIN, acting
from tests.support.user_strategies import full_names, roles, user_filters, user_orders, zone_names
from tests.support.world import Refusal


class AccountRules(Machine):
    logins: Bundle[IssuedTokens] = Bundle("logins")
    """Issued tokens, valid or not."""
    reset_tokens: Bundle[str] = Bundle("reset_tokens")

    @rule(
        actor=Machine.actors,
        other=Machine.actors,
        changed=st.fixed_dictionaries(
            {}, optional={"full_name": full_names, "timezone": zone_names, "role": roles, "is_active": st.booleans()}
        ),
        email=st.none() | names,
        password=st.none() | passwords,
        versions=versions,
    )
    def edit_user(
        self,
        actor: Actor,
        other: Actor,
        changed: dict[str, Any],
        email: str | None,
        password: str | None,
        versions: VersionMatch,
    ) -> None:
        changes = UserChanges(**changed)  # type: ignore[typeddict-item]
        if email is not None:
            changes["email"] = self.email(email)
        self.add_person(
            self.ask(
                lambda world: world.users.edit(
                    actor, other.user_id, current_password=password, versions=versions, **changes
                )
            ),
        )

    @rule(actor=Machine.actors, other=Machine.actors, role=roles, is_active=st.booleans())
    def promote_or_demote(self, actor: Actor, other: Actor, role: Role, is_active: bool) -> None:
        self.add_person(
            self.ask(lambda world: world.users.edit(AN_ADMIN, other.user_id, role=role, is_active=is_active))
        )
        self.ask(lambda world: world.users.get(actor, other.user_id))

    @rule(actor=Machine.actors, other=Machine.actors, versions=versions)
    def remove_user(self, actor: Actor, other: Actor, versions: VersionMatch) -> None:
        self.mark_removed(
            other.user_id,
            self.ask(lambda world: world.users.delete(actor, other.user_id, versions=versions)),
        )

    @rule(other=Machine.actors, password=passwords)
    def erase(self, other: Actor, password: str) -> None:
        self.mark_removed(other.user_id, self.ask(lambda world: world.accounts.erase(other, password)))

    @rule(
        actor=Machine.actors,
        filter=user_filters,
        order=user_orders,
        limit=st.integers(1, 3),
        skip=st.sampled_from([0, 0, 1, 4]),
    )
    def list_users(self, actor: Actor, filter: UserFilter, order: UserOrder, limit: int, skip: int) -> None:
        paging: Paging | None = Paging(limit=limit, skip=skip)
        while paging is not None:
            query = ListUsers(filter=filter, order=order, paging=paging)
            page = self.ask(lambda world: world.users.list(actor, query))  # noqa: B023 - called immediately
            has_more = isinstance(page, Page) and page.next_cursor
            paging = Paging(limit=limit, cursor=page.next_cursor) if isinstance(page, Page) and has_more else None

    @rule(target=logins, name=names, is_email=st.booleans(), password=passwords, user_agent=user_agents)
    def log_in(self, name: str, is_email: bool, password: str, user_agent: str | None) -> MultipleResults[IssuedTokens]:
        login = self.email(name) if is_email else self.username(name)
        answer = self.ask(lambda world: world.sessions.log_in(login, password, ClientInfo(user_agent, "192.0.2.1")))
        return multiple() if isinstance(answer, Refusal) else multiple(answer)

    @rule(target=logins, login=logins)
    def refresh(self, login: IssuedTokens) -> MultipleResults[IssuedTokens]:
        """Refresh with a token that may have been used before or whose session may have ended."""
        answer = self.ask(lambda world: world.sessions.refresh(login.refresh_token.text))
        return multiple() if isinstance(answer, Refusal) else multiple(answer)

    @rule(login=logins, is_of_family=st.booleans())
    def refresh_with_a_made_up_token(self, login: IssuedTokens, is_of_family: bool) -> None:
        token = login.refresh_token
        secret = token.secret[: token.FAMILY_SIZE] + bytes(16) if is_of_family else bytes(32)
        self.ask(lambda world: world.sessions.refresh(replace(token, secret=secret).text))

    @rule(login=logins)
    def authenticate(self, login: IssuedTokens) -> None:
        self.ask(lambda world: world.sessions.authenticate(login.access_token.text))
        self.ask(lambda world: world.sessions.list_sessions(acting(login.user.id)))

    @rule(login=consumes(logins), actor=Machine.actors, any_user=rarely)
    def end_session(self, login: IssuedTokens, actor: Actor, any_user: bool) -> None:
        user_id, session_id = (actor.user_id if any_user else login.user.id), SessionId(login.refresh_token.ids[1])
        self.ask(lambda world: world.sessions.revoke(acting(user_id), session_id))

    @rule(actor=Machine.actors)
    def end_all_sessions(self, actor: Actor) -> None:
        self.ask(lambda world: world.sessions.revoke_all(actor))

    @rule(login=logins, current=passwords, new=passwords)
    def change_password(self, login: IssuedTokens, current: str, new: str) -> None:
        session_id = SessionId(login.refresh_token.ids[1])
        self.ask(lambda world: world.passwords.change(acting(login.user.id), session_id, current, new))
        self.ask(lambda world: world.sessions.list_sessions(acting(login.user.id)))

    @rule(target=reset_tokens, name=names)
    def request_reset(self, name: str) -> MultipleResults[str]:
        self.ask(lambda world: world.work())
        self.ask(lambda world: world.passwords.request_reset(self.email(name)))
        self.ask(lambda world: world.work())
        first, *others = (world.mailbox for world in self._worlds.values())
        assert all(sorted(other.mails, key=str) == sorted(first.mails, key=str) for other in others)
        return multiple(*first.reset_tokens[-1:])

    @rule(token=reset_tokens, new=passwords)
    def reset(self, token: str, new: str) -> None:
        self.ask(lambda world: world.passwords.reset(token, new))

    def _compare_sessions(self, actor: Actor) -> None:
        self.ask(lambda world: world.sessions.list_sessions(actor))

    def teardown(self) -> None:
        for actor in self.people:
            self._compare_sessions(actor)
        self.ask(lambda world: world.sessions.log_in(self.username("ann"), PASSWORD))
        super().teardown()
