"""A baseline server: the same responses at minimal cost, from Starlette, PyJWT, asyncpg and orjson on the same tables.

Run it with `python -m benchmarks.baseline.server PORT`, with DATABASE_URL and SECRET_KEY in the environment. It serves
only the requests of the benchmark: no problem documents, entity tags or request ids, and almost no validation.
"""

import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg
import jwt
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.baseline.rows import counter_changes, cursor_after, first_change, new_row, view
from benchmarks.baseline.statements import COUNT, GET, INSERT, INSERT_CHANGE, LIST

POOL_SIZE: Final = 10


class RequestError(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def authenticate(request: Request) -> UUID:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise RequestError(401)
    try:
        claims = jwt.decode(
            token,
            request.app.state.key,
            algorithms=["HS256"],
            issuer="task-manager",
            audience="task-manager",
            options={"require": ["iss", "aud", "sub", "jti", "iat", "exp"]},
        )
    except jwt.PyJWTError:
        raise RequestError(401) from None
    return UUID(claims["sub"])


async def get_task(request: Request) -> Response:
    owner_id = authenticate(request)
    try:
        task_id = UUID(request.path_params["task_id"])
    except ValueError:
        raise RequestError(404) from None
    row = await request.app.state.pool.fetchrow(GET, owner_id, task_id)
    if row is None:
        raise RequestError(404)
    return json_response(view(row))


async def list_tasks(request: Request) -> Response:
    owner_id = authenticate(request)
    limit = int(request.query_params.get("limit", "20"))
    rows = await request.app.state.pool.fetch(LIST, owner_id, limit + 1)
    items = [view(row) for row in rows[:limit]]
    return json_response(
        {
            "items": items,
            "total": rows[0]["total"] if rows else 0,
            "total_capped": False,
            "skip": 0,
            "limit": limit,
            "next_cursor": cursor_after(rows[limit - 1]) if len(rows) > limit else None,
        }
    )


async def create_task(request: Request) -> Response:
    row = new_row(authenticate(request), await parse_body(request))
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(INSERT, *row.values())
        await connection.executemany(COUNT, counter_changes(row))
        await connection.execute(INSERT_CHANGE, *first_change(row))
    return json_response(view(row), 201)


async def insert_task_only(request: Request) -> Response:
    row = new_row(authenticate(request), await parse_body(request))
    await request.app.state.pool.execute(INSERT, *row.values())
    return json_response(view(row), 201)


async def parse_body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.body())
        is_valid = 1 <= len(body["title"].strip()) <= 255
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RequestError(422) from None
    if not is_valid:
        raise RequestError(422)
    return dict(body)


def json_response(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), status, media_type="application/json")


async def handle_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return json_response({"status": error.status}, error.status)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    async with asyncpg.create_pool(url, min_size=0, max_size=POOL_SIZE, reset=skip_reset) as pool:
        app.state.pool = pool
        yield


async def skip_reset(_: object) -> None:
    """Skip the reset query: no request changes the settings of its connection."""


def create_app() -> Starlette:
    app = Starlette(
        routes=[
            Route("/api/v1/tasks", list_tasks, methods=["GET"]),
            Route("/api/v1/tasks", create_task, methods=["POST"]),
            Route("/api/v1/tasks/insert-only", insert_task_only, methods=["POST"]),
            Route("/api/v1/tasks/{task_id}", get_task, methods=["GET"]),
        ],
        exception_handlers={RequestError: handle_error},
        lifespan=lifespan,
    )
    app.state.key = os.environ["SECRET_KEY"].encode()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return app


if __name__ == "__main__":
    uvicorn.run(
        create_app,
        factory=True,
        port=int(sys.argv[1]),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
