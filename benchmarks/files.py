"""Uploads and downloads of the largest allowed file: latency, CPU, and memory of concurrent transfers."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.load import Load, LoadResult, multipart, request, run
from benchmarks.owners import Owner
from benchmarks.servers import MIB, Server
from domain.files.file import File

FILES: Final = "/api/v1/files"
PDF: Final = b"%PDF-1.7\n"
CONCURRENCY: Final = 4
SAMPLE_SECONDS: Final = 0.01
TARGET_MIB: Final = 1.0
"""Maximum memory per concurrent transfer."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Measurements of one direction. Transfers run one at a time, except for `memory_mib`."""

    name: str
    p50_ms: float
    mib_per_second: float
    cpu_ms: float
    """CPU time of the server per transfer."""
    memory_mib: float
    """Peak memory of the server above its warm baseline, per transfer, with CONCURRENCY transfers at once."""
    target_mib: float
    samples: int


def measure_files(server: Server, owners: Sequence[Owner], generator: Executor, *, seconds: float) -> list[Transfer]:
    """Measure uploads, then downloads.

    Raises:
        UnexpectedResponse: A transfer fails.
    """
    uploads = [[_upload(owner)] for owner in owners[:CONCURRENCY]]
    uploaded = _measure("upload", server, uploads, 201, generator, seconds)
    downloads = [
        [request("GET", f"{FILES}/{_newest_file_id(server, owner)}/content", token=owner.token)]
        for owner in owners[:CONCURRENCY]
    ]
    return [uploaded, _measure("download", server, downloads, 200, generator, seconds)]


def _measure(
    name: str, server: Server, connections: Sequence[Sequence[bytes]], status: int, generator: Executor, seconds: float
) -> Transfer:
    def start(connections: Sequence[Sequence[bytes]]) -> Future[LoadResult]:
        return generator.submit(run, Load(server.port, connections, seconds, status))

    start(connections).result()
    used = server.cpu_seconds()
    single = start(connections[:1]).result()
    used = server.cpu_seconds() - used
    baseline, peak = server.memory_mib(), 0.0
    concurrent = start(connections)
    while not concurrent.done():
        peak = max(peak, server.memory_mib())
        time.sleep(SAMPLE_SECONDS)
    concurrent.result()
    (latencies,) = single.latencies
    return Transfer(
        name,
        median(latencies) * 1e3,
        single.count * File.MAX_SIZE / MIB / single.seconds,
        used / single.count * 1e3,
        max(peak - baseline, 0) / len(connections),
        TARGET_MIB,
        single.count,
    )


def _newest_file_id(server: Server, owner: Owner) -> str:
    status, page = server.request("GET", f"{FILES}?limit=1", token=owner.token)
    assert status == 200, page
    return str(page["items"][0]["id"])


def _upload(owner: Owner) -> bytes:
    content = PDF + os.urandom(File.MAX_SIZE - len(PDF))
    return multipart(FILES, token=owner.token, filename="largest.pdf", media_type="application/pdf", content=content)
