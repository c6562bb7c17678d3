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
_EMPTY_LISTS: Final = b'"tasks":[],"history":[],"files":[]}'


async def stream_export(export: AccountExport) -> AsyncIterator[bytes]:
    """Serialize an `ExportView` in chunks, so that a large account needs little memory."""
    head = ExportView(
        exported_at=export.exported_at,
        user=UserView.of(export.user),
        sessions=[SessionView.of(session, None) for session in export.sessions],
        tasks=[],
        history=[],
        files=[],
    )
    yield _EXPORT.dump_json(head).removesuffix(_EMPTY_LISTS)
    yield b'"tasks":['
    async for chunk in _join(export.tasks, lambda task: _TASK.dump_json(TaskView.of(task))):
        yield chunk
    yield b'],"history":['
    async for chunk in _join(export.history, lambda change: _CHANGE.dump_json(ExportedChangeView.of(change))):
        yield chunk
    yield b'],"files":['
    async for chunk in _join(export.files, lambda file: _FILE.dump_json(FileView.of(file))):
        yield chunk
    yield b"]}"


async def _join(batches: AsyncIterator[list[Any]], to_json: Callable[[Any], bytes]) -> AsyncIterator[bytes]:
    separator = b""
    async for batch in batches:
        yield separator + b",".join(map(to_json, batch))
        separator = b","
