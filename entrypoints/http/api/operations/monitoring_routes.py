from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from application.operations.health import Health as State
from entrypoints.http.api.dependencies import Health, Metrics
from entrypoints.http.api.operations.monitoring_schemas import HealthView, ReadinessView
from entrypoints.http.framework.errors import RETRY_AFTER_SECONDS
from entrypoints.http.framework.route import Route

router = APIRouter(tags=["monitoring"], route_class=Route)


class PrometheusText(Response):
    media_type = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/health")
async def get_health() -> HealthView:
    """The process answers; nothing else is asked."""
    return HealthView(status="healthy")


@router.get("/monitoring/health", responses={503: {"description": "Unhealthy", "model": ReadinessView}})
async def get_readiness(request: Request, response: Response, service: Health) -> ReadinessView:
    """Whether requests are welcome here, and what works of that which they need."""
    report = await service.report()
    if report.status is State.UNHEALTHY:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return ReadinessView.of(report, request.app.version)


@router.get("/monitoring/metrics", response_class=PrometheusText)
async def get_metrics(metrics: Metrics) -> Response:
    """Requests, latencies, connections, caches."""
    return PrometheusText(await metrics.exposed())
