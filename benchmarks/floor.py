"""What the same answers cost at least: bare Starlette, PyJWT, an asyncpg pool and orjson, on the same tables.

`python -m benchmarks.floor PORT`, with DATABASE_URL and SECRET_KEY in the environment. It answers what the
benchmark asks and looks no further: no problem documents, entity tags or request ids, and hardly any validation.
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

from benchmarks.floor_rows import cursor_after, first_change, new_row, tallies, view
from benchmarks.floor_statements import CHANGE, GET, INSERT, LIST, TALLY

POOL_SIZE: Final = 10


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


def caller(request: Request) -> UUID:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(401)
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
        raise Refused(401) from None
    return UUID(claims["sub"])


async def get_task(request: Request) -> Response:
    owner_id = caller(request)
    try:
        task_id = UUID(request.path_params["task_id"])
    except ValueError:
        raise Refused(404) from None
    row = await request.app.state.pool.fetchrow(GET, owner_id, task_id)
    if row is None:
        raise Refused(404)
    return answer(view(row))


async def list_tasks(request: Request) -> Response:
    owner_id = caller(request)
    limit = int(request.query_params.get("limit", "20"))
    rows = await request.app.state.pool.fetch(LIST, owner_id, limit + 1)
    items = [view(row) for row in rows[:limit]]
    return answer(
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
    row = new_row(caller(request), await body_of(request))
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(INSERT, *row.values())
        await connection.executemany(TALLY, tallies(row))
        await connection.execute(CHANGE, *first_change(row))
    return answer(view(row), 201)


async def create_task_alone(request: Request) -> Response:
    row = new_row(caller(request), await body_of(request))
    await request.app.state.pool.execute(INSERT, *row.values())
    return answer(view(row), 201)


async def body_of(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.body())
        is_valid = 1 <= len(body["title"].strip()) <= 255
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(422) from None
    if not is_valid:
        raise Refused(422)
    return dict(body)


def answer(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), status, media_type="application/json")


async def refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer({"status": error.status}, error.status)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    async with asyncpg.create_pool(url, min_size=0, max_size=POOL_SIZE, reset=keep_session) as pool:
        app.state.pool = pool
        yield


async def keep_session(_: object) -> None:
    """Nothing was set that another request could find."""


def app() -> Starlette:
    service = Starlette(
        routes=[
            Route("/api/v1/tasks", list_tasks, methods=["GET"]),
            Route("/api/v1/tasks", create_task, methods=["POST"]),
            Route("/api/v1/tasks/insert-only", create_task_alone, methods=["POST"]),
            Route("/api/v1/tasks/{task_id}", get_task, methods=["GET"]),
        ],
        exception_handlers={Refused: refuse},
        lifespan=lifespan,
    )
    service.state.key = os.environ["SECRET_KEY"].encode()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return service


if __name__ == "__main__":
    uvicorn.run(
        app,
        factory=True,
        port=int(sys.argv[1]),
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
