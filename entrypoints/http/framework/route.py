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

from application.identity.sessions import Caller
from application.platform.idempotency import AlreadyAnswered
from entrypoints.http.framework import rate_limits
from entrypoints.http.framework.authentication import authenticate, current_actor, current_caller
from entrypoints.http.framework.errors import validation_problem
from entrypoints.http.framework.idempotency import keyed, keyed_request, replayed
from entrypoints.http.framework.inject import taken_by, taking
from entrypoints.http.framework.preconditions import not_modified
from entrypoints.http.framework.query_model import QueryModel
from entrypoints.http.framework.rate_limits import Counts, headers_of, what_counts
from entrypoints.http.framework.strict_request import FORM, JSON, MediaType, StrictRequest

AS_IT_IS: Final = "as-it-is"
"""A `Content-Encoding` that turns off compression. The response middleware removes it."""


class Route(APIRoute):
    """Asks who is calling before it looks at anything else, and takes no parameter it does not declare."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._taken = {mark.take for mark in taken_by(endpoint).values()}
        super().__init__(path, taking(endpoint), **options)

    @property
    def wants_caller(self) -> bool:
        return self.takes(current_caller) or self.takes(current_actor)

    @property
    def media_type(self) -> MediaType | None:
        """Of the body it takes, if any."""
        if self.body_field is None:
            return None
        return FORM if isinstance(self.body_field.field_info, params.Form) else JSON

    @property
    def counts_as(self) -> Counts:
        if not self.path.startswith("/api/"):
            return Counts.NOTHING
        return what_counts(self.endpoint, next(iter(self.methods or {"GET"})))

    def takes(self, take: Callable[[Request], Any]) -> bool:
        return take in self._taken

    def depends_on(self, call: Callable[..., Any]) -> bool:
        return any(dependant.call is call for dependant in _flat(self.dependant))

    @property
    def query_model(self) -> type[BaseModel] | None:
        return next((inner.call.model for inner in _flat(self.dependant) if isinstance(inner.call, QueryModel)), None)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A path that is declared as it stands is no `{id}`, whatever the method."""
        is_declared = scope["path"] in scope["app"].state.declared_paths
        if is_declared if self.param_convertors else scope["path"] != self.path:
            return Match.NONE, {}
        if scope["method"] == "HEAD" and self._answers_head:
            match, found = super().matches(scope)
            return Match.FULL if match is Match.PARTIAL else match, found
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD" and self._answers_head:
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    @property
    def _answers_head(self) -> bool:
        """As GET, but for the body, which the server leaves out (RFC 9110, section 9.3.2)."""
        return "GET" in (self.methods or ())

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()
        wants_caller, media_type, counts = self.wants_caller, self.media_type, self.counts_as
        takes_key = self.takes(keyed_request)
        known, repeatable = _query_parameters(self.dependant)

        async def strictly(request: Request) -> Response:
            caller = await authenticate(request) if wants_caller else None
            request.state.caller = caller
            await rate_limits.count(request, counts, caller)
            if request.scope["query_string"] and (refused := _refused(request, known, repeatable)):
                return validation_problem(request, refused)
            strict = StrictRequest(request.scope, request.receive)
            if media_type is not None and strict.has_body:
                strict.require(media_type)
                await (strict.json() if media_type is JSON else strict.require_single_fields())
            if takes_key and caller:
                response = await _once(strict, caller, handle, is_json=media_type is JSON)
            else:
                response = await handle(strict)
            if "etag" in response.headers:
                response = not_modified(request, response)
                response.headers["Content-Encoding"] = AS_IT_IS  # or the tag would name two representations
            if window := getattr(request.state, "rate_window", None):
                response.raw_headers += headers_of(window)
            return response

        return strictly


async def _once(request: StrictRequest, caller: Caller, handle: Callable[[Request], Any], *, is_json: bool) -> Response:
    """As `handle`, but a request that names itself by a key happens once, and is answered alike from then on. What
    comes as a stream is known to be the same only when it has passed: its route sees to that."""
    named = keyed(request, caller)
    if named is not None and is_json:
        named = named.asking(await request.body())
        if (before := await named.answered()) is not None:
            return before
    request.state.keyed = named
    try:
        return cast(Response, await handle(request))
    except AlreadyAnswered as found:
        return replayed(found.record.answer)


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _flat(inner)


def _query_parameters(dependant: Dependant) -> tuple[frozenset[str], frozenset[str]]:
    """All names, and those that may be given several times."""
    known: set[str] = set()
    repeatable: set[str] = set()
    for inner in _flat(dependant):
        known |= {parameter.alias for parameter in inner.query_params}
        if isinstance(inner.call, QueryModel):
            known |= inner.call.names
            repeatable |= inner.call.repeatable
    return frozenset(known), frozenset(repeatable)


def _refused(request: Request, known: frozenset[str], repeatable: frozenset[str]) -> list[dict[str, Any]]:
    if not _is_text(request.scope["query_string"]):
        return [{"loc": ["query"], "message": "the query is not UTF-8 in percent-encoding", "type": "encoding"}]
    counts = Counter(name for name, _ in request.query_params.multi_items())
    refused = []
    for name, count in sorted(counts.items()):
        if name not in known:
            message, kind = "there is no such parameter here", "extra_forbidden"
        elif count > 1 and name not in repeatable:
            message, kind = "this parameter is given once", "repeated"
        else:
            continue
        refused.append({"loc": ["query", name], "message": message, "type": kind})
    return refused


def _is_text(query: bytes) -> bool:
    """As RFC 3986 has it. What is not would be read with something in its place."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
    return query.isascii()
