"""Signal handling around uvicorn."""

import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from threading import Thread
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


def call_before_shutdown(callback: Callable[[], None]) -> None:
    """Call `callback` on SIGINT and SIGTERM, before the handlers that are installed now."""

    def handle(previous: Handler, number: int, frame: FrameType | None) -> None:
        callback()
        previous(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(previous := signal.getsignal(number)):
            signal.signal(number, partial(handle, previous))


def exit_with_parent(parent: BaseProcess) -> None:
    """Stop this process when its parent is killed. Otherwise it would serve forever and block the port."""

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()
