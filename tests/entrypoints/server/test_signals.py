import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from entrypoints.server.protocol import DeadlineProtocol
from entrypoints.server.run import SHUTDOWN_TIMEOUT
from entrypoints.server.signals import GRACE_PERIOD, call_before_shutdown
from entrypoints.worker import job_worker
from tests.architecture.sources import ROOT

NUMBERS = (signal.SIGINT, signal.SIGTERM)

HANGS = """
import asyncio, os, signal, time
from entrypoints.server import signals

async def hang():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)
    signals.call_before_shutdown(signals.kill_after_grace_period)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

signals.GRACE_PERIOD = 0.1
asyncio.run(hang())
"""


@pytest.fixture(autouse=True)
def restore_handlers() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_callback_runs_before_the_previous_handler(number: signal.Signals) -> None:
    calls: list[str] = []
    for each in NUMBERS:
        signal.signal(each, lambda received, frame: calls.append(signal.Signals(received).name))
    call_before_shutdown(lambda: calls.append("callback"))

    signal.raise_signal(number)

    assert calls == ["callback", number.name]


def test_a_process_whose_event_loop_is_blocked_is_killed_after_the_grace_period() -> None:
    process = subprocess.run([sys.executable, "-c", HANGS], cwd=ROOT, timeout=30)
    assert process.returncode == -signal.SIGKILL


def test_requests_and_jobs_end_within_the_grace_period() -> None:
    assert DeadlineProtocol.drain_timeout < SHUTDOWN_TIMEOUT
    assert SHUTDOWN_TIMEOUT + job_worker.SHUTDOWN_TIMEOUT < GRACE_PERIOD < 30  # Docker and Kubernetes wait 30 seconds
