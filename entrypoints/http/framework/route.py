from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send
from starlette_compress import CompressMiddleware

from application.platform.idempotency import AlreadyExecuted
from domain.errors import DomainError, Forbidden, NotFound, UserNotFound
from entrypoints.http.framework import rate_limits
from entrypoints.http.framework.authentication import authenticate, current_actor, current_caller
from entrypoints.http.framework.bodies.strict_request import FORM, JSON, SMALL_BODY, MediaType, StrictRequest
from entrypoints.http.framework.context import RequestContext, context_of
from entrypoints.http.framework.errors import validation_problem
from entrypoints.http.framework.http_errors import HttpError
from entrypoints.http.framework.idempotency import (
    IdempotentRequest,
    StoredResponse,
    idempotent_request,
    parse_idempotency_key,
    replay,
)
from entrypoints.http.framework.mounting import path_below_root
from entrypoints.http.framework.parameters import inject_parameters, request_parameters
from entrypoints.http.framework.preconditions import etag, expected_versions, not_modified_or, parse_expected_versions
from entrypoints.http.framework.query import QueryParameters, query_errors
from entrypoints.http.framework.rate_limits import RateLimitClass, rate_limit_headers
from entrypoints.http.schemas.example import Example

Endpoint = Callable[..., Any]


class Route(APIRoute):
    """An API route that authenticates before anything else and refuses undeclared parameters."""

    literal_paths: frozenset[str] = frozenset()
    """The paths of all routes without path parameters. `create_app` sets it."""

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        errors: Sequence[type[DomainError | HttpError]] = (),
        rate_limit: RateLimitClass | None = None,
        location: str | None = None,
        is_versioned: bool = False,
        is_compressed: bool = True,
        max_body: int | None = SMALL_BODY,
        example: Example | None = None,
        **options: Any,
    ) -> None:
        parameters = request_parameters(endpoint).values()
        self._sources = {parameter.source for parameter in parameters}
        self.query = next((each for each in parameters if isinstance(each, QueryParameters)), None)
        self.errors = errors
        self.rate_limit = rate_limit
        self.location = location
        self.is_versioned = is_versioned
        self.max_body = max_body
        self.example = example
        super().__init__(path, inject_parameters(endpoint), **options)
        if is_compressed and not is_versioned:  # an entity tag identifies one representation (RFC 9110, section 8.8.3)
            self.app = CompressMiddleware(self.app)

    @property
    def requires_caller(self) -> bool:
        """Whether the route requires an authenticated caller."""
        return self.has_parameter(current_caller) or self.has_parameter(current_actor)

    @property
    def media_type(self) -> MediaType | None:
        """The media type of the body; None for a route without body."""
        if self.body_field is None:
            return None
        return FORM if isinstance(self.body_field.field_info, params.Form) else JSON

    def has_parameter(self, source: Callable[[Request], Any]) -> bool:
        """Return whether the endpoint has a request parameter from this source."""
        return source in self._sources

    def success_headers(self, view: Any) -> dict[str, str]:
        """Return the headers of a successful response with a view."""
        headers = {} if self.location is None else {"Location": self.location.format(id=view.id)}
        return headers | ({"ETag": etag(view.version)} if self.is_versioned else {})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a scope. Literal paths win over parameterised ones for every method."""
        path = path_below_root(scope) if scope.get("root_path") else scope["path"]
        is_declared = path in self.literal_paths
        if is_declared if self.param_convertors else path != self.path:
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
        requires_caller, media_type, query = self.requires_caller, self.media_type, self.query
        limit_class = self.rate_limit or rate_limits.default_class(self.path, self.methods or ())
        accepts_key, is_conditional = self.has_parameter(idempotent_request), self.has_parameter(expected_versions)
        has_headers = self.is_versioned or self.location is not None
        known = frozenset(parameter.alias for parameter in self.dependant.query_params)
        known, repeatable = (known | query.names, query.repeatable) if query else (known, frozenset())
        to_stored_response = self._stored_response_of(TypeAdapter(self.response_model)) if accepts_key else None

        async def handle(request: Request) -> Response:
            context = context_of(request)
            if requires_caller:
                context.caller = await authenticate(request, context.services, f"{request.method} {self.path}")
            await rate_limits.count(request, context, limit_class)
            if request.scope["query_string"] and (errors := query_errors(request, known, repeatable)):
                return validation_problem(request, errors, len(errors))
            if query is not None:
                context.query = query.parse(request)
            strict = StrictRequest(request.scope, request.receive, self.max_body)
            if media_type is not None and strict.has_body:
                strict.require(media_type)
                await (strict.parse_json(self._validate_body) if media_type is JSON else strict.require_single_fields())
            if is_conditional:
                context.expected_versions = parse_expected_versions(
                    request, is_match_required=context.settings.require_if_match
                )
            try:
                if to_stored_response is None:
                    response = await handle_route(strict)
                else:
                    is_json = media_type is JSON
                    response = await _handle_idempotently(
                        strict, context, handle_route, to_stored_response, is_json=is_json
                    )
            except (NotFound, Forbidden) as error:
                await _record_refusal(context, error, f"{request.method} {self.path}")
                raise
            if has_headers and context.view is not None:
                response.headers.update(self.success_headers(context.view))
                response = not_modified_or(request, response) if self.is_versioned else response
            if context.rate_window is not None:
                response.raw_headers += rate_limit_headers(context.rate_window)
            return response

        return handle

    def _validate_body(self, value: Any) -> Any:
        """Return the model of a JSON body.

        Raises:
            RequestValidationError: The body is invalid.
        """
        assert self.body_field is not None
        validated, errors = self.body_field.validate(value, loc=("body",))
        if errors:
            raise RequestValidationError(errors)
        return validated

    def _stored_response_of(self, adapter: TypeAdapter[Any]) -> Callable[[Any], StoredResponse]:
        """Return a function that returns the response with a view, for repetitions of the request."""
        status = int(self.status_code or HTTPStatus.OK)
        return lambda view: StoredResponse(status, self.success_headers(view), adapter.dump_json(view))


async def _record_refusal(context: RequestContext, error: NotFound | Forbidden, route: str) -> None:
    """Record a refused request. Check that the caller was not erased during the request.

    Raises:
        InvalidToken: The caller was erased.
    """
    if (caller := context.caller) is None:
        return
    if isinstance(error, UserNotFound):
        await context.services.sessions.require_unrevoked(caller.actor, caller.session_id)
    await context.services.refusals.record(caller.actor.user_id, error, route)


async def _handle_idempotently(
    request: StrictRequest,
    context: RequestContext,
    handle: Callable[[Request], Any],
    to_stored_response: Callable[[Any], StoredResponse],
    *,
    is_json: bool,
) -> Response:
    """Handle a request, or replay the stored response if a request with the same key was handled before.

    The use case finds the stored response, after it has checked the rights of the caller. The content of a streamed
    body is known only at its end, so its route compares the content itself.
    """
    key = parse_idempotency_key(request, current_caller(request))
    idempotent = IdempotentRequest(key, context.services.idempotency, to_stored_response)
    if key is not None and is_json:
        idempotent = idempotent.with_content(await request.body())
    context.idempotent = idempotent
    try:
        return cast(Response, await handle(request))
    except AlreadyExecuted as error:
        return replay(error.record.payload)
