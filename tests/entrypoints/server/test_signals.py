import signal
from collections.abc import Iterator

import pytest

from entrypoints.server.signals import call_before_shutdown

NUMBERS = (signal.SIGINT, signal.SIGTERM)


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
