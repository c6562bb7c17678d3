from collections import OrderedDict
from time import monotonic


class InProcessCache:
    """Known to this process alone; of more than `room` keys, the longest unused are forgotten."""

    def __init__(self, room: int = 10_000) -> None:
        self._room = room
        self._known: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        until, value = self._known.get(key, (0.0, b""))
        if monotonic() >= until:
            return None
        self._known.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self._known[key] = (monotonic() + seconds, value)
        self._known.move_to_end(key)
        if len(self._known) > self._room:
            self._known.popitem(last=False)
