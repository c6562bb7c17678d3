"""The operations whose latency should not depend on the number of an owner's tasks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from adapters.demo.tasks import TAGS
from benchmarks.load import request
from benchmarks.owners import Owner
from benchmarks.scenarios import NEW_TASK, TASKS
from benchmarks.servers import Server
from domain.identity.user import UserId

RARE: Final = "zanzibar"
RARE_TASKS: Final = 5
"""Number of tasks with the rare word and the rare tag. It is the same for every owner."""
COMMON_WORD: Final = "report"
COMMON_TAG: Final = TAGS[0].name
MIDDLING_TAG: Final = TAGS[-1].name
"""A tag of one task in forty."""

SAMPLE_SIZE: Final = 50
"""Number of tasks that are requested by id."""
MAX_SKIP: Final = 100_000
"""Maximum of the `skip` parameter."""
TRIGRAM_REASON: Final = "the trigram index lists all tasks of each trigram, and a search intersects these lists"
COUNT_REASON: Final = (
    "all matches are counted, up to 10,000; the total is then cached until one of the owner's tasks changes"
)


@dataclass(frozen=True, slots=True)
class Operation:
    """Requests of one kind, which a connection repeats."""

    name: str
    requests: Callable[[Owner], Sequence[bytes]]
    cycle_length: int = 1
    """Requests per measurement. Only the last one is measured; the others prepare it."""
    status: int = 200
    reason: str = ""
    """Why the latency grows with the number of tasks, if it does."""


def operations(server: Server, owners: tuple[Owner, Owner]) -> Iterator[Operation]:
    """Yield all operations. Those that create tasks come last.

    Creates RARE_TASKS tasks for each owner first.
    """
    for owner in owners:
        _create_rare_tasks(server, owner)
    cursors = {owner.id: _deep_cursor(server, owner) for owner in owners}
    paths = {owner.id: _sample_paths(server, owner, cursors[owner.id]) for owner in owners}

    yield Operation("statistics", lambda o: [_get_request(o, f"{TASKS}/statistics")])
    yield Operation("list of tags", lambda o: [_get_request(o, "/api/v1/tags")])
    yield Operation("first page", _page_requests())
    yield Operation("deep page by cursor", lambda o: [_page_request(o, cursor=cursors[o.id])])
    yield Operation("by due date", _page_requests(sort_by="due_date", sort_order="asc"))
    yield Operation("by title", _page_requests(sort_by="title", sort_order="asc"))
    yield Operation("overdue", _page_requests(overdue="true"))
    for kind, tag in (("rare", RARE), ("middling", MIDDLING_TAG), ("common", COMMON_TAG)):
        yield Operation(f"{kind} tag", _page_requests(tag=tag))
        yield _after_edit(f"{kind} tag, first request", paths, tag=tag)
    for kind, word, reason in (("rare", RARE, TRIGRAM_REASON), ("common", COMMON_WORD, COUNT_REASON)):
        yield Operation(f"search, {kind} word", _page_requests(search=word), reason=reason)
        yield _after_edit(f"search, {kind} word, first request", paths, search=word, reason=reason)
    yield Operation("one task", lambda o: [_get_request(o, path) for path in paths[o.id]])
    yield Operation("its history", lambda o: [_get_request(o, f"{path}/history") for path in paths[o.id]])
    yield Operation("edit", lambda o: _edit_requests(o, paths[o.id], "edit"))
    yield Operation("create", lambda o: [request("POST", TASKS, token=o.token, body=NEW_TASK)], status=201)


def _after_edit(name: str, paths: Mapping[UserId, Sequence[str]], reason: str = "", **filter: str) -> Operation:
    """Edit a task before each measured request, which invalidates the cached totals."""

    def requests(owner: Owner) -> Sequence[bytes]:
        page = _page_request(owner, **filter)
        return list(chain.from_iterable((edit, page) for edit in _edit_requests(owner, paths[owner.id], name)))

    return Operation(name, requests, cycle_length=2, reason=reason)


def _edit_requests(owner: Owner, paths: Sequence[str], name: str) -> Sequence[bytes]:
    """Build edits that all change something. The name must be unique among the operations."""
    return [
        request("PATCH", path, token=owner.token, body={"description": f"Changed for: {name} ({turn})"})
        for turn in range(2)
        for path in paths
    ]


def _create_rare_tasks(server: Server, owner: Owner) -> None:
    for _ in range(RARE_TASKS):
        _request(server, owner, "POST", TASKS, 201, {"title": f"Sail to {RARE}", "tags": [RARE]})


def _deep_cursor(server: Server, owner: Owner) -> str:
    total = _request(server, owner, "GET", f"{TASKS}?limit=1")["total"]
    return str(_request(server, owner, "GET", _path(skip=min(total // 2, MAX_SKIP)))["next_cursor"])


def _sample_paths(server: Server, owner: Owner, cursor: str) -> list[str]:
    page = _request(server, owner, "GET", _path(cursor=cursor, limit=SAMPLE_SIZE))
    return [f"{TASKS}/{task['id']}" for task in page["items"]]


def _request(server: Server, owner: Owner, method: str, path: str, expected: int = 200, body: object = None) -> Any:
    status, response = server.request(method, path, token=owner.token, body=body)
    assert status == expected, response
    return response


def _page_requests(**parameters: str) -> Callable[[Owner], Sequence[bytes]]:
    return lambda owner: [_page_request(owner, **parameters)]


def _page_request(owner: Owner, **parameters: str) -> bytes:
    return _get_request(owner, _path(**parameters))


def _path(**parameters: str | int) -> str:
    return f"{TASKS}?{urlencode(parameters)}"


def _get_request(owner: Owner, path: str) -> bytes:
    return request("GET", path, token=owner.token)
