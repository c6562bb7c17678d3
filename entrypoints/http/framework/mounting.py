"""The path under which the application is mounted, or which a proxy strips: `root_path` of ASGI."""

from urllib.parse import quote

from starlette.types import Scope


def root_path(scope: Scope) -> str:
    """Return the path below which clients reach the application, as in URLs: empty, or with a leading slash."""
    return quote(scope.get("root_path", ""))


def path_below_root(scope: Scope) -> str:
    """Return the path of a request below the root path. `scope["path"]` contains both."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path
