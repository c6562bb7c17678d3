"""Response headers in the OpenAPI document."""

from typing import Any, Final

REQUEST_ID: Final = {
    "required": True,
    "description": "Identifies the request in logs: the value that the client sent, or a new one.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}
ETAG: Final = {
    "required": True,
    "description": "The version of the resource, for If-Match and If-None-Match.",
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
}
LOCATION: Final = {
    "required": True,
    "description": "The URL of the new resource.",
    "schema": {"type": "string", "format": "uri-reference"},
}
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": REQUEST_ID,
    "ETag": ETAG,
    "File-ETag": {
        **ETAG,
        "description": "The SHA-256 digest of the content.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
    },
    "Accept-Ranges": {"required": True, "schema": {"const": "bytes"}},
    "Content-Disposition": {"required": True, "schema": {"type": "string", "pattern": "^attachment; filename="}},
    "Content-Range": {"required": True, "schema": {"type": "string", "pattern": "^bytes [0-9]+-[0-9]+/[0-9]+$"}},
    "Location": LOCATION,
    "X-Content-Type-Options": {"required": True, "schema": {"const": "nosniff"}},
    "X-Frame-Options": {"required": True, "schema": {"const": "DENY"}},
    "Referrer-Policy": {"required": True, "schema": {"const": "no-referrer"}},
    "Cross-Origin-Opener-Policy": {"required": True, "schema": {"const": "same-origin"}},
    "Content-Security-Policy": {"required": True, "schema": {"type": "string"}},
    "Strict-Transport-Security": {"description": "Sent in production.", "schema": {"type": "string"}},
    "Content-Encoding": {"description": "Present if the response is compressed.", "schema": {"type": "string"}},
    "Vary": {
        "description": "Present if the response depends on request headers.",
        "schema": {"type": "string"},
    },
    "Cache-Control": {"required": True, "schema": {"const": "no-store"}},
    "RateLimit-Policy": {
        "description": "The limit, and the window in seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "Remaining requests, and seconds until the next window.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "Present if the response was stored for an earlier request with the same key.",
        "schema": {"const": "true"},
    },
    "Set-Cookie": {"description": "Present if the client authenticates by cookie.", "schema": {"type": "string"}},
}
ALL_RESPONSES: Final = (
    "X-Request-ID",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cache-Control",
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "Content-Encoding",
    "Vary",
)
API_RESPONSES: Final = ("RateLimit-Policy", "RateLimit")
STATUS_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {
        "WWW-Authenticate": {
            "required": True,
            "description": "Names the error if the access token is expired (RFC 6750).",
            "schema": {"type": "string", "pattern": '^Bearer( error="invalid_token", error_description="[^"]+")?$'},
        }
    },
    416: {"Content-Range": {"required": True, "schema": {"type": "string", "pattern": r"^bytes \*/[0-9]+$"}}},
    429: {"Retry-After": {"required": True, "description": "Seconds to wait.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"required": True, "description": "Seconds to wait.", "schema": {"type": "integer"}}},
}


def headers_named(*names: str, **others: str) -> dict[str, Any]:
    """Return references to entries of HEADERS. `others` have another name there."""
    references = dict(zip(names, names, strict=True)) | others
    return {name: {"$ref": f"#/components/headers/{own}"} for name, own in references.items()}
