from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from application.operations.health import Health as HealthStatus
from entrypoints.http.api.dependencies import App, Metrics
from entrypoints.http.api.operations.monitoring_schemas import HealthView, ReadinessView
from entrypoints.http.framework.errors import RETRY_AFTER_SECONDS
from entrypoints.http.framework.router import Router

router = Router("", tag="monitoring")


class PrometheusText(Response):
    media_type = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/health")
async def get_health() -> HealthView:
    """Liveness: the process responds. No dependency is checked."""
    return HealthView(status="healthy")


@router.get("/monitoring/health", responses={503: {"description": "Unhealthy", "model": ReadinessView}})
async def get_readiness(request: Request, response: Response, app: App) -> ReadinessView:
    """Readiness: whether this process should receive requests, the state of each dependency, and the job queue.

    The job queue does not affect the status. It is null if the jobs could not be counted in time.
    """
    report = await app.health.report()
    if report.status is HealthStatus.UNHEALTHY:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return ReadinessView.of(report, request.app.version)


@router.get("/monitoring/metrics", response_class=PrometheusText)
async def get_metrics(metrics: Metrics) -> Response:
    """Prometheus metrics of requests, latencies, connections and caches."""
    return PrometheusText(await metrics.exposition())
