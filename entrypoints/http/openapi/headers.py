"""Response headers in the OpenAPI document. They are declared once, and responses refer to them."""

from typing import Any, Final


def _header(description: str, *, always: bool = True, **schema: Any) -> dict[str, Any]:
    """Return the declaration of a header. One that is not always sent is not required."""
    required = {"required": True} if always else {}
    return {
        "description": description,
        **required,
        "schema": schema if "const" in schema else {"type": "string", **schema},
    }


_RETRY_AFTER: Final = "The number of seconds after which the request can be repeated."

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-ID": _header(
        "Identifies the request in the logs of the service: the value that the client sent, if it has 1 to 128 "
        "characters of `A-Z a-z 0-9 . _ -`, otherwise a new one.",
        pattern="^[A-Za-z0-9._-]{1,128}$",
    ),
    "ETag": _header("The version of the resource in quotes, for `If-Match` and `If-None-Match`.", pattern='^"[0-9]+"$'),
    "File-ETag": _header("The SHA-256 digest of the content, in quotes.", pattern='^"[0-9a-f]{64}"$'),
    "Accept-Ranges": _header("The content can be requested in ranges of bytes.", const="bytes"),
    "Content-Disposition": _header(
        "Makes browsers save the file under its name instead of displaying it (RFC 6266, RFC 8187).",
        pattern="^attachment; filename=",
    ),
    "Content-Range": _header(
        "The first and the last byte of this range, and the size of the file.", pattern="^bytes [0-9]+-[0-9]+/[0-9]+$"
    ),
    "Unsatisfied-Content-Range": _header("The size of the file in bytes.", pattern=r"^bytes \*/[0-9]+$"),
    "Location": _header("The URL of the new resource or of the job.", format="uri-reference"),
    "X-Content-Type-Options": _header("Browsers must not guess another media type.", const="nosniff"),
    "X-Frame-Options": _header("Pages of other sites must not embed this response.", const="DENY"),
    "Referrer-Policy": _header("Browsers do not tell other sites this URL.", const="no-referrer"),
    "Cross-Origin-Opener-Policy": _header("Pages of other origins get no handle of this one.", const="same-origin"),
    "Content-Security-Policy": _header("What a browser may load if it displays this response."),
    "Strict-Transport-Security": _header("Browsers must use HTTPS from now on. Sent in production.", always=False),
    "Content-Encoding": _header("The compression, if the response is compressed.", always=False),
    "Vary": _header("The request headers that the response depends on, if there are any.", always=False),
    "Cache-Control": _header("The response must not be stored by caches.", const="no-store"),
    "RateLimit-Policy": _header(
        'The limit that this request counts against: `q` requests in `w` seconds, such as `"read";q=600;w=60`.',
        always=False,
    ),
    "RateLimit": _header(
        'The `r` requests that remain in the current window, which ends in `t` seconds, such as `"read";r=599;t=60`.',
        always=False,
    ),
    "Idempotency-Replayed": _header(
        "Present if this is the stored response to an earlier request with the same key.", always=False, const="true"
    ),
    "Set-Cookie": _header("Sets or clears the cookies of a client that authenticates by cookie.", always=False),
    "WWW-Authenticate": _header(
        "The scheme of authentication. It names the error if the access token is expired (RFC 6750).",
        pattern='^Bearer( error="invalid_token", error_description="[^"]+")?$',
    ),
    "Retry-After": {"required": True, "description": _RETRY_AFTER, "schema": {"type": "integer"}},
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


def headers_named(*names: str, **others: str) -> dict[str, Any]:
    """Return references to entries of HEADERS. `others` have another name there."""
    references = dict(zip(names, names, strict=True)) | others
    return {name: {"$ref": f"#/components/headers/{own}"} for name, own in references.items()}


STATUS_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: headers_named("WWW-Authenticate"),
    416: headers_named(**{"Content-Range": "Unsatisfied-Content-Range"}),
    429: headers_named("Retry-After"),
    503: headers_named("Retry-After"),
}
