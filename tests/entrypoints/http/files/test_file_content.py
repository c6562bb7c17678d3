"""Parts of a file, and whether it is known already (RFC 9110, sections 13 and 14); and its name."""

from typing import Final

import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import FILES, UNKNOWN, Json, content_of, in_memory, upload

pytestmark = in_memory

CONTENT: Final = b"0123456789"


@pytest.fixture
async def file(ann: AsyncClient) -> Json:
    return await upload(ann, content=CONTENT)


@pytest.mark.parametrize(
    ("wish", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=2-5", 2, 5),
        ("bytes=9-9", 9, 9),
        ("bytes=3-", 3, 9),
        ("bytes=3-1000000", 3, 9),
        (f"bytes=0-{'9' * 5000}", 0, 9),
        ("bytes=-1", 9, 9),
        ("bytes=-10", 0, 9),
        (f"bytes=-{'9' * 5000}", 0, 9),
        ("BYTES= 2-5 ", 2, 5),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_range_is_given_alone(ann: AsyncClient, file: Json, wish: str, first: int, last: int) -> None:
    answer = await content_of(ann, file, headers={"Range": wish})

    assert answer.status_code == 206
    assert answer.content == CONTENT[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/10"
    assert answer.headers["Content-Length"] == str(last + 1 - first)
    assert answer.headers["ETag"] == f'"{file["sha256"]}"'


@pytest.mark.parametrize("wish", ["bytes=10-", "bytes=10-20", f"bytes={'9' * 5000}-", "bytes=-0"], ids=len)
async def test_a_range_of_nothing_can_not_be_satisfied(ann: AsyncClient, file: Json, wish: str) -> None:
    answer = await content_of(ann, file, headers={"Range": wish})

    assert answer.status_code == 416
    assert answer.json()["error_code"] == "RANGE_NOT_SATISFIABLE"
    assert answer.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=1--2",
        "lines=0-1",
        "bytes=1-2x",
        "bytes=\u0661-",
    ],
)
async def test_any_other_wish_is_passed_over(ann: AsyncClient, file: Json, wish: str) -> None:
    answer = await content_of(ann, file, headers={b"Range": wish.encode()})

    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert "Content-Range" not in answer.headers


async def test_a_range_is_of_the_file_that_is_meant(ann: AsyncClient, file: Json) -> None:
    tag = f'"{file["sha256"]}"'
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), ("Wed, 04 Mar 2026 12:00:00 GMT", 200)):
        answer = await content_of(ann, file, headers={"Range": "bytes=0-0", "If-Range": condition})
        assert answer.status_code == status


@pytest.mark.parametrize("wish", [{}, {"Range": "bytes=0-0"}, {"Range": "bytes=99-"}])
async def test_what_is_known_is_not_sent_again(ann: AsyncClient, file: Json, wish: dict[str, str]) -> None:
    tag = f'"{file["sha256"]}"'
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await content_of(ann, file, headers={"If-None-Match": known, **wish})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert (await content_of(ann, file, headers={"If-None-Match": '"other"'})).status_code == 200
    malformed = await content_of(ann, file, headers={"If-None-Match": "other"})
    assert (malformed.status_code, malformed.json()["error_code"]) == (400, "INVALID_PRECONDITION")


async def test_all_but_the_bytes_is_told_without_them(ann: AsyncClient, file: Json) -> None:
    path, whole = f"{FILES}/{file['id']}/content", await content_of(ann, file)
    for wish in ({}, {"Range": "bytes=0-0"}, {"Range": "bytes=99-"}):
        answer = await ann.head(path, headers=wish)
        assert (answer.status_code, answer.content) == (200, b"")
        own = {"x-request-id"}
        assert set(answer.headers.items()) - set(whole.headers.items()) == {
            (name, value) for name, value in answer.headers.items() if name in own
        }
    known = await ann.head(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 304
    assert (await ann.head(f"{FILES}/{UNKNOWN}/content")).status_code == 404


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, br;q=0.5"])
async def test_it_is_not_compressed(ann: AsyncClient, coding: str) -> None:
    long = await upload(ann, content=b"x" * 100_000)
    answer = await content_of(ann, long, headers={"Accept-Encoding": coding})

    assert "Content-Encoding" not in answer.headers
    assert answer.content == b"x" * 100_000


async def test_a_range_may_span_what_is_read_at_once(ann: AsyncClient) -> None:
    content = b"".join(b"%07d\n" % n for n in range(125_000))
    long = await upload(ann, content=content)
    for first, last in ((0, 999_999), (262_143, 262_144), (262_144, 524_288), (999_999, 999_999)):
        answer = await content_of(ann, long, headers={"Range": f"bytes={first}-{last}"})
        assert answer.content == content[first : last + 1]


@pytest.mark.parametrize(
    ("filename", "told"),
    [
        ("a b.txt", 'filename="a b.txt"'),
        ("\u00fc.txt", "filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"),
        ("\U0001f600.txt", "filename=\"_.txt\"; filename*=UTF-8''%F0%9F%98%80.txt"),
        ("100%.txt", "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("a'*b.txt", "filename=\"a'_b.txt\"; filename*=UTF-8''a%27%2Ab.txt"),
    ],
)
async def test_its_name_is_told_to_every_browser(ann: AsyncClient, filename: str, told: str) -> None:
    answer = await content_of(ann, await upload(ann, filename))

    assert answer.headers["Content-Disposition"] == f"attachment; {told}"
