"""The page for the link of a reset mail. It works without JavaScript.

The token in the form is the only authority of the request, so the form needs no protection against cross-site request
forgery: the page neither reads nor sets a cookie.
"""

from html import escape
from http import HTTPStatus
from string import Template
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from application.platform.load import Overloaded
from application.platform.rate_limits import RateLimited
from application.platform.unit_of_work import StorageUnavailable
from domain.errors import InvalidResetToken, WeakPassword
from entrypoints.http.framework import rate_limits
from entrypoints.http.framework.bodies.strict_request import FORM, SMALL_BODY, StrictRequest
from entrypoints.http.framework.context import RequestContext, context_of
from entrypoints.http.framework.errors import RETRY_AFTER_SECONDS, log_storage_error
from entrypoints.http.framework.rate_limits import RateLimitClass, rate_limit_headers
from entrypoints.http.web.pages import STATIC

UNPROCESSABLE: Final = 422
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
FORM_PAGE: Final = Template((STATIC / "reset-password.html").read_text())
MESSAGE_PAGE: Final = Template((STATIC / "message.html").read_text())

INVALID_LINK: Final = "It was used already, or it is older than 30 minutes. Request a new mail, and open its link."
CHANGED: Final = "Your password was changed, and all sessions of your account have ended. Log in with the new password."


async def form(request: Request) -> Response:
    """Return the form for the token in the link."""
    token = request.query_params.get("token", "")
    return _form(token) if token else _message("This link is incomplete", "Open the link of the mail as a whole.", 400)


async def submit(request: Request) -> Response:
    """Set the new password, or return the form with what is wrong."""
    strict = StrictRequest(request.scope, request.receive, SMALL_BODY)
    strict.require(FORM)
    await strict.require_single_fields()
    fields = {name: values[0] for name, values in parse_qs((await strict.body()).decode("utf-8", "replace")).items()}
    token, password = fields.get("token", ""), fields.get("new_password", "")
    if password != fields.get("confirm_password", ""):
        return _form(token, "The two passwords are not equal.", UNPROCESSABLE)
    context = context_of(request)
    response = await _reset(request, context, token, password)
    if context.rate_window is not None:
        response.raw_headers += rate_limit_headers(context.rate_window)
    return response


async def _reset(request: Request, context: RequestContext, token: str, password: str) -> Response:
    try:
        await rate_limits.count(request, context, RateLimitClass.LOGIN)
        await context.services.passwords.reset(token, password)
    except InvalidResetToken:
        return _message("This link is not valid", INVALID_LINK, UNPROCESSABLE)
    except WeakPassword as error:
        return _form(token, f"{str(error).capitalize()}.", UNPROCESSABLE)
    except RateLimited as error:
        context.rate_window = error.window
        return _retry_later(token, HTTPStatus.TOO_MANY_REQUESTS, f"{str(error).capitalize()}.", error.window.resets_in)
    except (Overloaded, StorageUnavailable) as error:
        log_storage_error("unavailable", error)
        return _retry_later(
            token, HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy. Try again.", RETRY_AFTER_SECONDS
        )
    return RedirectResponse("password-changed", HTTPStatus.SEE_OTHER)


def _retry_later(token: str, status: HTTPStatus, error: str, seconds: int) -> Response:
    response = _form(token, error, status)
    response.headers["Retry-After"] = str(seconds)
    return response


async def changed(request: Request) -> Response:
    """Return the page after a reset. Loading it again does not send the form again."""
    return _message("Password changed", CHANGED)


def _form(token: str, error: str = "", status: int = HTTPStatus.OK) -> Response:
    message = f'<p role="alert">{escape(error)}</p>' if error else ""
    return HTMLResponse(FORM_PAGE.substitute(token=escape(token), message=message), status, HEADERS)


def _message(title: str, text: str, status: int = HTTPStatus.OK) -> Response:
    return HTMLResponse(MESSAGE_PAGE.substitute(title=escape(title), text=escape(text)), status, HEADERS)


routes: Final[list[BaseRoute]] = [
    Route("/reset-password", form, methods=["GET"]),
    Route("/reset-password", submit, methods=["POST"]),
    Route("/password-changed", changed, methods=["GET"]),
]
