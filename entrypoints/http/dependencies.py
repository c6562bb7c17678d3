from typing import Annotated, cast

from fastapi import Depends
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
from entrypoints.http import cookies
from entrypoints.http.errors import NotAuthenticated


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


async def current_caller(request: Request) -> Caller:
    """A route that depends on this is refused to callers without a valid token, before all else."""
    return cast(Caller, request.state.caller)


async def current_actor(request: Request) -> Actor:
    """As `current_caller`, for routes that do not care about the session."""
    return cast(Caller, request.state.caller).actor


async def account_service(request: Request) -> AccountService:
    return cast(AccountService, request.app.state.container.account_service())


async def session_service(request: Request) -> SessionService:
    return cast(SessionService, request.app.state.container.session_service())


async def password_service(request: Request) -> PasswordService:
    return cast(PasswordService, request.app.state.container.password_service())


async def export_service(request: Request) -> ExportService:
    return cast(ExportService, request.app.state.container.export_service())


async def user_service(request: Request) -> UserService:
    return cast(UserService, request.app.state.container.user_service())


async def task_service(request: Request) -> TaskService:
    return cast(TaskService, request.app.state.container.task_service())


async def task_batch_service(request: Request) -> TaskBatchService:
    return cast(TaskBatchService, request.app.state.container.task_batch_service())


async def file_service(request: Request) -> FileService:
    return cast(FileService, request.app.state.container.file_service())


async def tag_service(request: Request) -> TagService:
    return cast(TagService, request.app.state.container.tag_service())


async def health_service(request: Request) -> HealthService:
    return cast(HealthService, request.app.state.container.health_service())


async def metrics(request: Request) -> MetricsPort:
    return cast(MetricsPort, request.app.state.container.metrics())


async def throttle(request: Request) -> Throttle | None:
    """None where the settings count nothing."""
    return cast(Throttle | None, request.app.state.throttle)


CurrentCaller = Annotated[Caller, Depends(current_caller)]
CurrentActor = Annotated[Actor, Depends(current_actor)]
Accounts = Annotated[AccountService, Depends(account_service)]
Sessions = Annotated[SessionService, Depends(session_service)]
Passwords = Annotated[PasswordService, Depends(password_service)]
Exports = Annotated[ExportService, Depends(export_service)]
Users = Annotated[UserService, Depends(user_service)]
Tasks = Annotated[TaskService, Depends(task_service)]
TaskBatches = Annotated[TaskBatchService, Depends(task_batch_service)]
Files = Annotated[FileService, Depends(file_service)]
Tags = Annotated[TagService, Depends(tag_service)]
Health = Annotated[HealthService, Depends(health_service)]
Metrics = Annotated[MetricsPort, Depends(metrics)]
Throttled = Annotated[Throttle | None, Depends(throttle)]
