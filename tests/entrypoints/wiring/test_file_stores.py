import pytest
from dependency_injector import providers

from adapters.files.local import LocalFileStore
from adapters.files.s3 import S3FileStore
from adapters.files.stores import create_file_store
from adapters.memory.files.store import InMemoryFileStore
from entrypoints.setting_types import SettingsError
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


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"AWS_ENDPOINT_URL": "http://s3.example.com"}, "AWS_ENDPOINT_URL with http:// needs AWS_ALLOW_HTTP=true"),
        ({"AWS_ENDPOINT_URL": "not a canary"}, "AWS_ENDPOINT_URL must be https://host or http://host"),
        (
            {"AWS_ENDPOINT_URL": "https://canary:canary@s3.example.com"},
            "AWS_ENDPOINT_URL must be .* without a user name",
        ),
        ({"AWS_ACCESS_KEY_ID": "canary"}, "Missing SecretAccessKey"),
    ],
    ids=str,
)
def test_an_environment_in_which_s3_cannot_work_is_rejected(
    environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    container = Container(settings=providers.Object(make_settings(files_url="s3://bucket/prefix")))

    with pytest.raises(SettingsError, match=f"FILES_URL names a file store that cannot be used: .*{message}") as error:
        container.file_store()

    assert "canary" not in str(error.value)
