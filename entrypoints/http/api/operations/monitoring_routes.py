from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from application.operations.health import Health as HealthStatus
from entrypoints.http.api.dependencies import App, Metrics
from entrypoints.http.api.operations import examples
from entrypoints.http.api.operations.monitoring_schemas import HealthView, ReadinessView
from entrypoints.http.framework.errors import RETRY_AFTER_SECONDS
from entrypoints.http.framework.router import Router
from entrypoints.request_metrics import EXPOSITION_MEDIA_TYPE

router = Router("", tag="monitoring")


class PrometheusText(Response):
    media_type = EXPOSITION_MEDIA_TYPE


@router.get("/health", example=examples.GET_HEALTH)
async def get_health() -> HealthView:
    """Check that the process responds.

    Liveness, for the supervisor of the process. No dependency is checked.

    Returns:
        The process responds.
    """
    return HealthView(status="healthy")


@router.get(
    "/monitoring/health",
    responses={
        503: {
            "description": "The process should get no requests: the database is down, or the process stops.",
            "model": ReadinessView,
        }
    },
    example=examples.GET_READINESS,
)
async def get_readiness(request: Request, response: Response, app: App) -> ReadinessView:
    """Check the dependencies.

    Readiness, for load balancers and operators: whether this process should get requests, the state of each dependency,
    and the job queue. The job queue does not affect the status.

    Returns:
        The process should get requests. The status can be `degraded`.
    """
    report = await app.health.report()
    if report.status is HealthStatus.UNHEALTHY:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return ReadinessView.of(report, request.app.version)


@router.get("/monitoring/metrics", response_class=PrometheusText)
async def get_metrics(metrics: Metrics) -> Response:
    """Get metrics.

    Metrics of all worker processes in the text format of Prometheus: requests, latencies, connections, caches and jobs.

    Returns:
        The metrics in the text format of Prometheus, version 0.0.4.
    """
    return PrometheusText(await metrics.exposition())
