from http import HTTPStatus
from typing import Annotated

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from application.operations.export import ExportRunning
from domain.errors import EmailTaken, Forbidden, LastAdmin, UsernameTaken, UserNotFound, WeakPassword, WrongPassword
from domain.identity.actor import Actor
from domain.identity.user import UserId
from domain.versions import VersionMatch
from entrypoints.http.api.dependencies import App, ClientAddress, CurrentActor, ExpectedVersions, Idempotent
from entrypoints.http.api.identity import examples
from entrypoints.http.api.identity.auth_schemas import UserView
from entrypoints.http.api.identity.export import RunningExport, stream_export
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
from entrypoints.http.framework.query import QueryParameters
from entrypoints.http.framework.rate_limits import RateLimitClass
from entrypoints.http.framework.router import Router
from entrypoints.wiring.services import Services

router = Router("/api/v1/users", tag="users")


@router.get("/me", is_versioned=True, example=examples.GET_ME)
async def get_me(actor: CurrentActor, app: App) -> UserView:
    """Get your account.

    Returns the account of the caller. The `ETag` is the version to send in `If-Match` of a change.

    Returns:
        The account of the caller.
    """
    return UserView.of(await app.users.get(actor, actor.user_id))


@router.patch("/me", errors=[EmailTaken, WrongPassword], is_versioned=True, example=examples.EDIT_ME)
async def edit_me(
    body: EditMeBody, actor: CurrentActor, app: App, versions: ExpectedVersions, address: ClientAddress
) -> UserView:
    """Change your account.

    Changes the given fields and leaves the others unchanged. Another `email` requires `current_password`, and a mail
    informs the old address.

    Returns:
        The account after the change.
    """
    return await _edit(actor.user_id, body, actor, app, versions, address)


@router.delete("/me", status=HTTPStatus.NO_CONTENT, errors=[WrongPassword, LastAdmin], example=examples.ERASE_ME)
async def erase_me(
    body: EraseBody,
    actor: CurrentActor,
    app: App,
    versions: ExpectedVersions,
    address: ClientAddress,
    request: Request,
) -> Response:
    """Erase your account.

    Erases the account of the caller with all tasks, files and sessions. This cannot be undone. The account is gone with
    the response. A job deletes the data of a large account, which no request returns any more. Wrong passwords count as
    failed logins.

    Returns:
        The account is erased. The response has no body.
    """
    await app.accounts.erase(actor, body.password, address, versions=versions)
    return cookies.clear_session_cookies(request, Response(status_code=HTTPStatus.NO_CONTENT))


@router.get(
    "/me/export",
    response_model=ExportView,
    errors=[ExportRunning],
    rate_limit=RateLimitClass.EXPORT,
    example=examples.EXPORT_ME,
)
async def export_me(actor: CurrentActor, export: RunningExport) -> StreamingResponse:
    """Export your data.

    Returns the account with its sessions, tasks, history and files, all of the same moment. Files are listed without
    their content. Security events are not part of it, because they may contain addresses of other persons.

    Returns:
        The account with its sessions, tasks, history and files.
    """
    return StreamingResponse(stream_export(export), media_type="application/json")


@router.get("", errors=[Forbidden], example=examples.LIST_USERS)
async def list_users(
    query: Annotated[ListUsersQuery, QueryParameters(ListUsersQuery)], actor: CurrentActor, app: App
) -> UserPageView:
    """List users.

    For managers and admins. Returns the users that meet all filters, newest first by default.

    Returns:
        A page of users.
    """
    return UserPageView.of(await app.users.list(actor, query.to_query()))


@router.post(
    "",
    status=HTTPStatus.CREATED,
    errors=[Forbidden, UserNotFound, UsernameTaken, EmailTaken, WeakPassword],
    location="/api/v1/users/{id}",
    is_versioned=True,
    example=examples.CREATE_USER,
)
async def create_user(body: CreateUserBody, actor: CurrentActor, app: App, idempotent: Idempotent) -> UserView:
    """Create a user.

    For admins. Creates an account for another person, with any role. The service sends a welcome mail. The response is
    `404` if an earlier request with the same `Idempotency-Key` created a user who was deleted since.

    Returns:
        The new account.
    """
    write = idempotent.write(UserView.of)
    return UserView.of(await app.users.create(actor, body.to_command(), idempotent_write=write))


@router.get("/{user_id}", errors=[UserNotFound], is_versioned=True, example=examples.GET_USER)
async def get_user(user_id: UserIdInPath, actor: CurrentActor, app: App) -> UserView:
    """Get a user.

    Users read their own account, managers and admins read every account.

    Returns:
        The account, with its version in `ETag`.
    """
    return UserView.of(await app.users.get(actor, user_id))


@router.patch(
    "/{user_id}",
    errors=[UserNotFound, Forbidden, EmailTaken, LastAdmin, WrongPassword],
    is_versioned=True,
    example=examples.EDIT_USER,
)
@router.put(
    "/{user_id}",
    errors=[UserNotFound, Forbidden, EmailTaken, LastAdmin, WrongPassword],
    is_versioned=True,
    example=examples.EDIT_USER,
)
async def edit_user(
    user_id: UserIdInPath,
    body: EditUserBody,
    actor: CurrentActor,
    app: App,
    versions: ExpectedVersions,
    address: ClientAddress,
) -> UserView:
    """Change a user.

    Admins change every account, users their own one as with `/api/v1/users/me`. Only admins change `role` and
    `is_active`. `PUT` and `PATCH` do the same: they change the given fields and leave the others unchanged. The last
    active admin must remain one.

    Returns:
        The account after the change.
    """
    return await _edit(user_id, body, actor, app, versions, address)


async def _edit(
    user_id: UserId, body: EditMeBody, actor: Actor, app: Services, versions: VersionMatch, address: str
) -> UserView:
    user = await app.users.edit(
        actor, user_id, current_password=body.password, address=address, versions=versions, **body.to_changes()
    )
    return UserView.of(user)


@router.delete(
    "/{user_id}",
    status=HTTPStatus.NO_CONTENT,
    errors=[UserNotFound, Forbidden, LastAdmin],
    example=examples.DELETE_USER,
)
async def delete_user(user_id: UserIdInPath, actor: CurrentActor, app: App, versions: ExpectedVersions) -> None:
    """Delete a user.

    For admins. Deletes the account of a user with all tasks, files and sessions, as `DELETE /api/v1/users/me` does.
    This cannot be undone.

    Returns:
        The account is deleted. The response has no body.
    """
    await app.users.delete(actor, user_id, versions=versions)
