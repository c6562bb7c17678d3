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
from application.platform.rate_limits import RateLimitService
from application.tasks.batches import TaskBatchService
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from entrypoints.http.framework.inject import RequestParameter
from entrypoints.wiring.container import Container


def from_container(name: str) -> RequestParameter:
    """Return a request parameter: the component with this name in the container of the app."""
    if name not in Container.providers:
        raise LookupError(name)
    return RequestParameter(lambda request: getattr(request.app.state.container, name)())


def rate_limits(request: Request) -> RateLimitService | None:
    """Return the rate limits; None if the settings disable them."""
    return cast(RateLimitService | None, request.app.state.rate_limits)


Accounts = Annotated[AccountService, from_container("account_service")]
Sessions = Annotated[SessionService, from_container("session_service")]
Passwords = Annotated[PasswordService, from_container("password_service")]
Exports = Annotated[ExportService, from_container("export_service")]
Users = Annotated[UserService, from_container("user_service")]
Tasks = Annotated[TaskService, from_container("task_service")]
TaskBatches = Annotated[TaskBatchService, from_container("task_batch_service")]
Files = Annotated[FileService, from_container("file_service")]
Tags = Annotated[TagService, from_container("tag_service")]
Health = Annotated[HealthService, from_container("health_service")]
Metrics = Annotated[MetricsPort, from_container("metrics")]
RateLimits = Annotated[RateLimitService | None, RequestParameter(rate_limits)]
