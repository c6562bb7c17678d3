"""The parent of several server processes."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from socket import socket
from time import monotonic
from typing import Final

import structlog
from uvicorn.config import STARTUP_FAILURE

from entrypoints.server.worker_process import WorkerProcess

CHECK_INTERVAL: Final = 0.25
"""Seconds between two checks of the workers. A dead worker is replaced at once."""

SHORT_LIFE: Final = 10.0
"""A worker that dies within so many seconds may die again when it is replaced."""

MIN_DELAY: Final = 0.5
MAX_DELAY: Final = 30.0
"""Seconds before a worker is replaced that died soon after its start, as did the one before; see `restart_delay`."""

SIGNALS: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)
"""The signals that the parent handles or ignores."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which the parent kills a worker."""

    start: float
    """For the first heartbeat."""
    heartbeat: float
    """For each later heartbeat."""
    stop: float
    """For the end after SIGTERM."""


@dataclass(slots=True, eq=False)
class Slot:
    """A place for one worker."""

    worker: WorkerProcess | None = None
    short_lives: int = 0
    """Workers in a row that died soon after their start."""
    start_at: float = 0.0
    """When the next worker starts."""


class Supervisor:
    """Keep workers running until SIGTERM or SIGINT.

    SIGHUP replaces all workers one by one, SIGTTIN adds a worker and SIGTTOU removes one. No worker delays the
    handling of a signal or the check of another worker.
    """

    def __init__(
        self, start: Callable[[], WorkerProcess], workers: int, sockets: list[socket], timeouts: Timeouts
    ) -> None:
        self._start = start
        self._sockets = sockets
        self._timeouts = timeouts
        self._slots = [Slot() for _ in range(workers)]
        self._retired: dict[WorkerProcess, float] = {}
        """Workers that are stopping, and when they are killed."""
        self._outdated: list[Slot] = []
        """Slots whose workers SIGHUP replaces."""
        self._next = Slot()
        """For the worker that replaces the first outdated one as soon as it is ready."""
        self._signals: list[int] = []
        self._is_stopping = False
        self._exit_code = 0
        self._log = structlog.get_logger("server")

    def run(self) -> int:
        """Return the exit code: STARTUP_FAILURE if the application does not start."""
        for number in SIGNALS:
            signal.signal(number, lambda number, frame: self._signals.append(number))
        checked_at = monotonic()
        while not self._is_stopping:
            now = monotonic()
            # A parent that was suspended itself does not count the time.
            self.check(min(now - checked_at, 2 * CHECK_INTERVAL))
            checked_at = now
            wait([worker.sentinel for worker in self._workers()], CHECK_INTERVAL)
        self._stop()
        return self._exit_code

    def check(self, elapsed: float) -> None:
        """Handle signals, and replace workers that are dead or hang."""
        while self._signals:
            self._handle(self._signals.pop(0))
        for worker in self._workers():
            worker.listen(elapsed)
        for slot in self._slots:
            if not self._is_stopping:
                self._check_slot(slot)
        for worker, deadline in list(self._retired.items()):
            if worker.exit_code is not None or monotonic() > deadline:
                del self._retired[worker]
                self._end(worker, is_expected=True)
        if self._outdated and not self._is_stopping:
            self._replace_outdated()

    def _handle(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT:
                self._is_stopping = True
            case signal.SIGHUP:
                self._log.info("replacing all workers")
                self._outdated = list(self._slots)
            case signal.SIGTTIN:
                self._slots.append(Slot())
            case signal.SIGTTOU if len(self._slots) > 1:
                self._retire(self._slots.pop())

    def _check_slot(self, slot: Slot) -> None:
        if slot.worker is None:
            if monotonic() >= slot.start_at:
                self._start_in(slot)
        elif self._is_over(slot.worker):
            worker, slot.worker = slot.worker, None
            self._end(worker)
            if worker.exit_code == STARTUP_FAILURE and not any(each.is_ready for each in self._workers()):
                self._log.error("the application does not start", pid=worker.pid)
                self._is_stopping, self._exit_code = True, STARTUP_FAILURE
                return
            slot.short_lives = slot.short_lives + 1 if worker.age < SHORT_LIFE else 0
            slot.start_at = monotonic() + restart_delay(slot.short_lives)
            self._check_slot(slot)

    def _start_in(self, slot: Slot) -> None:
        try:
            slot.worker = self._start()
        except OSError as error:
            self._log.error("cannot start a worker", error=str(error))
            slot.start_at = monotonic() + MIN_DELAY

    def _is_over(self, worker: WorkerProcess) -> bool:
        """Return whether the worker is dead or hangs."""
        timeout = self._timeouts.heartbeat if worker.is_ready else self._timeouts.start
        return worker.exit_code is not None or worker.silence > timeout

    def _end(self, worker: WorkerProcess, *, is_expected: bool = False) -> None:
        """Kill the worker unless it is dead, and log why it ended."""
        if worker.exit_code is None:
            self._log.error("worker killed, it does not respond", pid=worker.pid)
            worker.kill()
            return
        worker.close()
        if not is_expected:
            self._log.warning("worker died", pid=worker.pid, exit_code=worker.exit_code)

    def _replace_outdated(self) -> None:
        successor = self._next
        if successor.worker is None:
            self._start_in(successor)
        elif successor.worker.is_ready:
            slot = self._outdated.pop(0)
            self._retire(slot)
            if slot in self._slots:
                slot.worker, successor.worker = successor.worker, None
            else:
                self._retire(successor)
        elif self._is_over(successor.worker):
            self._log.error("a new worker does not start, the old ones stay")
            self._end(successor.worker)
            self._outdated, successor.worker = [], None

    def _retire(self, slot: Slot) -> None:
        if slot.worker is not None:
            slot.worker.terminate()
            self._retired[slot.worker] = monotonic() + self._timeouts.stop
            slot.worker = None

    def _stop(self) -> None:
        """Close the listening sockets here too, so that new clients fail fast, then stop the workers."""
        for listening in self._sockets:
            listening.close()
        deadline = monotonic() + self._timeouts.stop
        workers = self._workers()
        for worker in workers:
            worker.terminate()
        while (alive := [each.sentinel for each in workers if each.exit_code is None]) and monotonic() < deadline:
            wait(alive, deadline - monotonic())
        for worker in workers:
            self._end(worker, is_expected=True)

    def _workers(self) -> list[WorkerProcess]:
        current = [slot.worker for slot in (*self._slots, self._next) if slot.worker is not None]
        return [*current, *self._retired]


def restart_delay(short_lives: int) -> float:
    """Return the seconds before the next start, so that workers that die at their start do not use up the CPU."""
    return 0.0 if short_lives <= 1 else min(MIN_DELAY * 2.0 ** min(short_lives - 2, 20), MAX_DELAY)
