import pytest

from application.platform.time_limit import (
    BACKGROUND_SECONDS,
    MIN_WAIT,
    REQUEST_SECONDS,
    limit_time,
    max_wait,
    time_limit,
)


class Watch:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr("application.platform.time_limit.monotonic", watch)
    return watch


def test_the_use_cases_of_a_request_share_its_time_limit(watch: Watch) -> None:
    waits = []
    with limit_time(2):
        for _ in range(3):
            with time_limit():
                watch.seconds += 0.5
                waits.append(max_wait())
                watch.seconds += 0.25

    assert waits == [1.5, 0.75, MIN_WAIT]


def test_time_between_use_cases_does_not_count(watch: Watch) -> None:
    with limit_time(2):
        with time_limit():
            watch.seconds += 0.5
        watch.seconds += 60
        assert max_wait() == 1.5


def test_a_use_case_inside_another_counts_once(watch: Watch) -> None:
    with limit_time(2), time_limit():
        with time_limit() as inner:
            watch.seconds += 0.5
        assert inner.remaining == 1.5
        watch.seconds += 0.5
        assert max_wait() == 1.0


def test_each_background_use_case_has_a_limit_of_its_own(watch: Watch) -> None:
    for _ in range(2):
        with time_limit():
            watch.seconds += BACKGROUND_SECONDS / 2
            assert max_wait() == BACKGROUND_SECONDS / 2
    assert max_wait() == BACKGROUND_SECONDS > REQUEST_SECONDS
