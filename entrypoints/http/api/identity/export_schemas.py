from dataclasses import dataclass
from datetime import datetime

from entrypoints.http.api.files.schemas import FileView
from entrypoints.http.api.identity.auth_schemas import SessionView, UserView
from entrypoints.http.api.tasks.history_schemas import ExportedChangeView
from entrypoints.http.api.tasks.task_schemas import TaskView


@dataclass(slots=True)
class ExportView:
    """All data that the service stores about the caller."""

    exported_at: datetime
    """The time of the export. All data is of the same moment."""
    user: UserView
    """The account of the caller."""
    sessions: list[SessionView]
    """The sessions that have not ended."""
    tasks: list[TaskView]
    """All tasks of the caller."""
    history: list[ExportedChangeView]
    """All changes of these tasks."""
    files: list[FileView]
    """The metadata of all files. Their content is downloaded one by one."""
