"""Authentication by bearer token (RFC 6750)."""

from typing import Final

import pytest
from httpx2 import AsyncClient, Headers

from tests.entrypoints.http.given import ME, in_memory

pytestmark = in_memory

NO_BEARER: Final = ["", " ", "Bearer", "Bearer ", "Basic eDp5", "{}", "Token {}", "Bearer{}", "Bearer={}"]


def token_of(client: AsyncClient) -> str:
    token: str = client.headers["Authorization"].removeprefix("Bearer ")
    return token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer ", "bEaReR   "])
async def test_the_scheme_is_case_insensitive(ann: AsyncClient, scheme: str) -> None:
    assert (await ann.get(ME, headers={"Authorization": f"{scheme} {token_of(ann)}"})).status_code == 200


@pytest.mark.parametrize("field", NO_BEARER)
async def test_a_missing_or_malformed_bearer_token_is_refused(ann: AsyncClient, field: str) -> None:
    response = await ann.get(ME, headers={"Authorization": field.format(token_of(ann))})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["error_code"] == "NOT_AUTHENTICATED"


async def test_two_authorization_fields_are_refused(client: AsyncClient, ann: AsyncClient, ben: AsyncClient) -> None:
    ann_field, ben_field, forged = f"Bearer {token_of(ann)}", f"Bearer {token_of(ben)}", "Bearer forged"
    for pair in ((ann_field, ben_field), (ann_field, forged), (forged, ann_field)):
        headers = Headers([("Authorization", field) for field in pair])
        assert (await client.get(ME, headers=headers)).status_code == 401
    assert (await client.get(ME, headers={"Authorization": f"{ann_field}, {ben_field}"})).status_code == 401


async def test_a_token_outside_the_authorization_field_is_ignored(client: AsyncClient, ann: AsyncClient) -> None:
    token = token_of(ann)
    assert (await client.get(ME, params={"access_token": token})).status_code == 401
    assert (await client.get(ME, headers={"X-Authorization": f"Bearer {token}"})).status_code == 401
    assert (await client.get(ME, headers={"Proxy-Authorization": f"Bearer {token}"})).status_code == 401
    assert (await client.get(ME, headers={"Cookie": f"access_token={token}x"})).status_code == 401
