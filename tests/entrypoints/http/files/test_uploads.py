"""Bodies of uploads, as programs and enemies write them."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from httpx2 import AsyncClient, Headers, Response

from domain.files.file import File
from entrypoints.http.api.files.multipart import MAX_BODY
from tests.entrypoints.http.conftest import Connect
from tests.entrypoints.http.given import FILES, LOGIN_COOKIE, PASSWORD, UNKNOWN, Json, breaches, create, in_memory

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


async def kept(client: AsyncClient) -> list[Json]:
    items: list[Json] = (await client.get(FILES)).json()["items"]
    return items


async def test_the_task_may_be_told_before_or_after_the_file(ann: AsyncClient) -> None:
    made = await create(ann)
    for body in (task(made["id"]) + FILE + END, FILE + task(made["id"].upper()) + END):
        answer = await send(ann, body)
        assert answer.status_code == 201
        assert answer.json()["task_id"] == made["id"]


@pytest.mark.parametrize("body", [task(UNKNOWN) + FILE + END, FILE + task(UNKNOWN) + END])
async def test_an_unknown_task_is_told_wherever_it_is_named(ann: AsyncClient, body: bytes) -> None:
    answer = await send(ann, body)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "TASK_NOT_FOUND")
    assert await kept(ann) == []


@pytest.mark.parametrize("size", [1, 2, 13, 1000])
async def test_it_is_the_same_in_pieces_of_any_size(ann: AsyncClient, size: int) -> None:
    made = await create(ann)
    content = b"--\r\n--some-boundar\r\n" * 100
    whole = part('form-data; name="file"; filename="notes.txt"', content) + task(made["id"]) + END

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), size):
            yield whole[start : start + size]

    answer = await send(ann, pieces())
    assert answer.status_code == 201
    assert (answer.json()["size"], answer.json()["task_id"]) == (len(content), made["id"])


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
async def test_a_filename_is_read_as_it_is_meant(ann: AsyncClient, given: str, filename: str) -> None:
    answer = await send(ann, part(f'form-data; name="file"; filename={given}') + END)
    assert answer.status_code == 201, answer.text
    assert answer.json()["filename"] == filename


@pytest.mark.parametrize(
    "given", ['""', '" "', '"/"', '".."', '"' + "x" * 252 + '.txt"', '"\udcff.txt"'], ids=lambda given: ascii(given[:9])
)
async def test_a_filename_that_is_none_is_refused(ann: AsyncClient, given: str) -> None:
    answer = await send(ann, part(f'form-data; name="file"; filename={given}') + END)
    assert breaches(answer) == {("body", "file")}


async def test_a_nul_in_a_filename_does_not_end_it(ann: AsyncClient) -> None:
    answer = await send(ann, part('form-data; name="file"; filename="x.exe\x00.txt"') + END)
    assert answer.status_code in {201, 400}
    if answer.status_code == 201:
        assert answer.json()["filename"] == "x.exe.txt"


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
async def test_other_parts_than_those_are_refused(ann: AsyncClient, body: bytes, place: str) -> None:
    answer = await send(ann, body)
    assert breaches(answer) == {("body", place)}
    assert answer.json()["error_code"] == "VALIDATION_FAILED"
    assert await kept(ann) == []


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
async def test_what_is_malformed_is_refused(ann: AsyncClient, body: bytes) -> None:
    answer = await send(ann, body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_MULTIPART")
    assert await kept(ann) == []


@pytest.mark.parametrize(
    "media_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 999}"],
)
async def test_without_a_boundary_nothing_can_be_read(ann: AsyncClient, media_type: str) -> None:
    answer = await send(ann, FILE + END, **{"Content-Type": media_type})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_MULTIPART")


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
    answer = await send(ann, FILE + END, **{"Content-Type": media_type})
    assert (answer.status_code, answer.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_two_media_types_a_coding_or_no_body_are_refused(ann: AsyncClient) -> None:
    twice = Headers([*MULTIPART.items(), *MULTIPART.items()])
    assert (await ann.post(FILES, content=FILE + END, headers=twice)).status_code == 415
    assert (await send(ann, FILE + END, **{"Content-Encoding": "gzip"})).status_code == 415
    assert breaches(await ann.post(FILES)) == {("body", "file")}


class Endless:
    """It knows how much of it was taken."""

    def __init__(self, head: bytes, piece: bytes) -> None:
        self.taken = 0
        self._head, self._piece = head, piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        while self.taken < 100_000_000:
            self.taken += len(self._piece)
            yield self._piece


async def test_a_stranger_is_refused_without_reading_what_is_sent(client: AsyncClient) -> None:
    body = Endless(FILE, b"x")
    assert (await client.post(FILES, content=body, headers=MULTIPART)).status_code == 401
    assert body.taken == 0


async def test_a_page_of_somebody_else_sends_nothing_in_ones_name(ann: AsyncClient, connect: Connect) -> None:
    """A form of any page may send such a body, and the browser its cookies along."""
    browser, body = connect(), Endless(FILE, b"x")
    assert (await browser.post(LOGIN_COOKIE, json={"username": "ann", "password": PASSWORD})).status_code == 204
    headers = {**MULTIPART, "Origin": "http://evil.test"}
    answer = await browser.post(FILES, content=body, headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (403, "CSRF_FAILED")
    assert body.taken == 0
    assert (await send(browser, FILE + END, Origin="http://tasks.test")).status_code == 201


async def test_a_size_beyond_the_limit_is_refused_unread(ann: AsyncClient) -> None:
    for size in (MAX_BODY + 1, 10**30):
        body = Endless(FILE, b"x")
        headers = {**MULTIPART, "Content-Length": str(size)}
        answer = await ann.post(FILES, content=body, headers=headers)
        assert (answer.status_code, answer.json()["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert body.taken == 0


@pytest.mark.parametrize("head", [FILE[:-2], FILE + END, b"", FILE + part('form-data; name="task_id"')[:-7]])
async def test_a_body_without_end_is_read_up_to_the_limit(ann: AsyncClient, head: bytes) -> None:
    body = Endless(head, b"x" * 65_536)
    answer = await ann.post(FILES, content=body, headers=MULTIPART)

    assert answer.status_code in {400, 413, 422}
    assert body.taken <= MAX_BODY + 65_536
    assert await kept(ann) == []


async def test_what_can_be_refused_by_its_name_is_not_read(ann: AsyncClient) -> None:
    for name, status in (("x.exe", 415), ("/", 422)):
        body = Endless(part(f'form-data; name="file"; filename="{name}"')[:-2], b"x" * 65_536)
        answer = await ann.post(FILES, content=body, headers=MULTIPART)
        assert answer.status_code == status
        assert body.taken <= 2 * 65_536


async def test_an_upload_may_be_larger_than_any_other_body(ann: AsyncClient) -> None:
    whole = part('form-data; name="file"; filename="notes.txt"', b"x" * File.MAX_SIZE) + END
    assert (await send(ann, whole)).status_code == 201
