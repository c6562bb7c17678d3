"""Parameters of an endpoint that are read from the request, without a FastAPI dependency.

Resolving a dependency for each request costs more than the parameter itself.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, wraps
from typing import Any, get_args

from starlette.requests import Request

from entrypoints.http.framework.context import context_of

Endpoint = Callable[..., Awaitable[Any]]


class RequestParameter:
    """An annotation: the value of the parameter is `source(request)`."""

    def __init__(self, source: Callable[[Request], Any]) -> None:
        self.source = source


def request_parameters(endpoint: Endpoint) -> Mapping[str, RequestParameter]:
    """Return the request parameters of an endpoint by name."""
    parameters = inspect.signature(endpoint).parameters
    markers = {
        name: [marker for marker in get_args(p.annotation) if isinstance(marker, RequestParameter)]
        for name, p in parameters.items()
    }
    return {name: found[0] for name, found in markers.items() if found}


@cache
def inject_parameters(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint for FastAPI: one `Request` parameter replaces all request parameters."""
    injected = [(name, marker.source) for name, marker in request_parameters(endpoint).items()]
    if not injected:
        return endpoint
    signature = inspect.signature(endpoint)
    has_request = "request" in signature.parameters

    @wraps(endpoint)
    async def inject(request: Request, **values: Any) -> Any:
        for name, source in injected:
            values[name] = source(request)
        if has_request:
            values["request"] = request
        view = context_of(request).view = await endpoint(**values)
        return view

    names = {name for name, _ in injected} | {"request"}
    rest = [p.replace(kind=p.KEYWORD_ONLY) for name, p in signature.parameters.items() if name not in names]
    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    inject.__signature__ = signature.replace(parameters=[request, *rest])  # type: ignore[attr-defined]
    return inject
