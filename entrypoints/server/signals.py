import os
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess
from threading import Thread
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


def call_when_told_to_stop(call: Callable[[], None]) -> None:
    """Before what the process does then already."""

    def told(stop: Handler, number: int, frame: FrameType | None) -> None:
        call()
        stop(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(stop := signal.getsignal(number)):
            signal.signal(number, partial(told, stop))


def stop_with(parent: BaseProcess) -> None:
    """A process whose parent was killed would serve for ever, and keep the port from the next one."""

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()
