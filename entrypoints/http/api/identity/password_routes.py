from http import HTTPStatus

from fastapi import Response

from domain.errors import InvalidResetToken, WeakPassword, WrongPassword
from entrypoints.http.api.dependencies import App, ClientAddress, CurrentCaller
from entrypoints.http.api.identity import examples
from entrypoints.http.api.identity.auth_schemas import ChangePasswordBody, RequestResetBody, ResetPasswordBody
from entrypoints.http.framework.rate_limits import RateLimitClass
from entrypoints.http.framework.router import Router

router = Router("/api/v1/auth", tag="auth")


@router.post(
    "/password", status=HTTPStatus.NO_CONTENT, errors=[WrongPassword, WeakPassword], example=examples.CHANGE_PASSWORD
)
async def change_password(body: ChangePasswordBody, caller: CurrentCaller, app: App, address: ClientAddress) -> None:
    """Change your password.

    All other sessions of the caller end, and links in reset mails no longer work. Wrong passwords count as failed
    logins.

    Returns:
        The password is changed. The response has no body.
    """
    await app.passwords.change(caller.actor, caller.session_id, body.current_password, body.new_password, address)


@router.post(
    "/password-reset",
    status=HTTPStatus.ACCEPTED,
    response_class=Response,
    rate_limit=RateLimitClass.LOGIN,
    example=examples.REQUEST_PASSWORD_RESET,
)
async def request_password_reset(body: RequestResetBody, app: App) -> Response:
    """Request a password reset.

    Sends a mail with a link to choose a new password, which works once within 30 minutes. The response is the same
    whether the address is known or not. An account gets at most 5 such mails an hour.

    Returns:
        The mail is sent if the address belongs to an account. The response has no body.
    """
    await app.passwords.request_reset(body.email)
    return Response(status_code=HTTPStatus.ACCEPTED)


@router.post(
    "/password-reset/confirm",
    status=HTTPStatus.NO_CONTENT,
    errors=[InvalidResetToken, WeakPassword],
    rate_limit=RateLimitClass.LOGIN,
    example=examples.RESET_PASSWORD,
)
async def reset_password(body: ResetPasswordBody, app: App) -> None:
    """Reset a password.

    Sets a new password with the token of a reset mail. All sessions of the user end. A weak password does not use up
    the token.

    Returns:
        The password is changed. The response has no body.
    """
    await app.passwords.reset(body.token, body.new_password)
