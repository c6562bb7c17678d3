from dataclasses import dataclass
from datetime import datetime

from entrypoints.http.api.files.schemas import FileView
from entrypoints.http.api.identity.auth_schemas import SessionView, UserView
from entrypoints.http.api.tasks.history_schemas import ExportedChangeView
from entrypoints.http.api.tasks.task_schemas import TaskView


@dataclass(slots=True)
class ExportView:
    exported_at: datetime
    user: UserView
    sessions: list[SessionView]
    tasks: list[TaskView]
    history: list[ExportedChangeView]
    files: list[FileView]
