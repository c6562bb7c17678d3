"""JSON bodies with too many values are refused before objects are built from them, and heavy ones block no request."""

import json
import threading
from typing import Any, Final

import pytest
from httpx2 import AsyncClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from entrypoints.http.api.tasks.task_schemas import CreateTasksBody
from entrypoints.http.framework.bodies import strict_json
from entrypoints.http.framework.bodies.strict_json import MAX_DEPTH, MAX_VALUES, check_structure
from entrypoints.http.framework.bodies.strict_request import HEAVY_BODY
from entrypoints.http.framework.http_errors import MalformedJson, PayloadTooLarge
from tests.entrypoints.http.given import BULK, TASKS, in_memory

JSON: Final = {"Content-Type": "application/json"}
MANY: Final = MAX_VALUES + 1

TOO_MANY: Final[dict[str, bytes]] = {
    "objects": b"[" + b",".join([b"{}"] * MANY) + b"]",
    "lists": b"[" + b",".join([b"[]"] * MANY) + b"]",
    "nested lists": b"[" + b",".join([b"[[0]]"] * (MANY // 2)) + b"]",
    "numbers": b"[" + b",".join([b"0"] * MANY) + b"]",
    "texts": b"[" + b",".join([b'""'] * MANY) + b"]",
    "texts of backslashes": b"[" + b",".join([b'"\\\\"'] * MANY) + b"]",
    "members": b"{" + b",".join(b'"%d":0' % n for n in range(MANY)) + b"}",
    "tags": b'{"title":"x","tags":[' + b",".join([b"1"] * MANY) + b"]}",
    "quotes": b'""' * 4 * MANY,
}

texts = st.text(st.sampled_from('a"\\[]{},:\n\u00e4'), max_size=5)
values = st.recursive(
    st.none() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=30
)


def size_of(value: Any) -> tuple[int, int]:
    """Return the number of values inside a value, and of its levels."""
    if not isinstance(value, list | dict):
        return 0, 0
    inner = [size_of(each) for each in (value.values() if isinstance(value, dict) else value)]
    return max(len(inner), 1) + sum(count for count, _ in inner), 1 + max((depth for _, depth in inner), default=0)


@given(values, st.booleans(), st.booleans())
def test_values_and_levels_are_counted_exactly(value: Any, is_ascii: bool, is_spaced: bool) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii, indent=1 if is_spaced else None).encode()
    count, depth = size_of(value)
    check_structure(body, max_values=count, max_depth=depth)
    if depth:
        with pytest.raises(PayloadTooLarge):
            check_structure(body, max_values=count - 1, max_depth=depth)
        with pytest.raises(MalformedJson):
            check_structure(body, max_values=count, max_depth=depth - 1)


@pytest.mark.parametrize("body", TOO_MANY.values(), ids=TOO_MANY)
def test_too_many_values_are_refused_before_objects_are_built(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("the body was parsed"))
    with pytest.raises(PayloadTooLarge):
        strict_json.parse(body)


def test_deep_nesting_is_refused_before_objects_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("the body was parsed"))
    for levels in (MAX_DEPTH + 1, 1_000_000):
        for body in (b"[" * levels + b"]" * levels, b"[" * levels, b"{" * levels, b"[0]," + b"[" * levels):
            with pytest.raises(MalformedJson):
                strict_json.parse(body)


@in_memory
async def test_many_values_are_refused_over_http(ann: AsyncClient) -> None:
    response = await ann.post(BULK, content=b'{"tasks":' + TOO_MANY["objects"] + b"}", headers=JSON)
    assert response.status_code == 413
    assert response.json()["error_code"] == "PAYLOAD_TOO_LARGE"


@in_memory
async def test_heavy_bodies_are_parsed_and_validated_in_a_thread(
    ann: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    parse = strict_json.parse

    def record_thread(body: bytes) -> Any:
        threads.append(threading.current_thread())
        return parse(body)

    monkeypatch.setattr(strict_json, "parse", record_thread)
    for size in (HEAVY_BODY, HEAVY_BODY + 1):
        assert (await ann.post(TASKS, content=b'{"title": "x"}'.ljust(size), headers=JSON)).status_code == 201
        assert (await ann.post(TASKS, content=b'{"title": ""}'.ljust(size), headers=JSON)).status_code == 422
    assert [thread is threading.current_thread() for thread in threads] == [True, True, False, False]


@in_memory
async def test_a_heavy_invalid_body_gets_the_same_errors_as_a_small_one(ann: AsyncClient) -> None:
    body = b'{"title": "", "colour": 1, "tags": ["a", ",", 5], "due_date": "soon", "completed": 1}'
    small, heavy = [
        (await ann.post(TASKS, content=body.ljust(size), headers=JSON)).json() for size in (len(body), HEAVY_BODY + 1)
    ]
    assert heavy["errors"] == small["errors"] != []


def test_only_some_errors_of_a_batch_are_created() -> None:
    wrong = {"title": "", "tags": [","]}
    tasks = [{"title": "Fine"}, wrong, 5, {"title": "Fine"}, *[wrong] * 96]
    with pytest.raises(ValidationError) as refusal:
        CreateTasksBody.model_validate({"tasks": tasks})
    places = [error["loc"] for error in refusal.value.errors()]
    assert places[:3] == [("tasks", 1, "tags", 0), ("tasks", 1, "title"), ("tasks", 2)]
    assert len(places) == 21
    assert places[-1] == ("tasks", 12, "title")
