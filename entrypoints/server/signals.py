"""Signal handling around uvicorn."""

import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from threading import Thread
from time import sleep
from types import FrameType
from typing import Final

GRACE_PERIOD: Final = 25.0
"""Seconds after SIGTERM until a process that still runs is killed. Orchestrators wait for 30 seconds.

It covers requests in flight and the current transactions of jobs. Long work is done by jobs that continue elsewhere.
"""

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
    """Stop this process when its parent is killed. Otherwise it would serve forever and block the port.

    Requests in flight are finished within the grace period.
    """

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        kill_after_grace_period()

    Thread(target=wait, daemon=True).start()


def kill_after_grace_period() -> None:
    """Kill this process after the grace period, if it still runs."""

    def wait() -> None:
        sleep(GRACE_PERIOD)
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()
