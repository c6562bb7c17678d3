from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from application.identity.sessions import AuthenticatedCaller
from application.platform.idempotency import AlreadyExecuted
from entrypoints.http.framework import rate_limits
from entrypoints.http.framework.authentication import authenticate, current_actor, current_caller
from entrypoints.http.framework.errors import validation_problem
from entrypoints.http.framework.idempotency import idempotent_request, parse_idempotency_key, replay
from entrypoints.http.framework.inject import inject_parameters, request_parameters
from entrypoints.http.framework.preconditions import not_modified_or
from entrypoints.http.framework.query_model import QueryModel
from entrypoints.http.framework.rate_limits import RateLimitClass, class_of_endpoint, rate_limit_headers
from entrypoints.http.framework.strict_request import FORM, JSON, MediaType, StrictRequest

UNCOMPRESSED: Final = "as-it-is"
"""A `Content-Encoding` that turns off compression. The response middleware removes it."""


class Route(APIRoute):
    """An API route that authenticates before anything else and refuses undeclared parameters."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._parameter_sources = {marker.source for marker in request_parameters(endpoint).values()}
        super().__init__(path, inject_parameters(endpoint), **options)

    @property
    def requires_caller(self) -> bool:
        """Whether the route requires an authenticated caller."""
        return self.injects(current_caller) or self.injects(current_actor)

    @property
    def media_type(self) -> MediaType | None:
        """The media type of the body; None for a route without body."""
        if self.body_field is None:
            return None
        return FORM if isinstance(self.body_field.field_info, params.Form) else JSON

    @property
    def rate_limit_class(self) -> RateLimitClass:
        """The rate limit class of requests to this route."""
        if not self.path.startswith("/api/"):
            return RateLimitClass.UNLIMITED
        return class_of_endpoint(self.endpoint, next(iter(self.methods or {"GET"})))

    def injects(self, source: Callable[[Request], Any]) -> bool:
        """Return whether the endpoint has a request parameter from this source."""
        return source in self._parameter_sources

    def depends_on(self, call: Callable[..., Any]) -> bool:
        """Return whether the endpoint has this FastAPI dependency."""
        return any(dependant.call is call for dependant in _flat(self.dependant))

    @property
    def query_model(self) -> type[BaseModel] | None:
        """The model of the query parameters; None for a route without one."""
        return next((inner.call.model for inner in _flat(self.dependant) if isinstance(inner.call, QueryModel)), None)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a scope. Literal paths win over parameterised ones for every method."""
        is_declared = scope["path"] in scope["app"].state.declared_paths
        if is_declared if self.param_convertors else scope["path"] != self.path:
            return Match.NONE, {}
        if scope["method"] == "HEAD" and self._supports_head:
            match, found = super().matches(scope)
            return Match.FULL if match is Match.PARTIAL else match, found
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD" and self._supports_head:
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    @property
    def _supports_head(self) -> bool:
        """Whether HEAD is answered like GET. The server omits the body (RFC 9110, section 9.3.2)."""
        return "GET" in (self.methods or ())

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle_route = super().get_route_handler()
        requires_caller, media_type, limit_class = self.requires_caller, self.media_type, self.rate_limit_class
        accepts_key = self.injects(idempotent_request)
        known, repeatable = _query_parameters(self.dependant)

        async def handle(request: Request) -> Response:
            caller = await authenticate(request) if requires_caller else None
            request.state.caller = caller
            await rate_limits.count(request, limit_class, caller)
            if request.scope["query_string"] and (errors := _parameter_errors(request, known, repeatable)):
                return validation_problem(request, errors)
            strict = StrictRequest(request.scope, request.receive)
            if media_type is not None and strict.has_body:
                strict.require(media_type)
                await (strict.json() if media_type is JSON else strict.require_single_fields())
            if accepts_key and caller:
                response = await _handle_idempotently(strict, caller, handle_route, is_json=media_type is JSON)
            else:
                response = await handle_route(strict)
            if "etag" in response.headers:
                response = not_modified_or(request, response)
                response.headers["Content-Encoding"] = UNCOMPRESSED  # one entity tag, one representation
            if window := getattr(request.state, "rate_window", None):
                response.raw_headers += rate_limit_headers(window)
            return response

        return handle


async def _handle_idempotently(
    request: StrictRequest, caller: AuthenticatedCaller, handle: Callable[[Request], Any], *, is_json: bool
) -> Response:
    """Handle a request, or replay the stored response if a request with the same key was handled before.

    The content of a streamed body is known only at its end, so its route compares the content itself.
    """
    idempotent = parse_idempotency_key(request, caller)
    if idempotent is not None and is_json:
        idempotent = idempotent.with_content(await request.body())
        if (stored := await idempotent.stored_response()) is not None:
            return stored
    request.state.idempotent = idempotent
    try:
        return cast(Response, await handle(request))
    except AlreadyExecuted as error:
        return replay(error.record.payload)


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    """Yield a dependant and all its dependencies. `Dependant` is internal to FastAPI; a test checks its attributes."""
    yield dependant
    for inner in dependant.dependencies:
        yield from _flat(inner)


def _query_parameters(dependant: Dependant) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of all query parameters, and of those that may be repeated."""
    known: set[str] = set()
    repeatable: set[str] = set()
    for inner in _flat(dependant):
        known |= {parameter.alias for parameter in inner.query_params}
        if isinstance(inner.call, QueryModel):
            known |= inner.call.names
            repeatable |= inner.call.repeatable
    return frozenset(known), frozenset(repeatable)


def _parameter_errors(request: Request, known: frozenset[str], repeatable: frozenset[str]) -> list[dict[str, Any]]:
    if not _is_utf8(request.scope["query_string"]):
        return [{"loc": ["query"], "message": "the query must be percent-encoded UTF-8", "type": "encoding"}]
    counts = Counter(name for name, _ in request.query_params.multi_items())
    errors = []
    for name, count in sorted(counts.items()):
        if name not in known:
            message, type_ = "unknown parameter", "extra_forbidden"
        elif count > 1 and name not in repeatable:
            message, type_ = "the parameter must not be repeated", "repeated"
        else:
            continue
        errors.append({"loc": ["query", name], "message": message, "type": type_})
    return errors


def _is_utf8(query: bytes) -> bool:
    """Return whether a query is valid (RFC 3986). Invalid bytes would be replaced silently."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return query.isascii()
