"""Lists of users, for managers and admins."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import USERS, Json, an_account, breaches


async def names(client: AsyncClient, **query: Any) -> list[str]:
    response = await client.get(USERS, params=query)
    assert response.status_code == 200, response.text
    return [user["username"] for user in response.json()["items"]]


class TestLists:
    @pytest.fixture
    async def ada(self, ada: AsyncClient) -> AsyncClient:
        for fields in (
            an_account("Bob", email="z@example.com", full_name="Robert Straße"),
            an_account("carl", email="Y@example.org", role="manager"),
            an_account("Dora", email="x@example.com", role="admin", is_active=False),
        ):
            assert (await ada.post(USERS, json=fields)).status_code == 201
        return ada

    async def test_users_are_sorted_by_every_field(self, ada: AsyncClient) -> None:
        assert await names(ada) == ["Dora", "carl", "Bob", "ada"]
        assert await names(ada, sort_order="asc") == ["ada", "Bob", "carl", "Dora"]
        assert await names(ada, sort_by="username") == ["Dora", "carl", "Bob", "ada"]
        assert await names(ada, sort_by="email", sort_order="asc") == ["ada", "Dora", "carl", "Bob"]
        assert await names(ada, sort_by="role", sort_order="asc") == ["Bob", "carl", "ada", "Dora"]

    async def test_users_are_filtered_and_searched(self, ada: AsyncClient) -> None:
        assert await names(ada, role="admin") == ["Dora", "ada"]
        assert await names(ada, is_active="false") == ["Dora"]
        assert await names(ada, search="BOB") == ["Bob"]
        assert await names(ada, search="STRASSE robert") == ["Bob"]
        assert await names(ada, search="example.org") == ["carl"]
        assert await names(ada, search="%") == []
        assert await names(ada, search=" ", role="user") == ["Bob"]

    async def test_users_are_listed_in_pages(self, ada: AsyncClient) -> None:
        for sort_by in ("created_at", "username", "email", "role"):
            whole = await names(ada, sort_by=sort_by)
            assert await names(ada, sort_by=sort_by, skip=1, limit=2) == whole[1:3]
            found: list[str] = []
            query: Json = {"sort_by": sort_by, "limit": 1}
            while True:
                page = (await ada.get(USERS, params=query)).json()
                found += [user["username"] for user in page["items"]]
                assert (page["total"], page["skip"]) == ((None, None) if "cursor" in query else (4, 0))
                if page["next_cursor"] is None:
                    break
                query["cursor"] = page["next_cursor"]
            assert found == whole

    async def test_a_cursor_is_valid_only_for_its_own_list(self, ada: AsyncClient) -> None:
        cursor = (await ada.get(USERS, params={"limit": 1})).json()["next_cursor"]
        for query in ({"sort_by": "email"}, {"search": "x"}, {"role": "user"}):
            assert breaches(await ada.get(USERS, params={"cursor": cursor, **query})) == {("query", "cursor")}
        assert breaches(await ada.get(USERS, params={"cursor": cursor, "skip": 1})) == {("query",)}

    async def test_invalid_parameters_are_reported_by_name(self, ada: AsyncClient) -> None:
        for name, value in (
            ("role", "king"),
            ("is_active", "1"),
            ("sort_by", "id"),
            ("sort_order", "up"),
            ("limit", "101"),
        ):
            assert breaches(await ada.get(USERS, params={name: value})) == {("query", name)}
