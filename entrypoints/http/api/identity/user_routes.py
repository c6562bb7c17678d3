from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from domain.errors import EmailTaken, Forbidden, LastAdmin, UsernameTaken, UserNotFound, WeakPassword, WrongPassword
from domain.identity.user import User
from entrypoints.http.api.dependencies import Accounts, Exports, Users
from entrypoints.http.api.identity.auth_schemas import UserView
from entrypoints.http.api.identity.export import stream_export
from entrypoints.http.api.identity.export_schemas import ExportView
from entrypoints.http.api.identity.user_schemas import (
    CreateUserBody,
    EditMeBody,
    EditUserBody,
    EraseBody,
    ListUsersQuery,
    UserPageView,
)
from entrypoints.http.api.paths import UserIdInPath
from entrypoints.http.framework import cookies
from entrypoints.http.framework.authentication import CurrentActor
from entrypoints.http.framework.idempotency import Idempotent, StoredResponse, created
from entrypoints.http.framework.preconditions import ExpectedVersions, etag
from entrypoints.http.framework.query_model import query_parameters
from entrypoints.http.framework.route import Route
from entrypoints.http.openapi.document import error_responses

_USER: Final = TypeAdapter(UserView)

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=Route)


@router.get("/me")
async def get_me(actor: CurrentActor, accounts: Accounts, response: Response) -> UserView:
    return _view_with_etag(await accounts.get(actor.user_id), response)


@router.patch("/me", responses=error_responses(EmailTaken))
async def edit_me(
    body: EditMeBody, actor: CurrentActor, accounts: Accounts, versions: ExpectedVersions, response: Response
) -> UserView:
    return _view_with_etag(await accounts.edit(actor.user_id, versions=versions, **body.to_changes()), response)


@router.delete("/me", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(WrongPassword, LastAdmin))
async def erase_me(
    body: EraseBody, actor: CurrentActor, accounts: Accounts, versions: ExpectedVersions, request: Request
) -> Response:
    await accounts.erase(actor.user_id, body.password, versions=versions)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/me/export", response_model=ExportView)
async def export_me(actor: CurrentActor, exports: Exports) -> StreamingResponse:
    export = await exports.export(actor.user_id)
    return StreamingResponse(stream_export(export), media_type="application/json")


@router.get("", responses=error_responses(Forbidden))
async def list_users(
    query: Annotated[ListUsersQuery, query_parameters(ListUsersQuery)], actor: CurrentActor, users: Users
) -> UserPageView:
    return UserPageView.of(await users.list(actor, query.to_query()))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=error_responses(Forbidden, UsernameTaken, EmailTaken, WeakPassword),
)
async def create_user(
    body: CreateUserBody, actor: CurrentActor, users: Users, idempotent: Idempotent, response: Response
) -> UserView:
    user = await users.create(
        actor, body.to_command(), idempotent_write=idempotent.write(_user_created) if idempotent else None
    )
    response.headers["Location"] = _location(user)
    return _view_with_etag(user, response)


@router.get("/{user_id}", responses=error_responses(UserNotFound))
async def get_user(user_id: UserIdInPath, actor: CurrentActor, users: Users, response: Response) -> UserView:
    return _view_with_etag(await users.get(actor, user_id), response)


@router.patch("/{user_id}", responses=error_responses(UserNotFound, Forbidden, EmailTaken, LastAdmin))
@router.put("/{user_id}", responses=error_responses(UserNotFound, Forbidden, EmailTaken, LastAdmin))
async def edit_user(
    user_id: UserIdInPath,
    body: EditUserBody,
    actor: CurrentActor,
    users: Users,
    versions: ExpectedVersions,
    response: Response,
) -> UserView:
    return _view_with_etag(await users.edit(actor, user_id, versions=versions, **body.to_changes()), response)


@router.delete(
    "/{user_id}", status_code=HTTPStatus.NO_CONTENT, responses=error_responses(UserNotFound, Forbidden, LastAdmin)
)
async def delete_user(user_id: UserIdInPath, actor: CurrentActor, users: Users, versions: ExpectedVersions) -> None:
    await users.delete(actor, user_id, versions=versions)


def _location(user: User) -> str:
    return f"{router.prefix}/{user.id}"


def _user_created(user: User) -> StoredResponse:
    return created(UserView.of(user), _USER, Location=_location(user), ETag=etag(user.version))


def _view_with_etag(user: User, response: Response) -> UserView:
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)
