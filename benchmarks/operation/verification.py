"""Compare what a system has stored with what its clients know, and its counters with its rows."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import zip_longest
from typing import Any

import httpx2

from benchmarks.operation.clients import API, Account, digest, task_of
from benchmarks.operation.ledger import Stored
from benchmarks.operation.load import http_client


def stored_wrongly(url: str, accounts: Sequence[Account], since: Sequence[Account] = ()) -> list[str]:
    """Return what is lost or wrong in the system at `url`.

    Args:
        url: The address of the service, which no client uses meanwhile.
        accounts: The accounts at the end of the load.
        since: Copies of them from the time until which each acknowledged write must be stored, by default the end.
    """

    async def check() -> list[str]:
        problems = []
        for account, earlier in zip_longest(accounts, since):
            async with http_client(url, account.access_token) as http:
                try:
                    problems += await _check_account(http, account, earlier or account)
                except httpx2.HTTPError as error:
                    problems.append(f"{account.username}: {error}")
        return problems

    return asyncio.run(check())


async def _check_account(http: httpx2.AsyncClient, account: Account, earlier: Account) -> list[str]:
    tasks = [task async for task in _items(http, "/tasks")]
    contents = {}
    async for file in _items(http, "/files"):
        response = await http.get(f"{API}/files/{file['id']}/content")
        contents[file["id"]] = Stored(1, digest(response.content) if response.is_success else str(response.status_code))
    problems = account.tasks.problems({task["id"]: task_of(task) for task in tasks}, earlier.tasks)
    problems += account.files.problems(contents, earlier.files)
    return [f"{account.username}: {problem}" for problem in problems + await _check_counters(http, tasks)]


async def _check_counters(http: httpx2.AsyncClient, tasks: Sequence[dict[str, Any]]) -> list[str]:
    response = await http.get(f"{API}/tasks/statistics")
    response.raise_for_status()
    problems = []
    for kind in ("status", "priority"):
        counters = {name: amount for name, amount in response.json()[f"by_{kind}"].items() if amount}
        if counters != (rows := Counter(task[kind] for task in tasks)):
            problems.append(f"counters {counters} for rows {dict(rows)}")
    return problems


async def _items(http: httpx2.AsyncClient, path: str) -> AsyncIterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        response = await http.get(f"{API}{path}", params={"limit": "100", **cursor})
        response.raise_for_status()
        page = response.json()
        for item in page["items"]:
            yield item
        if not page["next_cursor"]:
            return
        cursor = {"cursor": page["next_cursor"]}
