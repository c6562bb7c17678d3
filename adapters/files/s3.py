import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from application.files.ports import FileStoreUnavailable, StoredObject
from domain.errors import FileNotFound

PIECE: Final = 256 * 1024
"""Bytes that are given on at once, at least."""

CONNECT_PATIENCE: Final = timedelta(seconds=1)
PATIENCE: Final = timedelta(seconds=30)
RETRIES: Final = 2
RETRY_PATIENCE: Final = timedelta(seconds=1.5)
"""A store that takes longer counts as away."""


class S3FileStore:
    """`s3://bucket/prefix`, on whatever speaks the protocol; how to reach it, and as whom, the environment says
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP …).

    An object is put in one request, so that nothing of it is there before all is; until then it is kept in memory.
    (The parts that the protocol knows have 5 MiB or more, as much as a file, and stay when a crash breaks them off.)
    """

    def __init__(self, url: str) -> None:
        self._store = S3Store.from_url(
            url,
            client_options={
                "connect_timeout": CONNECT_PATIENCE,
                "timeout": PATIENCE,
                "allow_http": os.environ.get("AWS_ALLOW_HTTP") == "true",  # options given hide those of the environment
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_PATIENCE},
        )

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        content = bytearray()
        async for chunk in chunks:
            content += chunk
        with _translated():
            await obstore.put_async(self._store, key, bytes(content), use_multipart=False)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        try:
            with _translated():
                found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError as error:
            raise FileNotFound from error
        return _pieces(found)

    async def remove(self, *keys: str) -> None:
        if keys:
            with _translated():
                await obstore.delete_async(self._store, keys)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        with _translated():
            async for some in obstore.list(self._store, prefix or None):
                for found in some:
                    yield StoredObject(found["path"], found["size"], found["last_modified"])

    async def check(self) -> None:
        with _translated():
            async for _ in obstore.list(self._store, "nothing-has-this-name", chunk_size=1):
                break

    async def close(self) -> None:
        pass


@contextmanager
def _translated() -> Iterator[None]:
    """FileNotFoundError stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, TimeoutError) as error:
        raise FileStoreUnavailable("the file store does not answer") from error


async def _pieces(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    with _translated():
        async for piece in found.stream(min_chunk_size=PIECE):
            yield bytes(piece)
