import re
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.ids import NewId

_GOOD: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class RequestIds:
    """Every answer names its request: by the client's `X-Request-ID`, if that is a good one, or a new one."""

    def __init__(self, app: ASGIApp, new_id: NewId) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"x-request-id"]
        is_good = len(given) == 1 and _GOOD.fullmatch(given[0])
        request_id = given[0].decode() if is_good else str(self._new_id())
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self._app(scope, receive, named)
