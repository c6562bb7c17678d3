from typing import Annotated, cast

from starlette.requests import Request

from application.files.files import FileService
from application.identity.accounts import AccountService
from application.identity.passwords import PasswordService
from application.identity.sessions import SessionService
from application.identity.users import UserService
from application.operations.export import ExportService
from application.operations.health import HealthService
from application.platform.metrics import Metrics as MetricsPort
from application.platform.rate_limits import Throttle
from application.tasks.batches import TaskBatchService
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from entrypoints.http.framework.inject import Taken
from entrypoints.wiring.container import Container


def provided(name: str) -> Taken:
    """What the app's container provides by this name."""
    if name not in Container.providers:
        raise LookupError(name)
    return Taken(lambda request: getattr(request.app.state.container, name)())


def throttle(request: Request) -> Throttle | None:
    """None where the settings count nothing."""
    return cast(Throttle | None, request.app.state.throttle)


Accounts = Annotated[AccountService, provided("account_service")]


Sessions = Annotated[SessionService, provided("session_service")]


Passwords = Annotated[PasswordService, provided("password_service")]


Exports = Annotated[ExportService, provided("export_service")]


Users = Annotated[UserService, provided("user_service")]


Tasks = Annotated[TaskService, provided("task_service")]


TaskBatches = Annotated[TaskBatchService, provided("task_batch_service")]


Files = Annotated[FileService, provided("file_service")]


Tags = Annotated[TagService, provided("tag_service")]


Health = Annotated[HealthService, provided("health_service")]


Metrics = Annotated[MetricsPort, provided("metrics")]


Throttled = Annotated[Throttle | None, Taken(throttle)]
