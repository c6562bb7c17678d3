from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, Final, TypeVar

from fastapi import Depends
from pydantic import TypeAdapter
from pydantic_core import to_json
from starlette.requests import Request

from application.operations.export import AccountExport
from entrypoints.http.api.files.schemas import FileView
from entrypoints.http.api.identity.auth_schemas import SessionView, UserView
from entrypoints.http.api.tasks.history_schemas import ExportedChangeView
from entrypoints.http.api.tasks.task_schemas import TaskView
from entrypoints.http.framework.authentication import current_actor
from entrypoints.http.framework.context import context_of

_USER: Final = TypeAdapter(UserView)
_SESSIONS: Final = TypeAdapter(list[SessionView])
_TASK: Final = TypeAdapter(TaskView)
_CHANGE: Final = TypeAdapter(ExportedChangeView)
_FILE: Final = TypeAdapter(FileView)

T = TypeVar("T")


async def _run(request: Request) -> AsyncIterator[AccountExport | None]:
    """Provide the export of the caller until the response has been sent. HEAD reads nothing."""
    if request.method == "HEAD":
        yield None
        return
    async with context_of(request).services.exports.export(current_actor(request)) as export:
        yield export


RunningExport = Annotated[AccountExport | None, Depends(_run)]


async def stream_export(export: AccountExport | None) -> AsyncIterator[bytes]:
    """Serialize an `ExportView` in chunks, so that a large account needs little memory. None is no content."""
    if export is None:
        yield b""
        return
    sessions = [SessionView.of(session, None) for session in export.sessions]
    members = {
        "exported_at": _value(to_json(export.exported_at)),
        "user": _value(_USER.dump_json(UserView.of(export.user))),
        "sessions": _value(_SESSIONS.dump_json(sessions)),
        "tasks": _array(export.tasks, lambda task: _TASK.dump_json(TaskView.of(task))),
        "history": _array(export.history, lambda change: _CHANGE.dump_json(ExportedChangeView.of(change))),
        "files": _array(export.files, lambda file: _FILE.dump_json(FileView.of(file))),
    }
    async for chunk in _object(members):
        yield chunk


async def _object(members: Mapping[str, AsyncIterator[bytes]]) -> AsyncIterator[bytes]:
    separator = b"{"
    for name, chunks in members.items():
        yield separator + to_json(name) + b":"
        async for chunk in chunks:
            yield chunk
        separator = b","
    yield b"}"


async def _array(batches: AsyncIterator[list[T]], item_to_json: Callable[[T], bytes]) -> AsyncIterator[bytes]:
    separator = b"["
    async for batch in batches:
        yield separator + b",".join(map(item_to_json, batch))
        separator = b","
    yield b"]" if separator == b"," else b"[]"


async def _value(json: bytes) -> AsyncIterator[bytes]:
    yield json
