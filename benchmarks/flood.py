"""What reading costs while many log in, whose passwords are slow to verify by design."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from benchmarks.load import Load, request, run
from benchmarks.population import PASSWORD, Owner
from benchmarks.scenarios import PAGE
from benchmarks.servers import Server

LOGINS_PER_SECOND: Final = 10
TARGET: Final = 3.0
LEAD_SECONDS: Final = 0.5
"""By which the flood begins before the reading that is measured, and outlasts it."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Of a list of tasks, on connections that are always busy; medians of all rounds."""

    quiet_p99_ms: float
    flooded_p99_ms: float
    ratio: float
    """Of the second to the first in the same round."""
    logins_per_second: float
    """That were answered, with 200."""
    login_p50_ms: float
    target: float


def flood(
    server: Server, readers: Sequence[Owner], visitor: Owner, generator: Executor, *, rounds: int, seconds: float
) -> Flood:
    """Raises UnexpectedAnswer if a login or a read fails."""
    reading = Load(server.port, [[request("GET", PAGE, token=reader.token)] for reader in readers], seconds, 200)
    login = request("POST", "/api/v1/auth/login", body={"username": visitor.name, "password": PASSWORD})
    flooding = Load(server.port, [[login]] * LOGINS_PER_SECOND, seconds + 2 * LEAD_SECONDS, 200, interval=1.0)
    quiet, flooded, logins = [], [], []
    for _ in range(rounds):
        quiet.append(_p99_ms(reading, generator))
        flood = generator.submit(run, flooding)
        generator.submit(run, Load(server.port, reading.connections, LEAD_SECONDS, 200)).result()
        flooded.append(_p99_ms(reading, generator))
        logins.append(flood.result())
    return Flood(
        median(quiet),
        median(flooded),
        median(later / before for before, later in zip(quiet, flooded, strict=True)),
        sum(answers.count for answers in logins) / sum(answers.seconds for answers in logins),
        median(latency for answers in logins for each in answers.latencies for latency in each) * 1e3,
        TARGET,
    )


def _p99_ms(reading: Load, generator: Executor) -> float:
    answers = generator.submit(run, reading).result()
    return quantiles([latency for each in answers.latencies for latency in each], n=100)[-1] * 1e3
