"""Bodies that are not valid JSON."""

import json
from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import BULK, LOGIN, REGISTER, TAGS, TASKS, UNKNOWN, in_memory

pytestmark = in_memory

JSON: Final = {"Content-Type": "application/json"}
TASK: Final = '{"title": "Caf\u00e9"}'

MALFORMED: Final[dict[str, bytes]] = {
    "truncated": b'{"title": "x"',
    "truncated text": b'{"title": "x',
    "truncated escape": b'{"title": "\\u00',
    "truncated UTF-8": b'{"title": "\xc3"}',
    "two values": b'{"title": "x"} {"title": "y"}',
    "trailing comma": b'{"title": "x",}',
    "single quotes": b"{'title': 'x'}",
    "no quotes": b"{title: 1}",
    "comment": b'{"title": "x"} // y',
    "NaN": b'{"title": NaN}',
    "Infinity": b'{"title": Infinity}',
    "-Infinity": b'{"title": -Infinity}',
    "NaN alone": b"NaN",
    "NaN in a list": b"[NaN]",
    "key twice": b'{"title": "x", "title": "x"}',
    "key twice, once escaped": b'{"title": "x", "\\u0074itle": "y"}',
    "key twice, deep": b'{"title": {"a": [{"b": 1, "b": 2}]}}',
    "lone high surrogate": b'{"title": "\\ud800"}',
    "lone low surrogate": b'{"title": "x\\udfffy"}',
    "surrogates reversed": b'{"title": "\\udc00\\ud800"}',
    "lone surrogate in a key": b'{"title": "x", "\\ud83d": 1}',
    "lone surrogate in a list": b'["\\ud83d"]',
    "surrogate in UTF-8": b'{"title": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"title": "\xc0\xaf"}',
    "beyond Unicode": b'{"title": "\xf4\x90\x80\x80"}',
    "byte order mark": b"\xef\xbb\xbf" + TASK.encode(),
    "UTF-16": TASK.encode("utf-16"),
    "UTF-16 without mark": TASK.encode("utf-16-le"),
    "UTF-32": TASK.encode("utf-32-be"),
    "latin-1": TASK.encode("latin-1"),
    "129 lists": b"[" * 129 + b"]" * 129,
    "8,000 lists": b"[" * 8_000 + b"]" * 8_000,
    "16,000 lists, open": b"[" * 16_000,
    "1,500 objects": b'{"title":' * 1_500 + b"1" + b"}" * 1_500,
    "129 levels in a field": b'{"title": ' + b"[" * 128 + b"]" * 128 + b"}",
    "8,000 lists after an escape": b'{"title": "\\u0041", "a": ' + b"[" * 8_000 + b"]" * 8_000 + b"}",
    "control in text": b'{"title": "a\nb"}',
    "NUL in text": b'{"title": "a\x00b"}',
    "NUL after": b'{"title": "x"}\x00',
    "unknown escape": b'{"title": "\\x41"}',
    "leading zero": b'{"title": 01}',
    "plus": b'{"title": +1}',
    "hexadecimal": b'{"title": 0x1}',
    "no digit": b'{"title": 1.}',
    "other digits": '{"title": \u0661}'.encode(),
    "other space": '{\u00a0"title": "x"}'.encode(),
    "other literal": b'{"title": True}',
    "spaces": b"  ",
    "NUL": b"\x00",
    "form": b"title=x",
    "XML": b"<title>x</title>",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}
WELL_FORMED: Final[dict[str, bytes]] = {
    "beyond doubles": b'{"title": 1e400}',
    "beyond doubles, negative": b'{"title": -1e400}',
    "10,000 digits": b'{"title": ' + b"9" * 10_000 + b"}",
    "10,000 digits, negative": b'{"title": -' + b"9" * 10_000 + b"}",
    "10,000 digits of a fraction": b'{"title": 0.' + b"9" * 10_000 + b"}",
    "10,000 digits alone": b"9" * 10_000,
    "10,000 digits of an exponent": b'{"title": 1e' + b"9" * 10_000 + b"}",
    "a flag beyond doubles": b'{"title": "x", "completed": 1e400}',
    "an unknown field beyond doubles": b'{"title": "x", "colour": 1e400}',
    "128 levels": b'{"title": ' + b"[" * 127 + b"]" * 127 + b"}",
    "many brackets in a text": b'{"title": "' + b'[{\\"' * 1_000 + b'"}',
    "an escaped NUL": b'{"title": "\\u0000"}',
    "100 fields": json.dumps(dict.fromkeys(map(str, range(100)))).encode(),
    "null": b"null",
    "text": b'"x"',
    "empty object": b"{}",
}
ROUTES: Final = [
    ("POST", TASKS),
    ("PATCH", f"{TASKS}/{UNKNOWN}"),
    ("PUT", f"{TASKS}/{UNKNOWN}"),
    ("POST", f"{TASKS}/{UNKNOWN}/tags"),
    ("POST", BULK),
    ("PATCH", BULK),
    ("DELETE", BULK),
    ("PATCH", f"{TAGS}/home"),
    ("POST", REGISTER),
    ("POST", LOGIN),
]


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_json_returns_400(ann: AsyncClient, body: bytes) -> None:
    for method, path in ROUTES:
        response = await ann.request(method, path, content=body, headers=JSON)
        assert response.status_code == 400, f"{method} {path}"
        assert response.json()["error_code"] == "MALFORMED_JSON"


@pytest.mark.parametrize("body", WELL_FORMED.values(), ids=WELL_FORMED)
async def test_invalid_content_returns_422(ann: AsyncClient, body: bytes) -> None:
    for method, path in ROUTES:
        response = await ann.request(method, path, content=body, headers=JSON)
        assert response.status_code == 422, f"{method} {path}"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b'\r\n\t {"title"\t:\n"x"}\r\n ', "x"),
        (b'{"\\u0074\\u0069tle": "\\u00e9"}', "\u00e9"),
        (b'{"title": "\\ud83d\\ude00"}', "\U0001f600"),
        (b'{"title": "\xf0\x9f\x98\x80"}', "\U0001f600"),
        (b'{"title": "a\\u2028\xef\xbb\xbf\\/\\\\"}', "a\u2028\ufeff/\\"),
        (b'{"title": "NaN"}', "NaN"),
        (b'{"title": "\\\\ud800"}', "\\ud800"),
        (b'{"title": "\xef\xbf\xbf\xf4\x8f\xbf\xbf"}', "\uffff\U0010ffff"),
    ],
)
async def test_every_spelling_of_valid_json_is_accepted(ann: AsyncClient, body: bytes, title: str) -> None:
    response = await ann.post(TASKS, content=body, headers=JSON)
    assert response.status_code == 201
    assert response.json()["title"] == title


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(dict.fromkeys(map(str, range(10_000)))),
        json.dumps({"x" * 1_000_000: None}),
        json.dumps({"title": "x", "tags": [""] * 100_000}),
        json.dumps({"tasks": [{"status": "x", "tags": [""] * 20, **dict.fromkeys(map(str, range(100)))}] * 100}),
        json.dumps({"task_ids": [""] * 100_000}),
        json.dumps([""] * 100_000),
    ],
    ids=["fields", "a long name", "tags", "tasks", "ids", "list"],
)
async def test_a_refusal_of_many_errors_is_small(ann: AsyncClient, body: str) -> None:
    for method, path in ROUTES:
        response = await ann.request(method, path, content=body, headers=JSON)
        assert response.status_code in (413, 422)
        assert len(response.content) < 10_000
