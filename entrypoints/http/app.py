from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI

from entrypoints.http.api.audit import routes as audit_routes
from entrypoints.http.api.files import routes as file_routes
from entrypoints.http.api.identity import auth_routes, password_routes, user_routes
from entrypoints.http.api.jobs import routes as job_routes
from entrypoints.http.api.operations import monitoring_routes
from entrypoints.http.api.tasks import tag_routes, task_routes
from entrypoints.http.framework import errors
from entrypoints.http.middleware.cors import CorsMiddleware
from entrypoints.http.middleware.host_and_https import HostAndHttpsMiddleware
from entrypoints.http.middleware.response import ResponseMiddleware
from entrypoints.http.openapi import document
from entrypoints.http.tracing import tracing
from entrypoints.http.web import pages, reset_password
from entrypoints.settings import Settings
from entrypoints.wiring.container import Container, open_container, run_job_worker

FEATURES: Final = (
    task_routes,
    tag_routes,
    file_routes,
    job_routes,
    auth_routes,
    password_routes,
    user_routes,
    audit_routes,
    monitoring_routes,
)


def create_app(container: Container | None = None) -> FastAPI:
    """Return the ASGI application. It opens the container at startup and closes it at shutdown.

    A server sends these events to the application that it runs. If that application mounts this one, its own lifespan
    must enter `app.router.lifespan_context(app)`.
    """
    container = container or Container()
    settings = container.settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_container(container), run_job_worker(container) if settings.jobs_in_process else nullcontext():
            container.services().health.start_checks()
            yield

    app = FastAPI(
        title="Task Manager",
        version=version("task-manager"),
        summary="Tasks with status, priority, due dates and tags, for many users.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=tracing(),
    )
    routes = [route for module in FEATURES for route in module.router.routes]
    literal_paths = frozenset(route.path for route in routes if "{" not in route.path)
    for route in routes:
        route.literal_paths = literal_paths
    app.router.routes.extend([*routes, *pages.routes, *reset_password.routes])
    _add_middleware(app, container, settings)
    errors.install(app)
    document.install(app, settings)
    app.state.openapi_documents = {}
    return app


def _add_middleware(app: FastAPI, container: Container, settings: Settings) -> None:
    """Add the middleware, innermost first."""
    if settings.allowed_origins:
        app.add_middleware(CorsMiddleware, origins=settings.allowed_origins)
    app.add_middleware(HostAndHttpsMiddleware, trusted_hosts=settings.trusted_hosts, force_https=settings.force_https)
    app.add_middleware(ResponseMiddleware, container=container)
