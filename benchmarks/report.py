"""Print the measurements as tables and save them as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.contention import WRITERS, Contention
from benchmarks.files import CONCURRENCY, Transfer
from benchmarks.growth import FEW, Comparison, Growth
from benchmarks.jobs import Jobs
from benchmarks.login_flood import LoginFlood
from benchmarks.servers import MIB
from benchmarks.throughput import ScenarioResult
from domain.files.file import File

RESULTS: Final = Path(__file__).parent / "results"
PACKAGES: Final = ("fastapi", "starlette", "uvicorn", "uvloop", "pydantic", "asyncpg", "PyJWT", "orjson")
MEMORY_TARGET_MIB: Final = 150


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the server process, in MiB."""

    at_start: float
    at_end: float


@dataclass(slots=True)
class Report:
    """The measurements of one run of the benchmark. Parts that did not run are None or empty."""

    started_at: datetime
    options: dict[str, Any]
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)
    load_after: tuple[float, float, float] = (0, 0, 0)
    scenarios: list[ScenarioResult] = field(default_factory=list)
    login: Comparison | None = None
    flood: LoginFlood | None = None
    contention: list[Contention] = field(default_factory=list)
    jobs: Jobs | None = None
    files: list[Transfer] = field(default_factory=list)
    growth: Growth | None = None
    memory: Memory | None = None

    def as_json(self) -> str:
        machine = {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "packages": {package: version(package) for package in PACKAGES},
        }
        return json.dumps({**asdict(self), "machine": machine}, default=str, indent=2)

    def save(self) -> Path:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.started_at:%Y%m%dT%H%M%SZ}.json"
        path.write_text(self.as_json() + "\n")
        return path

    def print(self) -> None:
        console = Console(soft_wrap=True)
        if self.scenarios:
            console.print(_load_table(self.scenarios))
            share = max(each.load_share for s in self.scenarios for rounds in s.rounds.values() for each in rounds)
            console.print(f"The load generator used at most {share:.0%} of a core.\n")
        if self.login:
            known, unknown = self.login.p50_ms
            console.print(
                f"Refused login, p50: {known:.1f} ms for a known user, {unknown:.1f} ms for an unknown user"
                f" (ratio {self.login.ratio:.2f}, {self.login.samples} samples each)"
            )
        if self.flood:
            flood, (ratio, target) = self.flood, _compare_to_target(self.flood.ratio, self.flood.target)
            console.print(
                f"Task lists during {flood.logins_per_second:.1f} logins/s, p99: {flood.flooded_p99_ms:.1f} ms,"
                f" {flood.quiet_p99_ms:.1f} ms without logins (ratio {ratio}, target {target})"
            )
        if self.contention:
            console.print(_contention_table(self.contention))
        if self.jobs:
            before, after = self.jobs.memory_mib
            console.print(
                f"One worker: {self.jobs.amount:,} mails, {self.jobs.per_second:,.0f} mails/s,"
                f" {self.jobs.cpu_us:.0f} µs CPU per mail, memory {before:.0f} MiB before, {after:.0f} MiB after"
            )
        if self.files:
            console.print(_files_table(self.files))
        if self.growth:
            console.print(_growth_table(self.growth))
            for missed in self.growth.comparisons:
                if missed.reason and missed.target and missed.ratio > missed.target:
                    console.print(f"{missed.name}: {missed.reason}")
        if self.memory:
            text, target = _compare_to_target(self.memory.at_end, MEMORY_TARGET_MIB, "{:.0f}")
            console.print(
                f"Server memory: {self.memory.at_start:.0f} MiB at start, {text} MiB at the end (target {target})"
            )
        loads = (" ".join(f"{each:.1f}" for each in load) for load in (self.load_before, self.load_after))
        console.print(f"Load average before and after, on {os.cpu_count()} cores: {', '.join(loads)}")


def _load_table(scenarios: Sequence[ScenarioResult]) -> Table:
    table = _table("Under load: medians of all rounds; CPU time of the server per request")
    for column in ("req/s", "p50 ms", "p99 ms", "CPU µs", "ratio", "target"):
        table.add_column(column, justify="right")
    for scenario in scenarios:
        ratios = {ratio.variant: ratio for ratio in scenario.ratios}
        for name, figures in scenario.medians.items():
            ratio = ratios.get(name)
            table.add_row(
                f"{scenario.scenario}, {name}",
                f"{figures.requests_per_second:,.0f}",
                f"{figures.p50_ms:.2f}",
                f"{figures.p99_ms:.2f}",
                f"{figures.cpu_us:.0f}",
                *(("", "") if ratio is None else _compare_to_target(ratio.cpu, ratio.target)),
            )
        table.add_section()
    return table


def _contention_table(kinds: Sequence[Contention]) -> Table:
    table = _table(f"Writes of one owner on {WRITERS} connections")
    for column in ("writes/s", "p50 ms", "p99 ms", "409", "503"):
        table.add_column(column, justify="right")
    for kind in kinds:
        table.add_row(
            kind.name,
            f"{kind.writes_per_second:,.0f}",
            f"{kind.p50_ms:.1f}",
            f"{kind.p99_ms:.1f}",
            f"{kind.conflicts:.1%}",
            f"{kind.unavailable:.1%}",
        )
    return table


def _growth_table(growth: Growth) -> Table:
    table = _table("Growth of one owner's tasks: p50 in milliseconds on one connection")
    for column in (f"{FEW:,} tasks", f"{growth.many:,} tasks", "ratio", "target"):
        table.add_column(column, justify="right")
    for comparison in growth.comparisons:
        few, many = (f"{p50:.2f}" for p50 in comparison.p50_ms)
        table.add_row(comparison.name, few, many, *_compare_to_target(comparison.ratio, comparison.target))
    return table


def _files_table(transfers: Sequence[Transfer]) -> Table:
    table = _table(
        f"Files of {File.MAX_SIZE / MIB:.0f} MiB: single transfers; memory per transfer with {CONCURRENCY} at once"
    )
    for column in ("p50 ms", "MiB/s", "CPU ms", "memory MiB", "target"):
        table.add_column(column, justify="right")
    for transfer in transfers:
        table.add_row(
            transfer.name,
            f"{transfer.p50_ms:.1f}",
            f"{transfer.mib_per_second:.0f}",
            f"{transfer.cpu_ms:.1f}",
            *_compare_to_target(transfer.memory_mib, transfer.target_mib),
        )
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    return table


def _compare_to_target(figure: float, target: float | None, form: str = "{:.2f}") -> tuple[str, str]:
    """Format a figure, green if it meets the target and red otherwise, and the target."""
    text = form.format(figure)
    if target is None:
        return text, ""
    colour = "green" if figure <= target else "red"
    return f"[{colour}]{text}[/]", f"≤ {target}"
