from collections.abc import AsyncIterator
from typing import Final

from pydantic import TypeAdapter

from application.export import AccountExport
from entrypoints.http.schemas.accounts import SessionView, UserView
from entrypoints.http.schemas.export import ExportView
from entrypoints.http.schemas.tasks import TaskView

_EXPORT: Final = TypeAdapter(ExportView)
_TASK: Final = TypeAdapter(TaskView)


async def rendered(export: AccountExport) -> AsyncIterator[bytes]:
    """An `ExportView` piece by piece, so that a large account takes little memory."""
    head = ExportView(
        exported_at=export.exported_at,
        user=UserView.of(export.user),
        sessions=[SessionView.of(session, None) for session in export.sessions],
        tasks=[],
    )
    yield _EXPORT.dump_json(head).removesuffix(b"]}")
    separator = b""
    async for batch in export.tasks:
        yield separator + b",".join(_TASK.dump_json(TaskView.of(task)) for task in batch)
        separator = b","
    yield b"]}"
