from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypedDict, TypeVar, Unpack

from domain.errors import DomainError
from entrypoints.http.framework.http_errors import HttpError
from entrypoints.http.framework.rate_limits import RateLimitClass
from entrypoints.http.framework.route import Route
from entrypoints.http.schemas.example import Example

E = TypeVar("E", bound=Callable[..., Any])


class RouteOptions(TypedDict, total=False):
    """Arguments of a route. The last four are those of FastAPI.

    The docstring of the endpoint describes the operation: its first line is the summary, and its section `Returns:`
    describes the successful response.
    """

    status: int
    """The status of a successful response. Default: 200."""
    errors: Sequence[type[DomainError | HttpError]]
    """Errors of the use case, for the OpenAPI document."""
    rate_limit: RateLimitClass
    """The limit that requests count against. Default: reads and writes of the API are limited, others are not."""
    location: str
    """The URL of the new resource, with `{id}` in the place of its id."""
    is_versioned: bool
    """Whether the response is one resource with its version as the entity tag. It is never compressed."""
    is_compressed: bool
    """Whether responses are compressed for clients that accept it. Default: yes."""
    max_body: int | None
    """Bytes of the body; None for MAX_BODY_BYTES alone, which applies if it is lower. Default: SMALL_BODY."""
    example: Example
    """A request and its response, for the OpenAPI document."""
    responses: dict[int | str, dict[str, Any]]
    response_class: type[Any]
    response_model: type[Any]
    openapi_extra: dict[str, Any]


class Router:
    """Declare the routes of one feature. `create_app` adds them to the application one by one."""

    def __init__(self, prefix: str, *, tag: str) -> None:
        self.prefix = prefix
        self.routes: list[Route] = []
        self._tag = tag

    def get(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[E], E]:
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[E], E]:
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[E], E]:
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[E], E]:
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[RouteOptions]) -> Callable[[E], E]:
        return self._declare("DELETE", path, options)

    def _declare(self, method: str, path: str, options: RouteOptions) -> Callable[[E], E]:
        arguments: dict[str, Any] = {**options}
        status = int(arguments.pop("status", HTTPStatus.OK))

        def declare(endpoint: E) -> E:
            self.routes.append(
                Route(
                    self.prefix + path,
                    endpoint,
                    methods=[method],
                    tags=[self._tag],
                    status_code=status,
                    **arguments,
                )
            )
            return endpoint

        return declare
