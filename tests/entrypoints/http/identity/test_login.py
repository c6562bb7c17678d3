from typing import Any, Final

import pytest
from httpx2 import AsyncClient, Response

from adapters.security.argon2 import Argon2PasswordHasher
from application.identity.security import PasswordHasher
from application.storage import Storage
from entrypoints.wiring.container import Container
from tests.entrypoints.http.given import (
    LOGIN,
    LOGIN_FORM,
    ME,
    PASSWORD,
    REGISTER,
    an_account,
    anonymised,
    breaches,
    in_memory,
    log_in,
    sign_up,
)
from tests.support.builders import a_user

WRONG: Final = {
    "another password": ("carol", f"{PASSWORD}!"),
    "other case": ("carol", PASSWORD.lower()),
    "space after": ("carol", f"{PASSWORD} "),
    "unknown user": ("unknown", PASSWORD),
    "unknown address": ("unknown@example.com", PASSWORD),
    "no possible name": ("' or 1=1 --", PASSWORD),
    "space around the name": (" carol ", PASSWORD),
    "half an address": ("carol@", PASSWORD),
    "another full name": ("Carol", "\U0001f600"),
    "a long name": ("x" * 10_000, PASSWORD),
    "a long password": ("carol", "x" * 10_000),
}


async def post(client: AsyncClient, path: str, **fields: Any) -> Response:
    return await (client.post(path, data=fields) if path == LOGIN_FORM else client.post(path, json=fields))


@pytest.fixture(params=[LOGIN, LOGIN_FORM])
def path(request: pytest.FixtureRequest) -> str:
    login: str = request.param
    return login


async def test_users_log_in_with_username_or_email_in_any_case(client: AsyncClient, path: str) -> None:
    user = (await client.post(REGISTER, json=an_account("Carol", email="Carol@example.com"))).json()
    for name in ("Carol", "carol", "CAROL", "Carol@Example.com", "carol@EXAMPLE.COM"):
        response = await post(client, path, username=name, password=PASSWORD)
        login = response.json()
        assert response.status_code == 200
        assert (login["token_type"], login["expires_in"]) == ("bearer", 15 * 60)
        assert login["user"] == user
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        assert (await client.get(ME)).json() == user


async def test_all_wrong_logins_get_the_same_response(client: AsyncClient, path: str) -> None:
    await client.post(REGISTER, json=an_account())
    responses = [await post(client, path, username=name, password=password) for name, password in WRONG.values()]

    assert {response.status_code for response in responses} == {401}
    assert {response.json()["error_code"] for response in responses} == {"INVALID_CREDENTIALS"}
    assert len({anonymised(response) for response in responses}) == 1


async def test_an_inactive_account_gets_the_same_response(client: AsyncClient, container: Container, path: str) -> None:
    hasher: PasswordHasher = container.hasher()
    storage: Storage = container.storage()
    async with storage.unit_of_work() as uow:
        await uow.users.add(a_user(username="carol", is_active=False, password_hash=await hasher.hash(PASSWORD)))
        await uow.commit()

    right = await post(client, path, username="carol", password=PASSWORD)
    wrong = await post(client, path, username="carol", password=f"{PASSWORD}!")
    assert right.status_code == 401
    assert anonymised(right) == anonymised(wrong)


@in_memory
async def test_each_login_issues_new_tokens(client: AsyncClient, path: str) -> None:
    await client.post(REGISTER, json=an_account())
    tokens = {(await post(client, path, username="carol", password=PASSWORD)).json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3


@in_memory
async def test_a_login_ignores_bearer_tokens(client: AsyncClient, path: str) -> None:
    await client.post(REGISTER, json=an_account())
    client.headers["Authorization"] = "Bearer forged"
    assert (await post(client, path, username="carol", password=PASSWORD)).status_code == 200


@in_memory
@pytest.mark.parametrize("missing", ["username", "password"])
async def test_a_login_requires_username_and_password(client: AsyncClient, path: str, missing: str) -> None:
    fields = {"username": "carol", "password": PASSWORD}
    del fields[missing]
    assert breaches(await post(client, path, **fields)) == {("body", missing)}


@in_memory
async def test_the_oauth_form_is_accepted(client: AsyncClient) -> None:
    await client.post(REGISTER, json=an_account())
    fields = {"username": "carol", "password": PASSWORD}
    for more in ({}, {"grant_type": "password"}, {"grant_type": "password", "scope": "", "client_id": "x"}):
        assert (await client.post(LOGIN_FORM, data=fields | more)).status_code == 200
    for name, value in (("grant_type", "refresh_token"), ("remember", "true"), ("Username", "carol")):
        assert breaches(await client.post(LOGIN_FORM, data=fields | {name: value})) == {("body", name)}


@in_memory
@pytest.mark.parametrize("name", ["username", "password", "grant_type"])
async def test_a_repeated_form_field_is_refused(client: AsyncClient, name: str) -> None:
    """RFC 6749, section 3.2."""
    await client.post(REGISTER, json=an_account())
    fields = {"username": "carol", "password": PASSWORD, "grant_type": "password"}
    response = await client.post(LOGIN_FORM, data=fields | {name: [fields[name], fields[name]]})
    assert breaches(response) == {("body", name)}


@in_memory
@pytest.mark.parametrize("body", [b"\xff", b"%", b"%zz=%", b"=", b"&&&", b"username", b"{}", b"\x00" * 1000, b";"])
async def test_malformed_forms_are_refused(client: AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await client.post(LOGIN_FORM, content=body, headers=headers)
    assert {("body", "username"), ("body", "password")} <= breaches(response)


@in_memory
async def test_a_form_with_too_many_fields_is_refused(client: AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await client.post(LOGIN_FORM, content=b"a=1&" * 1000, headers=headers)
    assert breaches(response) == {("body",)}


@in_memory
class TestArgon2:
    @pytest.fixture
    def hasher(self) -> Argon2PasswordHasher:
        return Argon2PasswordHasher()

    async def test_a_user_registers_and_logs_in(self, client: AsyncClient) -> None:
        await sign_up(client, "carol")
        assert (await client.get(ME)).json()["username"] == "carol"
        response = await client.post(LOGIN, json={"username": "carol", "password": f"{PASSWORD}!"})
        assert response.status_code == 401
        await log_in(client, "carol@example.com")
