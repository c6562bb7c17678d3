"""The own account, and accounts that admins manage."""

from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    ME,
    PASSWORD,
    REGISTER,
    TASKS,
    UNKNOWN,
    USERS,
    Json,
    account_of,
    an_account,
    breaches,
    create,
    get,
    in_memory,
    sign_up,
    tokens_of,
)

FOREIGN_FIELDS: Final[Json] = {
    "id": UNKNOWN,
    "username": "other",
    "owner_id": UNKNOWN,
    "version": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "password": "Another-Horse-8",
    "password_hash": "x",
}


async def path_to(client: AsyncClient) -> str:
    return f"{USERS}/{(await account_of(client))['id']}"


class TestAdministration:
    async def test_an_admin_creates_accounts(self, ada: AsyncClient, connect: Connect) -> None:
        response = await ada.post(USERS, json=an_account("mona", role="manager", timezone="Europe/Berlin"))
        user = response.json()
        assert response.status_code == 201
        assert response.headers["Location"] == f"{USERS}/{user['id']}"
        assert (user["role"], user["is_active"], user["timezone"]) == ("manager", True, "Europe/Berlin")
        assert (await ada.get(response.headers["Location"])).json() == user
        assert (await tokens_of(connect(), "mona"))["user"] == user
        assert (await ada.post(USERS, json=an_account("MONA", email="a@example.com"))).status_code == 409
        assert (await ada.post(USERS, json=an_account("nora", password="weak"))).json()["error_code"] == "WEAK_PASSWORD"

    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    async def test_an_admin_edits_accounts(self, ada: AsyncClient, ann: AsyncClient, method: str) -> None:
        path, before = await path_to(ann), await account_of(ann)
        changes = {"email": "new@example.com", "full_name": "Ann", "timezone": "Asia/Tokyo", "role": "manager"}
        response = await ada.request(method, path, json=changes, headers={"If-Match": f'"{before["version"]}"'})
        after = response.json()

        assert response.status_code == 200
        assert after == before | changes | {"version": before["version"] + 1, "updated_at": after["updated_at"]}
        assert response.headers["ETag"] == f'"{after["version"]}"'
        assert await account_of(ann) == after
        assert (await ada.request(method, path, json={"role": "user"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await ada.request(method, path, json={"role": "manager"})).json() == after
        assert (await ada.request(method, path, json={"full_name": None})).json()["full_name"] is None
        assert (await ada.request(method, path, json={})).status_code == 422
        assert (await ada.request(method, path, json={"email": "ADA@example.com"})).json()["field"] == "email"

    async def test_a_deleted_user_is_removed_with_all_data(
        self, ada: AsyncClient, ann: AsyncClient, connect: Connect
    ) -> None:
        path, task, account = await path_to(ann), await create(ann), await account_of(ann)
        assert (await ada.delete(path)).status_code == 204
        assert (await ann.get(ME)).status_code == 401
        assert (await ada.get(path)).json()["error_code"] == "USER_NOT_FOUND"
        assert (await ada.get(f"{TASKS}/{task['id']}", params={"owner_id": account["id"]})).status_code == 404
        assert (await ada.delete(path)).status_code == 404
        again = await sign_up(connect(), "ANN", email="Ann@Example.com")
        assert (await again.get(TASKS)).json()["total"] == 0

    async def test_an_unknown_user_is_not_found(self, ada: AsyncClient, mia: AsyncClient) -> None:
        for client in (ada, mia):
            for method, body in (
                ("GET", None),
                ("PATCH", {"role": "admin"}),
                ("PUT", {"full_name": "x"}),
                ("DELETE", None),
            ):
                response = await client.request(method, f"{USERS}/{UNKNOWN}", json=body)
                assert (response.status_code, response.json()["error_code"]) == (404, "USER_NOT_FOUND")

    async def test_the_last_active_admin_cannot_be_removed_or_demoted(self, ada: AsyncClient) -> None:
        path, before = await path_to(ada), await account_of(ada)
        await ada.post(USERS, json=an_account("idle", role="admin", is_active=False))
        for response in (
            await ada.patch(path, json={"role": "user"}),
            await ada.put(path, json={"is_active": False}),
            await ada.request("DELETE", ME, json={"password": PASSWORD}),
        ):
            assert response.status_code == 409
            assert response.json()["error_code"] == "LAST_ADMIN"
        assert await account_of(ada) == before
        assert (await ada.post(USERS, json=an_account("next", role="admin"))).status_code == 201
        assert (await ada.patch(path, json={"role": "user"})).status_code == 200

    async def test_an_admin_cannot_delete_the_own_account_without_the_password(self, ada: AsyncClient) -> None:
        path, before = await path_to(ada), await account_of(ada)
        await ada.post(USERS, json=an_account("next", role="admin"))
        response = await ada.delete(path)
        assert (response.status_code, response.json()["error_code"]) == (403, "FORBIDDEN")
        assert await account_of(ada) == before


class TestAddress:
    @in_memory
    async def test_another_address_requires_the_password_on_every_route(
        self, ada: AsyncClient, ann: AsyncClient
    ) -> None:
        for client in (ada, ann):
            before = await account_of(client)
            for method, path in (("PATCH", ME), ("PATCH", await path_to(client)), ("PUT", await path_to(client))):
                change = {"email": "new@example.com"}
                missing = await client.request(method, path, json=change)
                assert breaches(missing) == {("body", "current_password")}
                wrong = await client.request(method, path, json=change | {"current_password": "Wrong-Horse-8"})
                assert (wrong.status_code, wrong.json()["error_code"]) == (403, "WRONG_PASSWORD")
                alone = await client.request(method, path, json={"current_password": PASSWORD})
                assert alone.status_code == 422
                assert await account_of(client) == before
                same = await client.request(method, path, json={"email": before["email"]})
                assert (same.status_code, same.json()) == (200, before)

    async def test_the_password_allows_another_address(self, ann: AsyncClient) -> None:
        body = {"email": "new@example.com", "current_password": PASSWORD}
        response = await ann.patch(ME, json=body)
        assert (response.status_code, response.json()["email"]) == (200, "new@example.com")


class TestMassAssignment:
    @pytest.mark.parametrize("field", FOREIGN_FIELDS)
    async def test_read_only_fields_are_refused_in_every_body(
        self, ada: AsyncClient, ann: AsyncClient, field: str
    ) -> None:
        before, task, path = await account_of(ann), await create(ann), await path_to(ann)
        extra = {field: FOREIGN_FIELDS[field]}
        for client, method, target in ((ann, "PATCH", ME), (ann, "PATCH", path), (ada, "PUT", path)):
            response = await client.request(method, target, json={"full_name": "x", **extra})
            assert ("body", field) in breaches(response)
        if field not in {"username", "password"}:
            for target in (REGISTER, USERS):
                assert ("body", field) in breaches(await ada.post(target, json=an_account("new") | extra))
        assert breaches(await ann.patch(f"{TASKS}/{task['id']}", json={"title": "x", **extra})) == {("body", field)}
        assert breaches(await ann.post(TASKS, json={"title": "x", **extra})) == {("body", field)}
        assert (await account_of(ann), await get(ann, task)) == (before, task)

    @pytest.mark.parametrize("privilege", [{"role": "admin"}, {"role": "user"}, {"is_active": True}])
    async def test_users_cannot_change_their_own_privileges(
        self, ann: AsyncClient, mia: AsyncClient, privilege: Json
    ) -> None:
        for client in (ann, mia):
            before, path = await account_of(client), await path_to(client)
            (name,) = privilege
            assert breaches(await client.patch(ME, json=privilege)) == {("body", name)}
            assert breaches(await client.post(REGISTER, json=an_account("new") | privilege)) == {("body", name)}
            for method in ("PATCH", "PUT"):
                response = await client.request(method, path, json={"full_name": "x", **privilege})
                assert response.status_code == 403
                assert response.json()["error_code"] == "FORBIDDEN"
            assert await account_of(client) == before
