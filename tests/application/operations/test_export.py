import pytest

from application.operations.events import AccountExported
from application.operations.export import ExportRunning, ExportService
from application.platform.events import Event
from application.platform.load import Overloaded
from application.storage import Storage
from domain.errors import UserNotFound
from tests.contracts.given import add, register
from tests.support.builders import ANN, BEN, a_task, a_user, acting, new_user_id
from tests.support.stubs import SettableClock


@pytest.fixture
def recorded() -> list[Event]:
    return []


@pytest.fixture
def exports(storage: Storage, recorded: list[Event]) -> ExportService:
    async def record(event: Event) -> None:
        recorded.append(event)

    return ExportService(storage.unit_of_work, record, SettableClock())


async def test_a_user_has_one_export_at_a_time(exports: ExportService, storage: Storage, recorded: list[Event]) -> None:
    await register(storage, a_user(id=ANN), a_user(id=BEN))
    async with exports.export(acting(ANN)):
        with pytest.raises(ExportRunning):
            async with exports.export(acting(ANN)):
                pass
        async with exports.export(acting(BEN)) as export:
            assert export.user.id == BEN
    async with exports.export(acting(ANN)) as export:
        assert export.user.id == ANN
    assert recorded == [AccountExported(each, each) for each in (ANN, BEN, ANN)]


async def test_a_process_runs_few_exports_at_a_time(
    exports: ExportService, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExportService, "MAX_RUNNING", 1)
    await register(storage, a_user(id=ANN), a_user(id=BEN))
    async with exports.export(acting(ANN)):
        with pytest.raises(Overloaded):
            async with exports.export(acting(BEN)):
                pass
    async with exports.export(acting(BEN)):
        pass


async def test_a_failed_export_ends(exports: ExportService, storage: Storage) -> None:
    await register(storage, a_user(id=ANN))
    for _ in range(2):
        with pytest.raises(UserNotFound):
            async with exports.export(acting(new_user_id())):
                pass
        with pytest.raises(ZeroDivisionError):
            async with exports.export(acting(ANN)):
                _ = 1 / 0
    async with exports.export(acting(ANN)):
        pass


async def test_an_export_keeps_few_rows_in_memory(exports: ExportService, storage: Storage) -> None:
    await register(storage, a_user(id=ANN))
    await add(storage, *(a_task() for _ in range(150)))
    async with exports.export(acting(ANN)) as export:
        assert [len(batch) async for batch in export.tasks] == [100, 50]
