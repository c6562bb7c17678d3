"""Without the optional dependencies of an adapter, its setting is refused with the command that installs them."""

import re
import sys

import pytest
from dependency_injector import providers

from entrypoints.setting_types import SettingsError
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container
from entrypoints.wiring.extras import needing_extra


@pytest.mark.parametrize(
    ("component", "setting", "value", "adapter", "package", "extra"),
    [
        ("storage", "database_url", "postgresql+asyncpg://x/y", "adapters.sql.engine.postgres", "asyncpg", "postgres"),
        ("redis", "redis_url", "redis://cache", "adapters.redis.server", "redis", "redis"),
        ("file_store", "files_url", "s3://bucket/files", "adapters.files.s3", "obstore", "s3"),
    ],
)  # fmt: skip
def test_a_setting_that_needs_a_missing_extra_names_it(
    component: str,
    setting: str,
    value: str,
    adapter: str,
    package: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if re.match(rf"{package}\b", name)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, adapter, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    container = Container(settings=providers.Object(Settings(_env_file=None, **{setting: value})))

    with pytest.raises(SettingsError) as refusal:
        container.providers[component]()
    assert str(refusal.value) == f"{setting.upper()} needs more packages: pip install 'task-manager[{extra}]'"


def test_another_missing_module_is_an_error_of_the_program() -> None:
    with pytest.raises(ModuleNotFoundError), needing_extra("DATABASE_URL"):
        import missing_module  # type: ignore[import-not-found]  # noqa: F401
