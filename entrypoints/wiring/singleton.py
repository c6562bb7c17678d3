from collections.abc import Callable
from typing import Any, TypeVar, overload

from dependency_injector.providers import Provider, Singleton

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


@overload
def singleton(create: Callable[[], T]) -> Singleton[T]: ...
@overload
def singleton(create: Callable[[A], T], first: Provider[A], /) -> Singleton[T]: ...
@overload
def singleton(create: Callable[[A, B], T], first: Provider[A], second: Provider[B], /) -> Singleton[T]: ...
def singleton(create: Callable[..., Any], *dependencies: Provider[Any]) -> Singleton[Any]:
    """Return a provider that calls `create` once. Unlike `Singleton` itself, the types of the arguments are checked."""
    return Singleton(create, *dependencies)
