from typing import Final

import pytest
from httpx2 import AsyncClient, Headers

from tests.entrypoints.http.given import LOGIN, LOGIN_FORM, PASSWORD, TASKS, in_memory

pytestmark = in_memory

TASK: Final = b'{"title": "x"}'
FORM: Final = f"username=ann&password={PASSWORD}".encode()

JSON_TYPES: Final = [
    "application/json",
    "APPLICATION/JSON",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    'application/json ; Charset="utf-8"',
    "application/json ; x=y",
    'application/json;profile="https://example.com/a;b" ; charset=utf-8',
    "application/json;",
    "application/json; charset=utf-8;; version=1 ;",
]
OTHER_TYPES: Final = [
    "",
    "*/*",
    "json",
    "text/json",
    "text/plain",
    "application/*",
    "application/jsonx",
    "application/json+x",
    "application/problem+json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/json, text/plain",
    "text/plain; application/json",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=utf-8; charset=utf-16",
    "application/json; charset=\x00",
    'application/json; charset="utf-16"',
    "application/json; charset=utf-8x",
    "application/json; x=y; charset=latin-1",
    "application/json; x",
    'application/json; x="y',
    "application/json; =y",
    "application /json",
    "application/json\xff",
]


@pytest.mark.parametrize("media_type", JSON_TYPES)
async def test_json_in_utf_8_is_accepted(ann: AsyncClient, media_type: str) -> None:
    assert (await ann.post(TASKS, content=TASK, headers={"Content-Type": media_type})).status_code == 201


@pytest.mark.parametrize("media_type", OTHER_TYPES)
async def test_any_other_media_type_is_refused(ann: AsyncClient, media_type: str) -> None:
    headers = [(b"Content-Type", media_type.encode("latin-1"))]
    for path in (TASKS, LOGIN):
        response = await ann.post(path, content=TASK, headers=headers)
        assert response.status_code == 415
        assert response.json()["error_code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert (await ann.get(TASKS)).json()["total"] == 0


async def test_a_body_without_media_type_is_refused(ann: AsyncClient) -> None:
    assert (await ann.post(TASKS, content=TASK)).status_code == 415
    assert (await ann.post(LOGIN_FORM, content=FORM)).status_code == 415


async def test_two_media_types_are_refused(ann: AsyncClient) -> None:
    for types in (("application/json", "text/plain"), ("text/plain", "application/json")):
        headers = Headers([("Content-Type", media_type) for media_type in types])
        assert (await ann.post(TASKS, content=TASK, headers=headers)).status_code == 415


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "gzip, identity", "chunked", "nonsense"])
async def test_a_content_coding_is_refused(ann: AsyncClient, coding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    assert (await ann.post(TASKS, content=TASK, headers=headers)).status_code == 415


@pytest.mark.parametrize("coding", ["identity", "Identity"])
async def test_the_identity_coding_is_accepted(ann: AsyncClient, coding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    assert (await ann.post(TASKS, content=TASK, headers=headers)).status_code == 201


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_the_login_form_requires_a_form_media_type(ann: AsyncClient, media_type: str) -> None:
    assert (await ann.post(LOGIN_FORM, content=FORM, headers={"Content-Type": media_type})).status_code == 415


async def test_operations_without_body_ignore_the_body(ann: AsyncClient) -> None:
    response = await ann.request("GET", TASKS, content=b"{", headers={"Content-Type": "nonsense"})
    assert response.status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "text/html", "image/png;q=0", "", "nonsense"])
async def test_the_response_is_json_for_every_accept_field(ann: AsyncClient, accept: str) -> None:
    assert (await ann.get(TASKS, headers={"Accept": accept})).headers["Content-Type"] == "application/json"
