"""Latency of reads while many users log in. Password hashes are slow to verify by design."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

from benchmarks.load import Load, request, run
from benchmarks.owners import PASSWORD, Owner
from benchmarks.scenarios import PAGE
from benchmarks.servers import Server

LOGINS_PER_SECOND: Final = 10
TARGET: Final = 3.0
LEAD_SECONDS: Final = 0.5
"""Seconds by which the logins start before the measured reads and continue after them."""


@dataclass(frozen=True, slots=True)
class LoginFlood:
    """Latency of task lists with and without concurrent logins: medians of all rounds."""

    quiet_p99_ms: float
    flooded_p99_ms: float
    ratio: float
    """`flooded_p99_ms` divided by `quiet_p99_ms` of the same round."""
    logins_per_second: float
    """Successful logins per second."""
    login_p50_ms: float
    target: float


def measure_login_flood(
    server: Server, readers: Sequence[Owner], visitor: Owner, generator: Executor, *, rounds: int, seconds: float
) -> LoginFlood:
    """Measure reads without and with concurrent logins, in turns.

    Raises:
        UnexpectedResponse: A login or a read fails.
    """
    reading = Load(server.port, [[request("GET", PAGE, token=reader.token)] for reader in readers], seconds, 200)
    login = request("POST", "/api/v1/auth/login", body={"username": visitor.name, "password": PASSWORD})
    flooding = Load(server.port, [[login]] * LOGINS_PER_SECOND, seconds + 2 * LEAD_SECONDS, 200, interval=1.0)
    quiet, flooded, logins = [], [], []
    for _ in range(rounds):
        quiet.append(_p99_ms(reading, generator))
        running = generator.submit(run, flooding)
        generator.submit(run, Load(server.port, reading.connections, LEAD_SECONDS, 200)).result()
        flooded.append(_p99_ms(reading, generator))
        logins.append(running.result())
    return LoginFlood(
        median(quiet),
        median(flooded),
        median(later / before for before, later in zip(quiet, flooded, strict=True)),
        sum(result.count for result in logins) / sum(result.seconds for result in logins),
        median(latency for result in logins for each in result.latencies for latency in each) * 1e3,
        TARGET,
    )


def _p99_ms(reading: Load, generator: Executor) -> float:
    result = generator.submit(run, reading).result()
    return quantiles([latency for each in result.latencies for latency in each], n=100)[-1] * 1e3
