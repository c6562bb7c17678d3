import base64
import json
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.storage import InMemoryStorage
from adapters.process.cache import InProcessCache
from application.platform.paging import Paging, Position, canonical_json, cursor_after, position_of
from application.tasks.tasks import ListTasks, TaskService
from application.tasks.total_cache import TotalCache
from domain.calendar import Due
from domain.errors import InvalidValue
from domain.tasks.status import Status
from domain.tasks.task import Priority
from domain.tasks.task_query import MAX_SORT_KEY, MIN_SORT_KEY, SortField, TaskFilter, TaskOrder
from tests.contracts.given import add, register
from tests.support.builders import ANN, NOW, a_task, a_user, acting, new_task_id, tags
from tests.support.errors import raises_invalid
from tests.support.stubs import SettableClock

ORDERS: Final = [TaskOrder(field, descending) for field in SortField for descending in (False, True)]
BY_CREATION: Final = TaskOrder()
ALL: Final = TaskFilter()

TASK: Final = a_task(title="Straße kehren", due=Due(NOW), priority=Priority.HIGH)
BY_TITLE: Final = TaskOrder(SortField.TITLE)

every_order = pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order.field}-{order.descending}")

ANY_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.uuids().map(lambda id: id.hex),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


def decoded(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(position: bytes, order: TaskOrder) -> str:
    """Return a cursor with a valid digest. The digest is not secret."""
    signature = canonical_json([ALL.signature, order.signature])
    return encoded(blake2b(position + signature, digest_size=12).digest() + position)


def require_refused(cursor: str, filter: TaskFilter = ALL, order: TaskOrder = BY_CREATION) -> None:
    with raises_invalid("cursor", "invalid_cursor"):
        position_of(cursor, filter, order)


@every_order
def test_a_cursor_encodes_the_position_after_its_row(order: TaskOrder) -> None:
    for task in (TASK, a_task(), a_task(title="\U0001f511" * 255), a_task(status=Status.CANCELLED)):
        assert position_of(cursor_after(task, ALL, order), ALL, order) == Position(order.key(task), task.id)


@every_order
def test_a_cursor_is_url_safe(order: TaskOrder) -> None:
    cursor = cursor_after(TASK, ALL, order)

    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@every_order
def test_a_cursor_with_any_byte_changed_is_refused(order: TaskOrder) -> None:
    raw = decoded(cursor_after(TASK, ALL, order))
    for place in range(len(raw)):
        for flipped in (0x01, 0x80, 0xFF):
            changed = bytearray(raw)
            changed[place] ^= flipped
            require_refused(encoded(bytes(changed)), order=order)


def test_a_cursor_with_any_character_changed_is_refused() -> None:
    cursor = cursor_after(TASK, ALL, BY_TITLE)
    for place, old in enumerate(cursor[:-1]):  # the last bits of the last character may be unused
        for new in {"A", "_", "=", "%", " ", "é", "\x00", "\ud800", ""} - {old}:
            require_refused(cursor[:place] + new + cursor[place + 1 :], order=BY_TITLE)


def test_a_truncated_or_extended_cursor_is_refused() -> None:
    cursor = cursor_after(TASK, ALL, BY_CREATION)
    for length in range(len(cursor) - 1):
        require_refused(cursor[:length])
    for more in ("A", "AAAA", ".", "\n", " "):
        require_refused(more + cursor)
        require_refused(cursor + 4 * more)


@given(cursor=st.text())
def test_arbitrary_text_is_refused(cursor: str) -> None:
    require_refused(cursor)


@given(raw=st.binary())
def test_arbitrary_bytes_are_refused(raw: bytes) -> None:
    require_refused(encoded(raw))


@every_order
def test_a_forged_cursor_has_a_valid_digest(order: TaskOrder) -> None:
    position = decoded(cursor_after(TASK, ALL, order))[12:]

    assert forged(position, order) == cursor_after(TASK, ALL, order)


@given(place=st.binary(), order=st.sampled_from(ORDERS))
def test_arbitrary_bytes_with_a_valid_digest_are_refused(place: bytes, order: TaskOrder) -> None:
    require_refused(forged(place, order), order=order)


@given(place=ANY_JSON | st.tuples(ANY_JSON, st.uuids().map(lambda id: id.hex)), order=st.sampled_from(ORDERS))
def test_forged_json_is_refused_unless_a_task_could_have_that_position(place: Any, order: TaskOrder) -> None:
    cursor = forged(json.dumps(place).encode(), order)
    try:
        position = position_of(cursor, ALL, order)
    except InvalidValue as refusal:
        assert refusal.field == "cursor"
        return
    assert order.validate_key(position.key) == place[0]
    assert position.id.hex == place[1]


@pytest.mark.parametrize(
    "place",
    [
        b"[" * 100_000,
        b"[" + b"9" * 10_000 + b"]",
        b"[1e999, 0]",
        b'[NaN, "%032x"]' % 1,
        b'[true, "%032x"]' % 1,
        b'[1.0, "%032x"]' % 1,
        b'["\\ud800", "%032x"]' % 1,
        b'["\\u0000", "%032x"]' % 1,
        b'[1, "not an id"]',
        b"[1, 1]",
        b"[1, null]",
        b"[1]",
        b"{}",
    ],
    ids=lambda place: repr(place[:20]),
)
@every_order
def test_a_malformed_position_with_a_valid_digest_is_refused(place: bytes, order: TaskOrder) -> None:
    require_refused(forged(place, order), order=order)


@pytest.mark.parametrize(
    "other",
    [
        TaskFilter(statuses=frozenset({Status.PENDING})),
        TaskFilter(priorities=frozenset({Priority.LOW})),
        TaskFilter(tags=frozenset(tags("home"))),
        TaskFilter(completed=False),
        TaskFilter(overdue=False),
        TaskFilter(search="milk"),
        TaskFilter(created_after=NOW),
        TaskFilter(created_before=NOW),
        TaskFilter(due_after=NOW),
        TaskFilter(due_before=NOW),
        TaskFilter(due_before=NOW + timedelta(seconds=1)),
        TaskFilter(due_before=NOW.date()),
    ],
    ids=repr,
)
def test_a_cursor_is_valid_only_for_its_filter(other: TaskFilter) -> None:
    cursor = cursor_after(TASK, other, BY_CREATION)

    assert position_of(cursor, other, BY_CREATION).id == TASK.id
    require_refused(cursor)
    require_refused(cursor_after(TASK, ALL, BY_CREATION), filter=other)


@every_order
def test_a_cursor_is_valid_only_for_its_order(order: TaskOrder) -> None:
    for other in ORDERS:
        if other != order:
            require_refused(cursor_after(TASK, ALL, order), order=other)


@every_order
async def test_a_list_continues_after_any_position_that_a_task_could_have(order: TaskOrder) -> None:
    storage = InMemoryStorage()
    await register(storage, a_user(id=ANN))
    await add(storage, a_task())
    service = TaskService(storage.unit_of_work, TotalCache(InProcessCache()), SettableClock(), new_task_id)
    keys = [0, 3, MIN_SORT_KEY, MAX_SORT_KEY, -62135596800000000, 253402300799999999, "", "\U0010ffff"]
    for key in keys:
        cursor = forged(json.dumps([key, "f" * 32]).encode(), order)
        try:
            page = await service.list(acting(ANN), ListTasks(order=order, paging=Paging(cursor=cursor)))
        except InvalidValue as refusal:
            assert refusal.field == "cursor"
            continue
        assert len(page.items) <= 1


def test_a_total_is_never_less_than_the_number_of_visible_rows() -> None:
    rows, skipping = [a_task() for _ in range(3)], Paging(limit=2, skip=4)
    for shown, total in ((rows, 7), ([], 1)):
        page = skipping.page(shown, 1, is_exact=False, filter=TaskFilter(), order=TaskOrder())
        assert page.total == total
