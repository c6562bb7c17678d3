from typing import Protocol


class Cache(Protocol):
    """What was found out once, for a while, perhaps shared by all workers.

    It may forget anything at any time, and never fails: whoever asks can do without. What is kept under a key never
    becomes wrong; keys therefore name the revision of what it was found out from.
    """

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, *, seconds: int) -> None: ...
