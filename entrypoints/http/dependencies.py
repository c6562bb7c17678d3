from typing import Annotated, cast

from starlette.requests import Request

from application.accounts import AccountService
from application.export import ExportService
from application.files import FileService
from application.health import HealthService
from application.passwords import PasswordService
from application.ports.metrics import Metrics as MetricsPort
from application.sessions import Caller, SessionService
from application.tags import TagService
from application.task_batches import TaskBatchService
from application.tasks import TaskService
from application.throttle import Throttle
from application.users import UserService
from domain.actor import Actor
from entrypoints.container import Container
from entrypoints.http import cookies
from entrypoints.http.errors import NotAuthenticated
from entrypoints.http.taking import Taken


async def authenticate(request: Request) -> Caller:
    """By bearer token (RFC 6750), or else by cookie.

    Raises NotAuthenticated without either, InvalidToken for a wrong one, CsrfFailed for a cookie used by others.
    """
    sessions: SessionService = request.app.state.container.session_service()
    headers = request.headers.getlist("authorization")
    if headers:
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer" or not token:
            raise NotAuthenticated("this needs one bearer token")
        return await sessions.authenticate(token.strip(" "))
    if cookie := cookies.access_token_in(request):
        caller = await sessions.authenticate(cookie)
        cookies.require_same_origin(request)
        return caller
    raise NotAuthenticated("this needs a bearer token")


def current_caller(request: Request) -> Caller:
    """A route that takes this is refused to callers without a valid token, before all else."""
    return cast(Caller, request.state.caller)


def current_actor(request: Request) -> Actor:
    """As `current_caller`, for routes that do not care about the session."""
    return cast(Caller, request.state.caller).actor


def provided(name: str) -> Taken:
    """What the app's container provides by this name."""
    if name not in Container.providers:
        raise LookupError(name)
    return Taken(lambda request: getattr(request.app.state.container, name)())


def throttle(request: Request) -> Throttle | None:
    """None where the settings count nothing."""
    return cast(Throttle | None, request.app.state.throttle)


CurrentCaller = Annotated[Caller, Taken(current_caller)]
CurrentActor = Annotated[Actor, Taken(current_actor)]
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
