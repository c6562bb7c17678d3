from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from entrypoints.container import Container, lifetime
from entrypoints.http import errors, openapi
from entrypoints.http.middleware.request_id import RequestIds
from entrypoints.http.routes import accounts, docs, monitoring, tags, tasks
from entrypoints.settings import Settings


def create_app(container: Container | None = None) -> FastAPI:
    """The service over this container, which is opened and closed with it."""
    container = container or Container()
    settings: Settings = container.settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifetime(container):
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
    )
    app.state.container = container
    app.state.max_body_bytes = settings.max_body_bytes
    app.state.require_if_match = settings.require_if_match
    for router in (tasks.router, tags.router, accounts.router, monitoring.router):
        app.router.routes.extend(router.routes)  # as they are: a router included is matched twice a request
    app.router.routes.extend(docs.routes)
    app.add_middleware(RequestIds, new_id=container.new_id())
    errors.install(app)
    openapi.install(app)
    return app
