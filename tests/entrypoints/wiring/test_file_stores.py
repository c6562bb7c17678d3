import pytest
from dependency_injector import providers

from adapters.files.local import LocalFileStore
from adapters.files.s3 import S3FileStore
from adapters.files.stores import create_file_store
from adapters.memory.files.store import InMemoryFileStore
from entrypoints.wiring.container import Container
from tests.entrypoints.given import make_settings


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
def test_the_settings_choose_the_file_store(options: dict[str, str], store: type[object]) -> None:
    assert type(Container(settings=providers.Object(make_settings(**options))).file_store()) is store


def test_an_unknown_url_scheme_is_rejected() -> None:
    with pytest.raises(ValueError, match="file: or s3://"):
        create_file_store("ftp://canary")
