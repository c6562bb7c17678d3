from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Overriding:
    def __init__(self, original: object, methods: dict[str, Callable[..., Any]]) -> None:
        self._original = original
        vars(self).update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def overriding(original: T, **methods: Callable[..., Any]) -> T:
    """Return an object that behaves like `original`, except for these methods."""
    return cast(T, _Overriding(original, methods))
