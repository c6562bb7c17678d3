from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, get_origin

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from entrypoints.http.dependencies import authenticate, current_user
from entrypoints.http.errors import validation_problem
from entrypoints.http.preconditions import not_modified
from entrypoints.http.strict import FORM, JSON, MediaType, StrictRequest


class Route(APIRoute):
    """Asks who is calling before it looks at anything else, and takes no parameter it does not declare."""

    @property
    def wants_caller(self) -> bool:
        return self.depends_on(current_user)

    @property
    def media_type(self) -> MediaType | None:
        """Of the body it takes, if any."""
        if self.body_field is None:
            return None
        return FORM if isinstance(self.body_field.field_info, params.Form) else JSON

    def depends_on(self, call: Callable[..., Any]) -> bool:
        return any(dependant.call is call for dependant in _flat(self.dependant))

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()
        wants_caller, media_type = self.wants_caller, self.media_type
        known, repeatable = _query_parameters(self.dependant)

        async def strictly(request: Request) -> Response:
            if wants_caller:
                request.state.user_id = await authenticate(request)
            if request.scope["query_string"] and (refused := _refused(request, known, repeatable)):
                return validation_problem(request, refused)
            strict = StrictRequest(request.scope, request.receive)
            if media_type is not None and strict.has_body:
                strict.require(media_type)
                await strict.body()
            response: Response = await handle(strict)
            return not_modified(request, response) if "etag" in response.headers else response

        return strictly


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _flat(inner)


def _query_parameters(dependant: Dependant) -> tuple[frozenset[str], frozenset[str]]:
    """All names, and those that may be given several times."""
    known: set[str] = set()
    repeatable: set[str] = set()
    for inner in _flat(dependant):
        for parameter in inner.query_params:
            annotation = parameter.field_info.annotation
            fields = (
                {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
                if isinstance(annotation, type) and issubclass(annotation, BaseModel)
                else {parameter.alias: annotation}
            )
            known |= fields.keys()
            repeatable |= {name for name, kind in fields.items() if get_origin(kind) is list}
    return frozenset(known), frozenset(repeatable)


def _refused(request: Request, known: frozenset[str], repeatable: frozenset[str]) -> list[dict[str, Any]]:
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
