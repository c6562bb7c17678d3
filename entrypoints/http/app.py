from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version

from fastapi import FastAPI
from starlette_compress import CompressMiddleware

from entrypoints.http.api.files import routes as file_routes
from entrypoints.http.api.identity import auth_routes, user_routes
from entrypoints.http.api.operations import monitoring_routes
from entrypoints.http.api.tasks import tag_routes, task_routes
from entrypoints.http.framework import errors
from entrypoints.http.middleware.cors import AllowedOrigins
from entrypoints.http.middleware.host_and_https import Guard
from entrypoints.http.middleware.response import EveryAnswer
from entrypoints.http.openapi import document
from entrypoints.http.tracing import tracing
from entrypoints.http.web import pages
from entrypoints.settings import Environment, Settings
from entrypoints.wiring.container import Container, lifetime, working


def create_app(container: Container | None = None) -> FastAPI:
    """The service over this container, which is opened and closed with it."""
    container = container or Container()
    settings: Settings = container.settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifetime(container), working(container) if settings.jobs_in_process else nullcontext():
            yield

    app = FastAPI(
        title="Task Manager",
        version=version("task-manager"),
        description="Tasks with status, priority, due dates and tags, for many users.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=tracing(),
    )
    app.state.container = container
    app.state.settings = settings
    app.state.throttle = container.throttle() if settings.rate_limit_enabled else None
    for module in (task_routes, tag_routes, file_routes, auth_routes, user_routes, monitoring_routes):
        app.router.routes.extend(module.router.routes)  # as they are: a router included is matched twice a request
    app.router.routes.extend(pages.routes)
    paths = (getattr(route, "path", "") for route in app.routes)
    app.state.declared_paths = frozenset(path for path in paths if "{" not in path)
    _surround(app, container, settings)
    errors.install(app)
    document.install(app)
    return app


def _surround(app: FastAPI, container: Container, settings: Settings) -> None:
    """Middleware, the innermost first."""
    app.add_middleware(CompressMiddleware)
    if settings.allowed_origins:
        app.add_middleware(AllowedOrigins, origins=settings.allowed_origins)
    app.add_middleware(Guard, trusted_hosts=settings.trusted_hosts, force_https=settings.force_https)
    app.add_middleware(
        EveryAnswer,
        new_id=container.new_id(),
        metrics=container.metrics(),
        is_production=settings.environment is Environment.PRODUCTION,
    )
