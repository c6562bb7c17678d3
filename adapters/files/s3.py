import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from adapters.files.s3_errors import without_credentials
from application.files.ports import FileStoreUnavailable, StoredObject
from domain.errors import FileNotFound

CHUNK_SIZE: Final = 256 * 1024
"""Minimum size of chunks in bytes."""

CONNECT_TIMEOUT: Final = timedelta(seconds=1)
TIMEOUT: Final = timedelta(seconds=30)
MAX_RETRIES: Final = 2
RETRY_TIMEOUT: Final = timedelta(seconds=1.5)
"""A store that takes longer counts as unavailable."""


class S3FileStore:
    """Store objects in an S3-compatible bucket, given as `s3://bucket/prefix`.

    The environment configures endpoint and credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
    AWS_ENDPOINT_URL, AWS_ALLOW_HTTP and so on.

    Each object is buffered in memory and sent in one request, so that it appears complete. A multipart upload
    would not help: its parts have at least 5 MiB, the maximum size of a file, and a crash leaves them behind.
    """

    def __init__(self, url: str) -> None:
        """Create a client without connecting.

        Raises:
            ValueError: The URL or a variable of the environment cannot be used. The message contains no credentials.
        """
        allow_http = os.environ.get("AWS_ALLOW_HTTP") == "true"
        _check_endpoint(os.environ.get("AWS_ENDPOINT_URL"), allow_http)
        try:
            self._store = S3Store.from_url(
                url,
                client_options={
                    "connect_timeout": CONNECT_TIMEOUT,
                    "timeout": TIMEOUT,
                    "allow_http": allow_http,  # `client_options` overrides the environment
                },
                retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT},
            )
        except BaseError as error:
            raise ValueError(without_credentials(error)) from None

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        content = bytearray()
        async for chunk in chunks:
            content += chunk
        with _translate_errors():
            await obstore.put_async(self._store, key, bytes(content), use_multipart=False)

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        try:
            with _translate_errors():
                result = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError as error:
            raise FileNotFound from error
        return _read_chunks(result)

    async def remove(self, *keys: str) -> None:
        if keys:
            with _translate_errors():
                await obstore.delete_async(self._store, keys)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        with _translate_errors():
            async for batch in obstore.list(self._store, prefix or None):
                for item in batch:
                    yield StoredObject(item["path"], item["size"], item["last_modified"])

    async def check(self) -> None:
        with _translate_errors():
            async for _ in obstore.list(self._store, "no-such-prefix", chunk_size=1):
                break


def _check_endpoint(text: str | None, allow_http: bool) -> None:
    """Check the address before the client gets it, which does not survive a wrong one."""
    if not text:
        return
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise ValueError("AWS_ENDPOINT_URL must be https://host or http://host, without a user name")
    if url.scheme == "http" and not allow_http:
        raise ValueError("AWS_ENDPOINT_URL with http:// needs AWS_ALLOW_HTTP=true")


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise FileStoreUnavailable for errors of the store. FileNotFoundError passes unchanged."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, TimeoutError) as error:
        raise FileStoreUnavailable("the file store is unavailable") from type(error)(without_credentials(error))


async def _read_chunks(result: "obstore.GetResult") -> AsyncIterator[bytes]:
    with _translate_errors():
        async for chunk in result.stream(min_chunk_size=CHUNK_SIZE):
            yield bytes(chunk)
