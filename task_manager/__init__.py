"""Task Manager as a library: what programs import that embed it.

`task_manager.http` has the ASGI application, `task_manager.storages` the storages, `task_manager.tasks` what a storage
of tasks needs, and `task_manager.testing` the contracts of the ports as tests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from task_manager.interface import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        """Import the names on first use, so that the command and single modules load only what they need."""
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        return getattr(import_module(f"{__name__}.interface"), name)
