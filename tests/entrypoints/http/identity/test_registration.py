import asyncio
from collections import Counter
from typing import Final
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import LOGIN, ME, PASSWORD, REGISTER, an_account, breaches, in_memory, log_in

WEAK: Final[dict[str, str]] = {
    "empty": "",
    "7 characters": "Aa1!xyz",
    "129 characters": "Aa1!" + "x" * 125,
    "no upper case": "correct-horse-7",
    "no lower case": "CORRECT-HORSE-7",
    "no digit": "Correct-Horse-x",
    "nothing special": "CorrectHorse7",
    "a space is not special": "Correct Horse 7",
    "the username": "Xx1!carol",
    "the username in other case": "Xx1!CaRoL",
    "the name in the address": "Xx1!mail-box",
    "common": "P@ssw0rd",
    "common but for its end": "Passw0rd!",
    "common in other case": "p@SSW0RD",
    "NUL": "Correct-\x00Horse-7",
}
STRONG: Final[dict[str, str]] = {
    "8 characters": "Aa1!xyzw",
    "128 characters": "Aa1!" + "x" * 124,
    "any script": "\u0416\u0436\u0665\u2713 \U0001f600 \u65e5\u672c",
    "parts of names": "Xx1!car-mail",
    "white space": "\t Aa1! \n x",
}


async def test_a_new_user_is_returned_with_every_field(client: AsyncClient) -> None:
    response = await client.post(
        REGISTER,
        json=an_account("Carol_1-x", confirm_password=PASSWORD, full_name=" Carol \xc5 ", timezone="Europe/Berlin"),
    )
    user = response.json()

    assert response.status_code == 201
    assert response.headers["ETag"] == '"1"'
    assert UUID(user["id"]).version == 7
    assert user == {
        "id": user["id"],
        "username": "Carol_1-x",
        "email": "Carol_1-x@example.com",
        "full_name": "Carol \xc5",
        "role": "user",
        "is_active": True,
        "timezone": "Europe/Berlin",
        "version": 1,
        "created_at": "2026-03-04T12:00:00Z",
        "updated_at": "2026-03-04T12:00:00Z",
    }
    await log_in(client, "carol_1-x")
    assert (await client.get(ME)).json() == user
    assert (await client.get(response.headers["Location"])).json() == user


async def test_optional_fields_have_defaults(client: AsyncClient) -> None:
    user = (await client.post(REGISTER, json=an_account())).json()
    assert (user["full_name"], user["timezone"]) == (None, "UTC")
    assert (await client.post(REGISTER, json=an_account("dora", full_name=None))).json()["full_name"] is None


async def test_names_are_unique_in_any_case(client: AsyncClient) -> None:
    await client.post(REGISTER, json=an_account("Carol", email="Carol@Example.com"))
    for code, field, account in (
        *(
            ("USERNAME_TAKEN", "username", an_account(name, email="x@example.com"))
            for name in ("Carol", "carol", "CAROL")
        ),
        *(("EMAIL_TAKEN", "email", an_account("dora", email=f"{name}@EXAMPLE.com")) for name in ("Carol", "CAROL")),
        ("USERNAME_TAKEN", "username", an_account("carol", email="carol@example.com")),
    ):
        response = await client.post(REGISTER, json=account)
        assert response.status_code == 409
        assert (response.json()["error_code"], response.json()["field"]) == (code, field)
    assert (await client.post(REGISTER, json=an_account("dora", email="x@example.com"))).status_code == 201


async def test_one_of_many_concurrent_registrations_of_a_name_succeeds(client: AsyncClient) -> None:
    async def register(username: str, email: str) -> tuple[int, str | None]:
        response = await client.post(REGISTER, json=an_account(username, email=email))
        return response.status_code, response.json().get("field")

    same_name = [register(name, f"{n}@example.com") for n, name in enumerate(["carol", "Carol"] * 4)]
    same_address = [register(f"user-{n}", "dora@example.com") for n in range(8)]
    responses = Counter(await asyncio.gather(*same_name, *same_address))
    assert responses == {(201, None): 2, (409, "username"): 7, (409, "email"): 7}


@in_memory
@pytest.mark.parametrize("password", WEAK.values(), ids=WEAK)
async def test_a_weak_password_is_refused(client: AsyncClient, password: str) -> None:
    account = an_account(email="mail-box@example.com", password=password)
    response = await client.post(REGISTER, json=account)

    assert response.json()["error_code"] == "WEAK_PASSWORD"
    assert breaches(response) == {("body", "password")}
    assert (await client.post(REGISTER, json=account | {"password": PASSWORD})).status_code == 201


@in_memory
@pytest.mark.parametrize("password", STRONG.values(), ids=STRONG)
async def test_a_strong_password_is_stored_unchanged(client: AsyncClient, password: str) -> None:
    account = an_account(email="mail-box@example.com", password=password)
    assert (await client.post(REGISTER, json=account)).status_code == 201
    for attempt in (password, password.strip(), password.swapcase()):
        response = await client.post(LOGIN, json={"username": "carol", "password": attempt})
        assert (response.status_code == 200) == (attempt == password)


@in_memory
async def test_a_password_may_contain_a_short_name(client: AsyncClient) -> None:
    assert (await client.post(REGISTER, json=an_account("ann", password="Ann's Horse 7"))).status_code == 201


@in_memory
async def test_a_different_confirmation_password_is_refused(client: AsyncClient) -> None:
    for other in ("", PASSWORD.lower(), f"{PASSWORD} "):
        response = await client.post(REGISTER, json=an_account(confirm_password=other))
        assert response.json()["error_code"] == "VALIDATION_FAILED"
        assert {place[0] for place in breaches(response)} == {"body"}
    equal = {"password": "Corr\u00e9ct-Horse-7", "confirm_password": "Corre\u0301ct-Horse-7"}
    assert (await client.post(REGISTER, json=an_account() | equal)).status_code == 201


@in_memory
class TestNistPolicy:
    @pytest.fixture
    def options(self) -> dict[str, str]:
        return {"password_policy": "nist"}

    @pytest.mark.parametrize(
        ("password", "status"),
        [
            ("x" * 13 + "yz", 201),
            ("some words of no kind", 201),
            (PASSWORD[:14], 422),
            ("x" * 129, 422),
            ("a carol of carols", 422),
            ("PasswordStandard", 422),
        ],
    )
    async def test_length_is_required_and_composition_is_not(
        self, client: AsyncClient, password: str, status: int
    ) -> None:
        response = await client.post(REGISTER, json=an_account(password=password))
        assert response.status_code == status
        assert status == 201 or response.json()["error_code"] == "WEAK_PASSWORD"
