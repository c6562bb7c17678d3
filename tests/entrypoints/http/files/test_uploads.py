"""Bodies of uploads, from ordinary clients and from attackers."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from httpx2 import AsyncClient, Headers, Response

from domain.files.file import File
from entrypoints.http.api.files.multipart import MAX_BODY
from entrypoints.wiring.container import Container
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import (
    FILES,
    LOGIN_COOKIE,
    PASSWORD,
    UNKNOWN,
    USERS,
    Json,
    account_of,
    breaches,
    create,
    in_memory,
)

pytestmark = in_memory

BOUNDARY: Final = "some-boundary"
END: Final = f"--{BOUNDARY}--\r\n".encode()
MULTIPART: Final = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(disposition: str, content: bytes = b"hello", *fields: str) -> bytes:
    head = "\r\n".join([f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *fields, "", ""])
    return head.encode("utf-8", "surrogateescape") + content + b"\r\n"


FILE: Final = part('form-data; name="file"; filename="notes.txt"', b"hello", "Content-Type: text/plain")


def task(id: str) -> bytes:
    return part('form-data; name="task_id"', id.encode())


async def send(client: AsyncClient, body: bytes | AsyncIterator[bytes], **headers: str) -> Response:
    return await client.post(FILES, content=body, headers={**MULTIPART, **headers})


async def stored(client: AsyncClient) -> list[Json]:
    items: list[Json] = (await client.get(FILES)).json()["items"]
    return items


async def test_the_task_id_may_precede_or_follow_the_file(ann: AsyncClient) -> None:
    made = await create(ann)
    for body in (task(made["id"]) + FILE + END, FILE + task(made["id"].upper()) + END):
        response = await send(ann, body)
        assert response.status_code == 201
        assert response.json()["task_id"] == made["id"]


@pytest.mark.parametrize("body", [task(UNKNOWN) + FILE + END, FILE + task(UNKNOWN) + END])
async def test_an_unknown_task_is_refused_before_or_after_the_file(ann: AsyncClient, body: bytes) -> None:
    response = await send(ann, body)
    assert (response.status_code, response.json()["error_code"]) == (404, "TASK_NOT_FOUND")
    assert await stored(ann) == []


@pytest.mark.parametrize("size", [1, 2, 13, 1000])
async def test_a_body_is_parsed_in_chunks_of_any_size(ann: AsyncClient, size: int) -> None:
    made = await create(ann)
    content = b"--\r\n--some-boundar\r\n" * 100
    whole = part('form-data; name="file"; filename="notes.txt"', content) + task(made["id"]) + END

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), size):
            yield whole[start : start + size]

    response = await send(ann, chunks())
    assert response.status_code == 201
    assert (response.json()["size"], response.json()["task_id"]) == (len(content), made["id"])


@pytest.mark.parametrize(
    ("given", "filename"),
    [
        ('"notes.txt"', "notes.txt"),
        ("notes.txt", "notes.txt"),
        ('"../../../etc/notes.txt"', "notes.txt"),
        ('"..\\\\..\\\\notes.txt"', "notes.txt"),
        ('"C:\\notes.txt"', "notes.txt"),
        ('"a\\"b.txt"', 'a"b.txt'),
        ('"a;b=c.txt"', "a;b=c.txt"),
        ('"\u00fc\u202e\u0000x.txt"'.replace("\x00", ""), "\u00fcx.txt"),
        ("\"plain.txt\"; filename*=UTF-8''other.exe", "plain.txt"),
        ('"' + "x" * 251 + '.txt"', "x" * 251 + ".txt"),
    ],
)
async def test_filenames_are_parsed_in_every_encoding(ann: AsyncClient, given: str, filename: str) -> None:
    response = await send(ann, part(f'form-data; name="file"; filename={given}') + END)
    assert response.status_code == 201, response.text
    assert response.json()["filename"] == filename


@pytest.mark.parametrize(
    "given", ['""', '" "', '"/"', '".."', '"' + "x" * 252 + '.txt"', '"\udcff.txt"'], ids=lambda given: ascii(given[:9])
)
async def test_an_invalid_filename_is_refused(ann: AsyncClient, given: str) -> None:
    response = await send(ann, part(f'form-data; name="file"; filename={given}') + END)
    assert breaches(response) == {("body", "file")}


async def test_a_nul_in_a_filename_does_not_truncate_it(ann: AsyncClient) -> None:
    response = await send(ann, part('form-data; name="file"; filename="x.exe\x00.txt"') + END)
    assert response.status_code in {201, 400}
    if response.status_code == 201:
        assert response.json()["filename"] == "x.exe.txt"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (END, "file"),
        (task(UNKNOWN) + END, "file"),
        (FILE + FILE + END, "file"),
        (task(UNKNOWN) + task(UNKNOWN) + FILE + END, "task_id"),
        (task("1") + FILE + END, "task_id"),
        (task("") + FILE + END, "task_id"),
        (task("\u00fc") + FILE + END, "task_id"),
        (task("1" * 100_000) + FILE + END, "task_id"),
        (part('form-data; name="file"') + END, "file"),
        (part('form-data; name="task_id"; filename="x.txt"', UNKNOWN.encode()) + FILE + END, "task_id"),
        (part('form-data; name="other"') + FILE + END, "other"),
        (FILE + part('form-data; name="other"; filename="other.txt"') + END, "other"),
        (part('form-data; name=""') + END, ""),
        (part('form-data; name="x"') * 10_000 + END, "x"),
        (FILE + part('form-data; name="x"') * 10_000 + END, "x"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_unknown_repeated_or_missing_parts_are_refused(ann: AsyncClient, body: bytes, place: str) -> None:
    response = await send(ann, body)
    assert breaches(response) == {("body", place)}
    assert response.json()["error_code"] == "VALIDATION_FAILED"
    assert await stored(ann) == []


MALFORMED: Final = {
    "nothing like it": b"hello",
    "another boundary": FILE.replace(b"some-boundary", b"other") + END,
    "no end": FILE,
    "half a file": FILE[:-4],
    "half a header": FILE[:40],
    "half an end": FILE + END[:-6],
    "a part without headers": f"--{BOUNDARY}\r\n\r\nhello\r\n".encode() + END,
    "a part without name": part("form-data") + END,
    "a part that is no form-data": part('attachment; name="file"; filename="x.txt"') + END,
    "a part of two names": part('form-data; name="file"', b"", 'Content-Disposition: form-data; name="task_id"') + END,
    "a header without colon": part('form-data; name="file"; filename="x.txt"', b"x", "nonsense") + END,
    "a header of 100,000 bytes": part(f'form-data; name="file"; filename="{"x" * 100_000}"') + END,
    "10,000 headers": part('form-data; name="file"; filename="x.txt"', b"x", *["X: y"] * 10_000) + END,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_body_is_refused(ann: AsyncClient, body: bytes) -> None:
    response = await send(ann, body)
    assert (response.status_code, response.json()["error_code"]) == (400, "MALFORMED_MULTIPART")
    assert await stored(ann) == []


@pytest.mark.parametrize(
    "media_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 200}"],
)
async def test_a_missing_or_invalid_boundary_is_refused(ann: AsyncClient, media_type: str) -> None:
    response = await send(ann, FILE + END, **{"Content-Type": media_type})
    assert (response.status_code, response.json()["error_code"]) == (400, "MALFORMED_MULTIPART")


@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "application/json",
        "text/plain",
        "multipart/mixed; boundary=some-boundary",
        "application/x-www-form-urlencoded",
    ],
)
async def test_any_other_media_type_is_refused(ann: AsyncClient, media_type: str) -> None:
    response = await send(ann, FILE + END, **{"Content-Type": media_type})
    assert (response.status_code, response.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_two_media_types_a_content_coding_or_an_empty_body_are_refused(ann: AsyncClient) -> None:
    twice = Headers([*MULTIPART.items(), *MULTIPART.items()])
    assert (await ann.post(FILES, content=FILE + END, headers=twice)).status_code == 415
    assert (await send(ann, FILE + END, **{"Content-Encoding": "gzip"})).status_code == 415
    assert breaches(await ann.post(FILES)) == {("body", "file")}


class EndlessBody:
    """A body that never ends and counts the bytes that were read."""

    def __init__(self, head: bytes, chunk: bytes) -> None:
        self.bytes_read = 0
        self._head, self._chunk = head, chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self.bytes_read < 100_000_000:
            self.bytes_read += len(self._chunk)
            yield self._chunk


async def test_an_unauthenticated_upload_is_refused_before_its_body_is_read(client: AsyncClient) -> None:
    body = EndlessBody(FILE, b"x")
    assert (await client.post(FILES, content=body, headers=MULTIPART)).status_code == 401
    assert body.bytes_read == 0


async def test_a_cross_site_form_with_cookies_is_refused_before_its_body_is_read(
    ann: AsyncClient, connect: Connect
) -> None:
    """A form on any page can send such a body, and the browser adds the cookies."""
    browser, body = connect(), EndlessBody(FILE, b"x")
    assert (await browser.post(LOGIN_COOKIE, json={"username": "ann", "password": PASSWORD})).status_code == 204
    headers = {**MULTIPART, "Origin": "http://evil.test"}
    response = await browser.post(FILES, content=body, headers=headers)

    assert (response.status_code, response.json()["error_code"]) == (403, "CSRF_FAILED")
    assert body.bytes_read == 0
    assert (await send(browser, FILE + END, Origin="http://tasks.test")).status_code == 201


async def test_a_declared_size_over_the_limit_is_refused_before_the_body_is_read(ann: AsyncClient) -> None:
    for size in (MAX_BODY + 1, 10**30):
        body = EndlessBody(FILE, b"x")
        headers = {**MULTIPART, "Content-Length": str(size)}
        response = await ann.post(FILES, content=body, headers=headers)
        assert (response.status_code, response.json()["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert body.bytes_read == 0


@pytest.mark.parametrize("head", [FILE[:-2], FILE + END, b"", FILE + part('form-data; name="task_id"')[:-7]])
async def test_an_endless_body_is_read_only_up_to_the_limit(ann: AsyncClient, head: bytes) -> None:
    body = EndlessBody(head, b"x" * 65_536)
    response = await ann.post(FILES, content=body, headers=MULTIPART)

    assert response.status_code in {400, 413, 422}
    assert body.bytes_read <= MAX_BODY + 65_536
    assert await stored(ann) == []


async def test_a_file_refused_by_its_name_is_not_read(ann: AsyncClient) -> None:
    for name, status in (("x.exe", 415), ("/", 422)):
        body = EndlessBody(part(f'form-data; name="file"; filename="{name}"')[:-2], b"x" * 65_536)
        response = await ann.post(FILES, content=body, headers=MULTIPART)
        assert response.status_code == status
        assert body.bytes_read <= 2 * 65_536


async def test_an_upload_may_be_larger_than_other_bodies(ann: AsyncClient) -> None:
    whole = part('form-data; name="file"; filename="notes.txt"', b"x" * File.MAX_SIZE) + END
    assert (await send(ann, whole)).status_code == 201


@pytest.mark.parametrize("size", [5, 400_000], ids=["small", "partly on disk"])
async def test_an_upload_that_ends_after_the_erasure_of_its_owner_is_not_authenticated(
    ann: AsyncClient, ada: AsyncClient, container: Container, size: int
) -> None:
    content = part('form-data; name="file"; filename="notes.txt"', b"x" * size)
    account = await account_of(ann)

    async def body() -> AsyncIterator[bytes]:
        yield content[: 300 + size * 3 // 4]
        assert (await ada.delete(f"{USERS}/{account['id']}")).status_code == 204
        await container.services().job_worker.work()
        yield content[300 + size * 3 // 4 :] + END

    response = await send(ann, body())
    assert (response.status_code, response.json()["error_code"]) == (401, "INVALID_TOKEN")
    assert [stored.key async for stored in container.file_store().list()] == []
