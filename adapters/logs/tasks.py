import structlog

from application.platform.events import RecordedEvent
from application.tasks.events import TasksWritten


class StructlogTaskLog:
    """Log one line for the tasks that a transaction wrote: the id of one task, or the number of several.

    Titles and other contents are not logged.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger("tasks")

    async def handle(self, recorded: RecordedEvent) -> None:
        event = recorded.event
        if isinstance(event, TasksWritten):
            ids = event.task_ids
            tasks = {"task_id": str(ids[0])} if len(ids) == 1 else {"count": len(ids)}
            self._log.info(event.name, owner_id=str(event.owner_id), actor_id=str(event.actor_id), **tasks)
