"""Export and erasure of an account."""

from httpx2 import AsyncClient

from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    CHANGE_PASSWORD,
    EXPORT,
    LOGIN,
    ME,
    PASSWORD,
    SESSIONS,
    TASKS,
    account_of,
    create,
    get,
    in_memory,
    sign_up,
)


class TestErasureAndExport:
    async def test_an_account_is_erased_with_its_password(
        self, ann: AsyncClient, ben: AsyncClient, connect: Connect
    ) -> None:
        await create(ann)
        kept = await create(ben)
        for wrong in ("wrong", "", PASSWORD.lower()):
            response = await ann.request("DELETE", ME, json={"password": wrong})
            assert response.status_code == 403
            assert response.json()["error_code"] == "WRONG_PASSWORD"
        assert (await ann.request("DELETE", ME)).status_code == 422
        assert (await ann.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204
        assert (await ann.get(ME)).status_code == 401
        login = {"username": "ann", "password": PASSWORD}
        assert (await connect().post(LOGIN, json=login)).status_code == 401
        again = await sign_up(connect(), "Ann")
        assert (await again.get(TASKS)).json()["total"] == 0
        assert await get(ben, kept) == kept

    async def test_a_stale_version_prevents_erasure(self, ann: AsyncClient) -> None:
        password = {"password": PASSWORD}
        assert (await ann.patch(ME, json={"full_name": "Ann"})).headers["ETag"] == '"2"'
        response = await ann.request("DELETE", ME, json=password, headers={"If-Match": '"1"'})
        assert response.status_code == 412
        assert (await account_of(ann))["full_name"] == "Ann"
        assert (await ann.request("DELETE", ME, json=password, headers={"If-Match": '"2"'})).status_code == 204

    async def test_an_export_contains_all_data_of_the_user(self, ann: AsyncClient, ben: AsyncClient) -> None:
        tasks = [await create(ann, f"Task {n}", tags=[f"{n}"], due_date="2026-03-04") for n in range(3)]
        await create(ben)
        export = (await ann.get(EXPORT)).json()

        assert export["exported_at"] == "2026-03-04T12:00:00Z"
        assert export["user"] == await account_of(ann)
        assert sorted(export["tasks"], key=lambda task: str(task["title"])) == tasks
        sessions = (await ann.get(SESSIONS)).json()["items"]
        assert [session["id"] for session in export["sessions"]] == [session["id"] for session in sessions]

    @in_memory
    async def test_a_large_export_is_complete(self, ann: AsyncClient) -> None:
        for _ in range(6):
            body = {"tasks": [{"title": "x"}] * 100}
            assert (await ann.post(f"{TASKS}/bulk", json=body)).status_code == 201
        tasks = (await ann.get(EXPORT)).json()["tasks"]
        assert len({task["id"] for task in tasks}) == 600

    async def test_an_export_contains_no_secret(self, ann: AsyncClient) -> None:
        token = ann.headers["Authorization"].removeprefix("Bearer ")
        text = (await ann.get(EXPORT)).text
        for secret in (PASSWORD, token, "argon2", "hash"):
            assert secret not in text
        assert (await ann.post(CHANGE_PASSWORD, json={"current_password": "x", "new_password": "x"})).status_code == 403
