"""Workers that die or hang are replaced, and do not keep the service from stopping."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import httpx2
import psutil
import pytest
from uvicorn.config import STARTUP_FAILURE

from entrypoints.server.run import TIMEOUTS
from entrypoints.server.supervisor import MAX_DELAY, SHORT_LIFE, Supervisor, restart_delay
from entrypoints.server.worker_process import WorkerProcess
from tests.architecture.sources import ROOT
from tests.entrypoints.http.service_process import HOST, TIMEOUT, wait_until, workers_of
from tests.servers.ports import free_port

pytestmark = pytest.mark.xdist_group("server")


@dataclass
class Service:
    process: psutil.Popen
    port: int

    def ask(self, path: str = "/") -> int | None:
        """Return the id of the worker that responds."""
        try:
            return int(httpx2.get(f"http://{HOST}:{self.port}{path}", trust_env=False, timeout=1, verify=False).text)
        except httpx2.TransportError:
            return None

    def workers(self) -> set[int]:
        return {worker.pid for worker in workers_of(self.process)}

    def answers(self) -> bool:
        """Return whether both workers respond."""
        return self.workers() == {self.ask() for _ in range(10)}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    port = free_port()
    process = psutil.Popen(
        [sys.executable, "-m", "tests.entrypoints.server.supervised", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    service = Service(process, port)
    try:
        yield service
    finally:
        if process.poll() is None:
            for each in (*process.children(), process):
                each.kill()
            process.wait(TIMEOUT)


def test_a_dead_worker_is_replaced_while_another_one_hangs_which_is_then_replaced_too(service: Service) -> None:
    wait_until(service.answers)
    workers = service.workers()
    blocked = service.ask("/block")
    for dead in workers - {blocked}:
        os.kill(dead, signal.SIGKILL)
    wait_until(lambda: service.ask() not in {None, *workers})
    wait_until(lambda: blocked not in service.workers())


def test_sighup_replaces_all_workers_although_one_is_stopped(service: Service) -> None:
    wait_until(service.answers)
    old = service.workers()
    os.kill(min(old), signal.SIGSTOP)
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not old & service.workers())


def test_sigterm_ends_the_service_although_workers_hang(service: Service) -> None:
    wait_until(service.answers)
    workers = service.workers()
    ignoring = service.ask("/ignore-sigterm")
    for stopped in workers - {ignoring}:
        os.kill(stopped, signal.SIGSTOP)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(TIMEOUT) == 0
    assert [worker for worker in workers if psutil.pid_exists(worker)] == []


@dataclass(eq=False)
class EndedWorker:
    """A worker in a state that a real one takes long to reach. It has ended if it has an exit code."""

    exit_code: int | None = -signal.SIGKILL
    is_ready: bool = False
    silence: float = 0.0
    age: float = 0.0
    pid: int = 1

    def listen(self, elapsed: float) -> None: ...

    def close(self) -> None: ...


def supervise(*workers: EndedWorker) -> tuple[Supervisor, list[EndedWorker]]:
    """Return a supervisor that starts these workers first, then dead ones, and the workers that it has started."""
    started: list[EndedWorker] = []

    def start() -> WorkerProcess:
        started.append(workers[len(started)] if len(started) < len(workers) else EndedWorker())
        return cast(WorkerProcess, started[-1])

    return Supervisor(start, max(len(workers), 1), [], TIMEOUTS), started


def test_a_worker_that_dies_at_each_start_is_not_replaced_at_once_each_time() -> None:
    supervisor, started = supervise()
    for _ in range(1000):
        supervisor.check(0)
    assert len(started) == 2


def test_a_worker_that_does_not_start_does_not_end_a_service_that_serves() -> None:
    supervisor, started = supervise(EndedWorker(None, is_ready=True), EndedWorker(STARTUP_FAILURE))
    for _ in range(3):
        supervisor.check(0)
    assert len(started) == 3


def test_delays_grow_up_to_a_maximum() -> None:
    delays = [restart_delay(deaths) for deaths in range(100)]
    assert delays[:5] == [0, 0, 0.5, 1, 2]
    assert delays == sorted(delays)
    assert delays[-1] == MAX_DELAY
    assert MAX_DELAY > SHORT_LIFE


def test_a_worker_that_cannot_be_started_is_started_later() -> None:
    def start() -> WorkerProcess:
        raise BlockingIOError("no more processes")

    Supervisor(start, 2, [], TIMEOUTS).check(0)
