"""The ways to authenticate, in the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.framework.cookies import cookie_name
from entrypoints.settings import Settings

REQUIRED: Final[list[dict[str, list[str]]]] = [{"password": []}, {"bearer": []}, {"cookie": []}]
"""Each scheme suffices."""


def security_schemes(settings: Settings) -> dict[str, Any]:
    """Return the security schemes."""
    return {
        "password": {
            "type": "oauth2",
            "description": "The username or e-mail address and the password, from which `/docs` gets an access token. "
            "There is no client id.",
            "flows": {"password": {"tokenUrl": "/api/v1/auth/login/access-token", "scopes": {}}},
        },
        "bearer": {
            "type": "http",
            "description": "The `access_token` of a login, in the header `Authorization: Bearer …`.",
            "scheme": "bearer",
            "bearerFormat": "JWT",
        },
        "cookie": {
            "type": "apiKey",
            "description": "The cookie that `POST /api/v1/auth/login/cookie` sets, for applications in a browser. The "
            "browser sends it by itself, so there is nothing to enter here.",
            "in": "cookie",
            "name": cookie_name("access_token", settings),
        },
    }
