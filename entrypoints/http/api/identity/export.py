from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from pydantic import TypeAdapter

from application.operations.export import AccountExport
from entrypoints.http.api.files.schemas import FileView
from entrypoints.http.api.identity.auth_schemas import SessionView, UserView
from entrypoints.http.api.identity.export_schemas import ExportView
from entrypoints.http.api.tasks.history_schemas import ExportedChangeView
from entrypoints.http.api.tasks.task_schemas import TaskView

_EXPORT: Final = TypeAdapter(ExportView)
_TASK: Final = TypeAdapter(TaskView)
_CHANGE: Final = TypeAdapter(ExportedChangeView)
_FILE: Final = TypeAdapter(FileView)
_NOTHING_YET: Final = b'"tasks":[],"history":[],"files":[]}'


async def rendered(export: AccountExport) -> AsyncIterator[bytes]:
    """An `ExportView` piece by piece, so that a large account takes little memory."""
    head = ExportView(
        exported_at=export.exported_at,
        user=UserView.of(export.user),
        sessions=[SessionView.of(session, None) for session in export.sessions],
        tasks=[],
        history=[],
        files=[],
    )
    yield _EXPORT.dump_json(head).removesuffix(_NOTHING_YET)
    yield b'"tasks":['
    async for piece in _joined(export.tasks, lambda task: _TASK.dump_json(TaskView.of(task))):
        yield piece
    yield b'],"history":['
    async for piece in _joined(export.history, lambda change: _CHANGE.dump_json(ExportedChangeView.of(change))):
        yield piece
    yield b'],"files":['
    async for piece in _joined(export.files, lambda file: _FILE.dump_json(FileView.of(file))):
        yield piece
    yield b"]}"


async def _joined(batches: AsyncIterator[list[Any]], render: Callable[[Any], bytes]) -> AsyncIterator[bytes]:
    separator = b""
    async for batch in batches:
        yield separator + b",".join(map(render, batch))
        separator = b","
