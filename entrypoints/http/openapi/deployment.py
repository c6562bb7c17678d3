"""What the settings put around every operation, told in the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.middleware.cors import EXPOSED
from entrypoints.http.middleware.host_and_https import PROBES
from entrypoints.settings import Settings

OF_ORIGINS: Final[dict[str, dict[str, Any]]] = {
    "Access-Control-Allow-Origin": {
        "description": "The origin of the application that asks, where it is allowed.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Access-Control-Allow-Credentials": {"schema": {"type": "string", "const": "true"}},
    "Access-Control-Expose-Headers": {"schema": {"type": "string", "const": ", ".join(EXPOSED)}},
}


def declare(document: dict[str, Any], settings: Settings) -> None:
    operations = [(path, each) for path, at_path in document["paths"].items() for each in at_path.values()]
    if settings.force_https:
        for path, operation in operations:
            if not path.startswith(PROBES):
                operation["responses"]["308"] = _redirect(operation)
    if settings.allowed_origins:
        document["components"]["headers"] |= OF_ORIGINS
        for _, operation in operations:
            for status, response in operation["responses"].items():
                if status != "308":  # which is answered before the origin is looked at
                    response["headers"] |= _references(*OF_ORIGINS)


def _redirect(operation: dict[str, Any]) -> dict[str, Any]:
    """As whatever else a request gets that is refused for what it is."""
    headers = {**operation["responses"]["400"]["headers"], **_references("Location")}
    return {"description": "Permanent Redirect: the same by TLS", "headers": headers}


def _references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
