"""Headers of answers, as the OpenAPI document describes them."""

from typing import Any, Final

REQUEST_ID: Final = {
    "required": True,
    "description": "Names this request in logs; the client's own, if it gave a good one.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}
ETAG: Final = {
    "required": True,
    "description": "The version, for If-Match and If-None-Match.",
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
}
LOCATION: Final = {
    "required": True,
    "description": "Where it is.",
    "schema": {"type": "string", "format": "uri-reference"},
}
HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": REQUEST_ID,
    "ETag": ETAG,
    "File-ETag": {
        **ETAG,
        "description": "The SHA-256 of the bytes.",
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
    "Strict-Transport-Security": {"description": "In production.", "schema": {"type": "string"}},
    "Content-Encoding": {"description": "Where the answer is compressed.", "schema": {"type": "string"}},
    "Vary": {"description": "Where the answer is compressed, or for one origin.", "schema": {"type": "string"}},
    "Cache-Control": {"required": True, "schema": {"const": "no-store"}},
    "RateLimit-Policy": {"description": "Requests in a window of seconds.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left, and seconds to the next window.", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "Where the answer is that of a request before.",
        "schema": {"const": "true"},
    },
    "Set-Cookie": {"description": "Where identity is by cookie.", "schema": {"type": "string"}},
}
OF_ALL: Final = (
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
OF_THE_API: Final = ("RateLimit-Policy", "RateLimit")
OWN_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}},
    416: {"Content-Range": {"required": True, "schema": {"type": "string", "pattern": r"^bytes \*/[0-9]+$"}}},
    429: {"Retry-After": {"required": True, "description": "Seconds.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"required": True, "description": "Seconds.", "schema": {"type": "integer"}}},
}


def headers_named(*names: str, **others: str) -> dict[str, Any]:
    """Of HEADERS; others are called differently there."""
    called = dict(zip(names, names, strict=True)) | others
    return {name: {"$ref": f"#/components/headers/{own}"} for name, own in called.items()}
