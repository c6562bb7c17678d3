from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from domain.errors import EmailTaken, Forbidden, LastAdmin, UsernameTaken, UserNotFound, WeakPassword, WrongPassword
from domain.identity.user import User
from entrypoints.http.api.dependencies import CurrentActor, CurrentServices, ExpectedVersions, Idempotent
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
from entrypoints.http.framework.idempotency import StoredResponse, created
from entrypoints.http.framework.preconditions import etag
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.router import Router

_USER: Final = TypeAdapter(UserView)

router = Router("/api/v1/users", tag="users")


@router.get("/me", is_versioned=True)
async def get_me(actor: CurrentActor, services: CurrentServices, response: Response) -> UserView:
    return _view_with_etag(await services.users.get(actor, actor.user_id), response)


@router.patch("/me", errors=[EmailTaken], is_versioned=True)
async def edit_me(
    body: EditMeBody, actor: CurrentActor, services: CurrentServices, versions: ExpectedVersions, response: Response
) -> UserView:
    return _view_with_etag(
        await services.users.edit(actor, actor.user_id, versions=versions, **body.to_changes()), response
    )


@router.delete("/me", status=HTTPStatus.NO_CONTENT, errors=[WrongPassword, LastAdmin])
async def erase_me(
    body: EraseBody, actor: CurrentActor, services: CurrentServices, versions: ExpectedVersions, request: Request
) -> Response:
    await services.accounts.erase(actor, body.password, versions=versions)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get("/me/export", response_model=ExportView)
async def export_me(actor: CurrentActor, services: CurrentServices) -> StreamingResponse:
    export = await services.exports.export(actor)
    return StreamingResponse(stream_export(export), media_type="application/json")


@router.get("", errors=[Forbidden])
async def list_users(
    query: Annotated[ListUsersQuery, QueryParameters(ListUsersQuery)], actor: CurrentActor, services: CurrentServices
) -> UserPageView:
    return UserPageView.of(await services.users.list(actor, query.to_query()))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[Forbidden, UsernameTaken, EmailTaken, WeakPassword],
    is_versioned=True,
)
async def create_user(
    body: CreateUserBody, actor: CurrentActor, services: CurrentServices, idempotent: Idempotent, response: Response
) -> UserView:
    user = await services.users.create(
        actor, body.to_command(), idempotent_write=idempotent.write(_user_created) if idempotent else None
    )
    response.headers["Location"] = _location(user)
    return _view_with_etag(user, response)


@router.get("/{user_id}", errors=[UserNotFound], is_versioned=True)
async def get_user(
    user_id: UserIdInPath, actor: CurrentActor, services: CurrentServices, response: Response
) -> UserView:
    return _view_with_etag(await services.users.get(actor, user_id), response)


@router.patch("/{user_id}", errors=[UserNotFound, Forbidden, EmailTaken, LastAdmin], is_versioned=True)
@router.put("/{user_id}", errors=[UserNotFound, Forbidden, EmailTaken, LastAdmin], is_versioned=True)
async def edit_user(
    user_id: UserIdInPath,
    body: EditUserBody,
    actor: CurrentActor,
    services: CurrentServices,
    versions: ExpectedVersions,
    response: Response,
) -> UserView:
    return _view_with_etag(await services.users.edit(actor, user_id, versions=versions, **body.to_changes()), response)


@router.delete("/{user_id}", status=HTTPStatus.NO_CONTENT, errors=[UserNotFound, Forbidden, LastAdmin])
async def delete_user(
    user_id: UserIdInPath, actor: CurrentActor, services: CurrentServices, versions: ExpectedVersions
) -> None:
    await services.users.delete(actor, user_id, versions=versions)


def _location(user: User) -> str:
    return f"{router.prefix}/{user.id}"


def _user_created(user: User) -> StoredResponse:
    return created(UserView.of(user), _USER, Location=_location(user), ETag=etag(user.version))


def _view_with_etag(user: User, response: Response) -> UserView:
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)
