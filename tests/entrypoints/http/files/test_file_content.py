"""Downloads: ranges and conditional requests (RFC 9110, sections 13 and 14) and the filename."""

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
    ("field", "first", "last"),
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
async def test_a_range_request_returns_only_the_range(
    ann: AsyncClient, file: Json, field: str, first: int, last: int
) -> None:
    response = await content_of(ann, file, headers={"Range": field})

    assert response.status_code == 206
    assert response.content == CONTENT[first : last + 1]
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/10"
    assert response.headers["Content-Length"] == str(last + 1 - first)
    assert response.headers["ETag"] == f'"{file["sha256"]}"'


@pytest.mark.parametrize("field", ["bytes=10-", "bytes=10-20", f"bytes={'9' * 5000}-", "bytes=-0"], ids=len)
async def test_a_range_outside_the_file_returns_416(ann: AsyncClient, file: Json, field: str) -> None:
    response = await content_of(ann, file, headers={"Range": field})

    assert response.status_code == 416
    assert response.json()["error_code"] == "RANGE_NOT_SATISFIABLE"
    assert response.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "field",
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
async def test_unsupported_ranges_are_ignored(ann: AsyncClient, file: Json, field: str) -> None:
    response = await content_of(ann, file, headers={b"Range": field.encode()})

    assert response.status_code == 200
    assert response.content == CONTENT
    assert "Content-Range" not in response.headers


async def test_if_range_with_another_entity_tag_returns_the_whole_file(ann: AsyncClient, file: Json) -> None:
    tag = f'"{file["sha256"]}"'
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200), ("Wed, 04 Mar 2026 12:00:00 GMT", 200)):
        response = await content_of(ann, file, headers={"Range": "bytes=0-0", "If-Range": condition})
        assert response.status_code == status


@pytest.mark.parametrize("field", [{}, {"Range": "bytes=0-0"}, {"Range": "bytes=99-"}])
async def test_a_matching_if_none_match_returns_304(ann: AsyncClient, file: Json, field: dict[str, str]) -> None:
    tag = f'"{file["sha256"]}"'
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = await content_of(ann, file, headers={"If-None-Match": known, **field})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", tag)
    assert (await content_of(ann, file, headers={"If-None-Match": '"other"'})).status_code == 200
    malformed = await content_of(ann, file, headers={"If-None-Match": "other"})
    assert (malformed.status_code, malformed.json()["error_code"]) == (400, "INVALID_PRECONDITION")


async def test_head_returns_the_headers_of_get(ann: AsyncClient, file: Json) -> None:
    path, whole = f"{FILES}/{file['id']}/content", await content_of(ann, file)
    for field in ({}, {"Range": "bytes=0-0"}, {"Range": "bytes=99-"}):
        response = await ann.head(path, headers=field)
        assert (response.status_code, response.content) == (200, b"")
        own = {"x-request-id"}
        assert set(response.headers.items()) - set(whole.headers.items()) == {
            (name, value) for name, value in response.headers.items() if name in own
        }
    known = await ann.head(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert known.status_code == 304
    assert (await ann.head(f"{FILES}/{UNKNOWN}/content")).status_code == 404


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, br;q=0.5"])
async def test_downloads_are_not_compressed(ann: AsyncClient, coding: str) -> None:
    long = await upload(ann, content=b"x" * 100_000)
    response = await content_of(ann, long, headers={"Accept-Encoding": coding})

    assert "Content-Encoding" not in response.headers
    assert response.content == b"x" * 100_000


async def test_a_range_can_span_several_chunks(ann: AsyncClient) -> None:
    content = b"".join(b"%07d\n" % n for n in range(125_000))
    long = await upload(ann, content=content)
    for first, last in ((0, 999_999), (262_143, 262_144), (262_144, 524_288), (999_999, 999_999)):
        response = await content_of(ann, long, headers={"Range": f"bytes={first}-{last}"})
        assert response.content == content[first : last + 1]


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("a b.txt", 'filename="a b.txt"'),
        ("\u00fc.txt", "filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"),
        ("\U0001f600.txt", "filename=\"_.txt\"; filename*=UTF-8''%F0%9F%98%80.txt"),
        ("100%.txt", "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("a'*b.txt", "filename=\"a'_b.txt\"; filename*=UTF-8''a%27%2Ab.txt"),
    ],
)
async def test_content_disposition_names_the_file_for_every_browser(
    ann: AsyncClient, filename: str, disposition: str
) -> None:
    response = await content_of(ann, await upload(ann, filename))

    assert response.headers["Content-Disposition"] == f"attachment; {disposition}"
