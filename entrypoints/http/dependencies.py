from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from application.accounts import AccountService
from application.tags import TagService
from application.task_batches import TaskBatchService
from application.tasks import TaskService
from domain.user import UserId
from entrypoints.http.errors import NotAuthenticated


async def authenticate(request: Request) -> UserId:
    """Raises NotAuthenticated without a bearer token (RFC 6750), InvalidToken for a wrong one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated("this needs a bearer token")
    accounts: AccountService = request.app.state.container.account_service()
    return accounts.authenticate(token.strip(" "))


async def current_user(request: Request) -> UserId:
    """A route that depends on this is refused to callers without a valid token, before all else."""
    return cast(UserId, request.state.user_id)


async def account_service(request: Request) -> AccountService:
    return cast(AccountService, request.app.state.container.account_service())


async def task_service(request: Request) -> TaskService:
    return cast(TaskService, request.app.state.container.task_service())


async def task_batch_service(request: Request) -> TaskBatchService:
    return cast(TaskBatchService, request.app.state.container.task_batch_service())


async def tag_service(request: Request) -> TagService:
    return cast(TagService, request.app.state.container.tag_service())


CurrentUser = Annotated[UserId, Depends(current_user)]
Accounts = Annotated[AccountService, Depends(account_service)]
Tasks = Annotated[TaskService, Depends(task_service)]
TaskBatches = Annotated[TaskBatchService, Depends(task_batch_service)]
Tags = Annotated[TagService, Depends(tag_service)]
