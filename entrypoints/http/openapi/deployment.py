"""What the settings add to every operation in the OpenAPI document: redirects and CORS headers."""

from typing import Any, Final

from entrypoints.http.framework.cookies import HOST_PREFIX, PATH_PREFIX
from entrypoints.http.middleware.cors import EXPOSED
from entrypoints.http.middleware.host_and_https import PROBES
from entrypoints.settings import Settings

CORS_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Access-Control-Allow-Origin": {
        "description": "The origin of the browser application, if it is allowed.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Access-Control-Allow-Credentials": {
        "description": "The browser may send its cookies, if the origin is allowed.",
        "schema": {"type": "string", "const": "true"},
    },
    "Access-Control-Expose-Headers": {
        "description": "The headers that the browser application may read, if its origin is allowed.",
        "schema": {"type": "string", "const": ", ".join(EXPOSED)},
    },
}


def declare(document: dict[str, Any], settings: Settings) -> None:
    """Add the responses and headers that depend on the settings."""
    operations = [(path, each) for path, at_path in document["paths"].items() for each in at_path.values()]
    if settings.force_https:
        for path, operation in operations:
            if not path.startswith(PROBES):
                operation["responses"]["308"] = _redirect(operation)
    if settings.allowed_origins:
        document["components"]["headers"] |= CORS_HEADERS
        for _, operation in operations:
            for status, response in operation["responses"].items():
                if status != "308":  # the redirect happens before the origin is checked
                    response["headers"] |= _references(*CORS_HEADERS)


def mounted(document: dict[str, Any], root_path: str) -> dict[str, Any]:
    """Return the document of an application below a root path."""
    schemes = {name: _scheme_below(root_path, each) for name, each in document["components"]["securitySchemes"].items()}
    servers = [{**server, "url": root_path} for server in document["servers"]]
    return {**document, "servers": servers, "components": {**document["components"], "securitySchemes": schemes}}


def _scheme_below(root_path: str, scheme: dict[str, Any]) -> dict[str, Any]:
    match scheme:
        case {"flows": flows}:
            below = {name: {**flow, "tokenUrl": root_path + flow["tokenUrl"]} for name, flow in flows.items()}
            return {**scheme, "flows": below}
        case {"in": "cookie", "name": name}:
            return {**scheme, "name": name.replace(HOST_PREFIX, PATH_PREFIX)}
    return scheme


def _redirect(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the declaration of the redirect, with the headers of a 400 response."""
    headers = {**operation["responses"]["400"]["headers"], **_references("Location")}
    return {
        "description": "The same URL with HTTPS, because this service serves the API by HTTPS only.",
        "headers": headers,
    }


def _references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
