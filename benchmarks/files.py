"""What the largest file costs on its way in and out, and how much memory several at once take."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.load import Answers, Load, multipart, request, run
from benchmarks.population import Owner
from benchmarks.servers import MIB, Server
from domain.files.file import File

FILES: Final = "/api/v1/files"
PDF: Final = b"%PDF-1.7\n"
AT_ONCE: Final = 4
SAMPLE_SECONDS: Final = 0.01
TARGET_MIB: Final = 1.0
"""Of memory for each that goes on."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Of a file of the greatest size; one at a time, but for the memory that AT_ONCE of them take."""

    name: str
    p50_ms: float
    mib_per_second: float
    cpu_ms: float
    """Of the server, for each."""
    memory_mib: float
    """Of the server, added for each of AT_ONCE at the worst, to what it had when it had done as many before."""
    target_mib: float
    samples: int


def files(server: Server, owners: Sequence[Owner], generator: Executor, *, seconds: float) -> list[Transfer]:
    """Raises UnexpectedAnswer."""
    uploads = [[_sent(owner)] for owner in owners[:AT_ONCE]]
    uploaded = _measured("upload", server, uploads, 201, generator, seconds)
    downloads = [
        [request("GET", f"{FILES}/{_latest(server, owner)}/content", token=owner.token)] for owner in owners[:AT_ONCE]
    ]
    return [uploaded, _measured("download", server, downloads, 200, generator, seconds)]


def _measured(
    name: str, server: Server, connections: Sequence[Sequence[bytes]], status: int, generator: Executor, seconds: float
) -> Transfer:
    def begun(connections: Sequence[Sequence[bytes]]) -> Future[Answers]:
        return generator.submit(run, Load(server.port, connections, seconds, status))

    begun(connections).result()
    used = server.cpu_seconds()
    alone = begun(connections[:1]).result()
    used = server.cpu_seconds() - used
    baseline, peak = server.memory_mib(), 0.0
    together = begun(connections)
    while not together.done():
        peak = max(peak, server.memory_mib())
        time.sleep(SAMPLE_SECONDS)
    together.result()
    (latencies,) = alone.latencies
    return Transfer(
        name,
        median(latencies) * 1e3,
        alone.count * File.MAX_SIZE / MIB / alone.seconds,
        used / alone.count * 1e3,
        max(peak - baseline, 0) / len(connections),
        TARGET_MIB,
        alone.count,
    )


def _latest(server: Server, owner: Owner) -> str:
    status, page = server.ask("GET", f"{FILES}?limit=1", token=owner.token)
    assert status == 200, page
    return str(page["items"][0]["id"])


def _sent(owner: Owner) -> bytes:
    content = PDF + os.urandom(File.MAX_SIZE - len(PDF))
    return multipart(FILES, token=owner.token, filename="greatest.pdf", media_type="application/pdf", content=content)
