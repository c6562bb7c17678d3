from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.files.local import LocalFileStore
from application.files.ports import FileStore


def file_store_of(url: str) -> FileStore:
    """Of `file:relative/folder`, `file:///folder` or `s3://bucket/prefix`."""
    match urlsplit(url).scheme:
        case "file":
            return LocalFileStore(Path(unquote(urlsplit(url).path)))
        case "s3":
            from adapters.files.s3 import S3FileStore  # with a library that nobody else needs

            return S3FileStore(url)
    raise ValueError("a files URL begins with file: or s3://")
