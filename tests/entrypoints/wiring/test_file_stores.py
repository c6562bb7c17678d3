import pytest
from dependency_injector import providers

from adapters.files.local import LocalFileStore
from adapters.files.s3 import S3FileStore
from adapters.files.stores import file_store_of
from adapters.memory.files.store import InMemoryFileStore
from entrypoints.wiring.container import Container
from tests.entrypoints.given import only


@pytest.mark.parametrize(
    ("options", "store"),
    [
        ({}, LocalFileStore),
        ({"files_url": "file:some/folder"}, LocalFileStore),
        ({"files_url": "file:///some/folder"}, LocalFileStore),
        ({"files_url": "s3://bucket/some/prefix"}, S3FileStore),
        ({"storage": "memory"}, InMemoryFileStore),
        ({"storage": "memory", "files_url": "file:some/folder"}, LocalFileStore),
    ],
)
def test_the_settings_choose_where_files_lie(options: dict[str, str], store: type[object]) -> None:
    assert type(Container(settings=providers.Object(only(**options))).file_store()) is store


def test_another_url_is_refused() -> None:
    with pytest.raises(ValueError, match="file: or s3://"):
        file_store_of("ftp://canary")
