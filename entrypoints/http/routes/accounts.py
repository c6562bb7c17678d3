from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Response

from domain.errors import EmailTaken, InvalidCredentials, UsernameTaken, WeakPassword
from entrypoints.http.dependencies import Accounts, CurrentUser
from entrypoints.http.openapi import answers
from entrypoints.http.preconditions import etag
from entrypoints.http.routing import Route
from entrypoints.http.schemas.accounts import LoginBody, LoginForm, LoginView, RegisterBody, UserView

router = APIRouter(prefix="/api/v1", route_class=Route)


@router.post(
    "/auth/register",
    tags=["auth"],
    status_code=HTTPStatus.CREATED,
    responses=answers(UsernameTaken, EmailTaken, WeakPassword),
)
async def register(body: RegisterBody, accounts: Accounts, response: Response) -> UserView:
    user = await accounts.register(body.to_command())
    response.headers["Location"] = f"{router.prefix}/users/me"
    response.headers["ETag"] = etag(user.version)
    return UserView.of(user)


@router.post("/auth/login", tags=["auth"], responses=answers(InvalidCredentials))
async def log_in(body: LoginBody, accounts: Accounts) -> LoginView:
    return LoginView.of(await accounts.log_in(body.username, body.password))


@router.post("/auth/login/access-token", tags=["auth"], responses=answers(InvalidCredentials))
async def log_in_by_form(form: Annotated[LoginForm, Form()], accounts: Accounts) -> LoginView:
    return LoginView.of(await accounts.log_in(form.username, form.password))


@router.get("/auth/me", tags=["auth"])
@router.get("/users/me", tags=["users"])
async def get_me(user: CurrentUser, accounts: Accounts, response: Response) -> UserView:
    profile = await accounts.profile(user)
    response.headers["ETag"] = etag(profile.version)
    return UserView.of(profile)
