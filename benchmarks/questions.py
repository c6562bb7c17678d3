"""What is asked of an owner's tasks, however many there are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from adapters.demo.tasks import TAGS
from benchmarks.load import request
from benchmarks.population import Owner
from benchmarks.scenarios import NEW_TASK, TASKS
from benchmarks.servers import Server
from domain.identity.user import UserId

RARE: Final = "zanzibar"
RARE_TASKS: Final = 5
"""How many of an owner's tasks have the rare word and the rare tag, however many tasks there are."""
COMMON_WORD: Final = "report"
COMMON_TAG: Final = TAGS[0].name
MIDDLING_TAG: Final = TAGS[-1].name
"""On one task in forty."""

SOME: Final = 50
"""Tasks that are asked for one by one."""
DEEPEST: Final = 100_000
"""As far as a page by number goes."""
INDEXED: Final = (
    "the index has for each three letters a list of all tasks with them, and a word is where its lists meet"
)
COUNTED: Final = "all that match are counted, up to 10,000, and then remembered until one of the owner's tasks changes"


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    asked: Callable[[Owner], Sequence[bytes]]
    """Over and over, one after the other."""
    every: int = 1
    """Only the last of so many is measured; the others make ready for it."""
    status: int = 200
    why: str = ""
    """It grows, where it does."""


def questions(server: Server, owners: tuple[Owner, Owner]) -> Iterator[Question]:
    """Those that make tasks more come last. To each owner RARE_TASKS are given."""
    for owner in owners:
        _give_rare(server, owner)
    deep = {owner.id: _cursor_deep(server, owner) for owner in owners}
    ids = {owner.id: _some_ids(server, owner, deep[owner.id]) for owner in owners}

    yield Question("statistics", lambda o: [_get(o, f"{TASKS}/statistics")])
    yield Question("list of tags", lambda o: [_get(o, "/api/v1/tags")])
    yield Question("first page", _paging())
    yield Question("deep page by cursor", lambda o: [_page(o, cursor=deep[o.id])])
    yield Question("by due date", _paging(sort_by="due_date", sort_order="asc"))
    yield Question("by title", _paging(sort_by="title", sort_order="asc"))
    yield Question("overdue", _paging(overdue="true"))
    for kind, tag in (("rare", RARE), ("middling", MIDDLING_TAG), ("common", COMMON_TAG)):
        yield Question(f"{kind} tag", _paging(tag=tag))
        yield _after_a_change(f"{kind} tag, first asked", ids, tag=tag)
    for kind, word, why in (("rare", RARE, INDEXED), ("common", COMMON_WORD, COUNTED)):
        yield Question(f"search, {kind} word", _paging(search=word), why=why)
        yield _after_a_change(f"search, {kind} word, first asked", ids, search=word, why=why)
    yield Question("one task", lambda o: [_get(o, path) for path in ids[o.id]])
    yield Question("its history", lambda o: [_get(o, f"{path}/history") for path in ids[o.id]])
    yield Question("edit", lambda o: _edits(o, ids[o.id], "edit"))
    yield Question("create", lambda o: [request("POST", TASKS, token=o.token, body=NEW_TASK)], status=201)


def _after_a_change(name: str, ids: Mapping[UserId, Sequence[str]], why: str = "", **filter: str) -> Question:
    """Totals that are remembered hold until an owner's tasks change."""

    def asked(owner: Owner) -> Sequence[bytes]:
        page = _page(owner, **filter)
        return list(chain.from_iterable((edit, page) for edit in _edits(owner, ids[owner.id], name)))

    return Question(name, asked, every=2, why=why)


def _edits(owner: Owner, paths: Sequence[str], name: str) -> Sequence[bytes]:
    """Each changes something, if it goes by that name alone."""
    return [
        request("PATCH", path, token=owner.token, body={"description": f"Changed for: {name} ({turn})"})
        for turn in range(2)
        for path in paths
    ]


def _give_rare(server: Server, owner: Owner) -> None:
    for _ in range(RARE_TASKS):
        _asked(server, owner, "POST", TASKS, 201, {"title": f"Sail to {RARE}", "tags": [RARE]})


def _cursor_deep(server: Server, owner: Owner) -> str:
    total = _asked(server, owner, "GET", f"{TASKS}?limit=1")["total"]
    return str(_asked(server, owner, "GET", _path(skip=min(total // 2, DEEPEST)))["next_cursor"])


def _some_ids(server: Server, owner: Owner, cursor: str) -> list[str]:
    page = _asked(server, owner, "GET", _path(cursor=cursor, limit=SOME))
    return [f"{TASKS}/{task['id']}" for task in page["items"]]


def _asked(server: Server, owner: Owner, method: str, path: str, expected: int = 200, body: object = None) -> Any:
    status, answer = server.ask(method, path, token=owner.token, body=body)
    assert status == expected, answer
    return answer


def _paging(**parameters: str) -> Callable[[Owner], Sequence[bytes]]:
    return lambda owner: [_page(owner, **parameters)]


def _page(owner: Owner, **parameters: str) -> bytes:
    return _get(owner, _path(**parameters))


def _path(**parameters: str | int) -> str:
    return f"{TASKS}?{urlencode(parameters)}"


def _get(owner: Owner, path: str) -> bytes:
    return request("GET", path, token=owner.token)
