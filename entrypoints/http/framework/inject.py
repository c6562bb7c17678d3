"""What a route takes off its request without a dependency of FastAPI's: resolving one at every request costs more than
what it gives."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, get_args

from starlette.requests import Request

Endpoint = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Taken:
    """In an annotation: the parameter is what `take` gives."""

    take: Callable[[Request], Any]


def taken_by(endpoint: Endpoint) -> Mapping[str, Taken]:
    """By the names of its parameters."""
    parameters = inspect.signature(endpoint).parameters
    marked = {
        name: [mark for mark in get_args(p.annotation) if isinstance(mark, Taken)] for name, p in parameters.items()
    }
    return {name: marks[0] for name, marks in marked.items() if marks}


@cache
def taking(endpoint: Endpoint) -> Endpoint:
    """The endpoint as FastAPI is to know it: it asks for the request, in place of what is taken off it."""
    taken = [(name, mark.take) for name, mark in taken_by(endpoint).items()]
    if not taken:
        return endpoint
    signature = inspect.signature(endpoint)
    wants_request = "request" in signature.parameters

    @wraps(endpoint)
    async def complete(request: Request, **values: Any) -> Any:
        for name, take in taken:
            values[name] = take(request)
        if wants_request:
            values["request"] = request
        return await endpoint(**values)

    names = {name for name, _ in taken} | {"request"}
    rest = [p.replace(kind=p.KEYWORD_ONLY) for name, p in signature.parameters.items() if name not in names]
    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    complete.__signature__ = signature.replace(parameters=[request, *rest])  # type: ignore[attr-defined]
    return complete
