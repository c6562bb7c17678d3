import signal
from collections.abc import Iterator

import pytest

from entrypoints.server.signals import call_when_told_to_stop

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_who_is_told_to_stop_first_says_so(number: signal.Signals) -> None:
    happened: list[str] = []
    for each in NUMBERS:
        signal.signal(each, lambda told, frame: happened.append(signal.Signals(told).name))
    call_when_told_to_stop(lambda: happened.append("draining"))

    signal.raise_signal(number)

    assert happened == ["draining", number.name]
