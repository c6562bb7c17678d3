from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.files.local import LocalFileStore
from application.files.ports import FileStore


def create_file_store(url: str) -> FileStore:
    """Create the file store for a URL: `file:relative/directory`, `file:///directory` or `s3://bucket/prefix`.

    Raises:
        ValueError: The URL, or the environment for S3, cannot be used.
    """
    match urlsplit(url).scheme:
        case "file":
            return LocalFileStore(Path(unquote(urlsplit(url).path)))
        case "s3":
            from adapters.files.s3 import S3FileStore  # only S3 needs obstore, an optional dependency

            return S3FileStore(url)
    raise ValueError("a files URL must begin with file: or s3://")
