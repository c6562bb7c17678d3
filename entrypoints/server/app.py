"""The application of one server process."""

import ctypes
import gc
from multiprocessing import parent_process
from typing import Final

from fastapi import FastAPI

from entrypoints import logs
from entrypoints.http.app import create_app
from entrypoints.http.web.pages import openapi_document
from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.server.signals import call_before_shutdown, exit_with_parent, kill_after_grace_period
from entrypoints.wiring.container import Container

M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8


def app() -> FastAPI:
    """Create the application. uvicorn calls this in each worker process."""
    tune_malloc()
    container = Container()
    logs.configure(container.settings())
    application = create_app(container)
    openapi_document(application, container.settings().root_path)
    DeadlineProtocol.configure(container.settings(), container.new_id())
    call_before_shutdown(container.services().health.drain)
    call_before_shutdown(kill_after_grace_period)
    if parent := parent_process():
        exit_with_parent(parent)
    # Exempt objects that live as long as the process: collecting them would stop all requests for tens of milliseconds.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return application


def tune_malloc() -> None:
    """Configure glibc's malloc to use less memory; see mallopt(3). Do nothing with other C libraries.

    The memory for hashing a password is returned to the system each time, and all threads share two arenas.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((M_MMAP_THRESHOLD, 1 << 20), (M_ARENA_MAX, 2)):
            mallopt(parameter, value)
