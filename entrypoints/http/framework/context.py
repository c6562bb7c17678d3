from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.types import Scope

from application.identity.sessions import AuthenticatedCaller
from application.platform.rate_limits import RateWindow
from domain.versions import ANY_VERSION, VersionMatch
from entrypoints.request_metrics import RequestMetrics
from entrypoints.settings import Settings
from entrypoints.wiring.services import Services

if TYPE_CHECKING:
    from entrypoints.http.framework.idempotency import IdempotentRequest

Headers = list[tuple[bytes, bytes]]

_KEY: Final = "context"


@dataclass(slots=True)
class RequestContext:
    """What the parts of the HTTP entrypoint know about one request. The outermost middleware creates it."""

    request_id: str
    settings: Settings
    services: Services
    metrics: RequestMetrics
    root_path: str = ""
    """The root path of the application. The scope has another one inside a mount, such as that of static files."""
    caller: AuthenticatedCaller | None = None
    rate_window: RateWindow | None = None
    """The state of the rate limit that the request counted against."""
    idempotent: "IdempotentRequest | None" = None
    """The request and its idempotency key, if the route accepts one."""
    query: BaseModel | None = None
    """The query, if the route has a model of it."""
    expected_versions: VersionMatch = ANY_VERSION
    """The condition in If-Match and If-None-Match."""
    view: Any = None
    """What the endpoint returned."""

    def attach(self, scope: Scope) -> None:
        scope.setdefault("state", {})[_KEY] = self


def context_of(request: HTTPConnection) -> RequestContext:
    return cast(RequestContext, request.scope["state"][_KEY])
