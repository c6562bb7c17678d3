from dataclasses import dataclass
from datetime import datetime

from entrypoints.http.schemas.accounts import SessionView, UserView
from entrypoints.http.schemas.files import FileView
from entrypoints.http.schemas.history import ExportedChangeView
from entrypoints.http.schemas.tasks import TaskView


@dataclass(slots=True)
class ExportView:
    exported_at: datetime
    user: UserView
    sessions: list[SessionView]
    tasks: list[TaskView]
    history: list[ExportedChangeView]
    files: list[FileView]
