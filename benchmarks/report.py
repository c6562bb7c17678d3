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

from benchmarks.files import AT_ONCE, Transfer
from benchmarks.flood import Flood
from benchmarks.growth import FEW, Comparison, Growth
from benchmarks.jobs import Jobs
from benchmarks.rounds import Outcome
from benchmarks.servers import MIB
from domain.files.file import File

RESULTS: Final = Path(__file__).parent / "results"
PACKAGES: Final = ("fastapi", "starlette", "uvicorn", "uvloop", "pydantic", "asyncpg", "PyJWT", "orjson")


MEMORY_TARGET_MIB: Final = 150


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the process that serves, in MiB."""

    at_start: float
    in_the_end: float


@dataclass(slots=True)
class Report:
    started_at: datetime
    options: dict[str, Any]
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)
    load_after: tuple[float, float, float] = (0, 0, 0)
    outcomes: list[Outcome] = field(default_factory=list)
    login: Comparison | None = None
    flood: Flood | None = None
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
        if self.outcomes:
            console.print(_load(self.outcomes))
            share = max(each.load_share for o in self.outcomes for rounds in o.rounds.values() for each in rounds)
            console.print(f"The load generator used at most {share:.0%} of a core.\n")
        if self.login:
            known, unknown = self.login.p50_ms
            console.print(
                f"Refused login, p50: {known:.1f} ms for a known name, {unknown:.1f} ms for an unknown one"
                f" (ratio {self.login.ratio:.2f}, {self.login.samples} each)"
            )
        if self.flood:
            flood, (ratio, target) = self.flood, _judged(self.flood.ratio, self.flood.target)
            console.print(
                f"Lists while {flood.logins_per_second:.1f} log in each second, p99: {flood.flooded_p99_ms:.1f} ms,"
                f" {flood.quiet_p99_ms:.1f} ms without (ratio {ratio}, target {target})"
            )
        if self.jobs:
            before, after = self.jobs.memory_mib
            console.print(
                f"One worker wrote {self.jobs.amount:,} mails, {self.jobs.per_second:,.0f} each second, with"
                f" {self.jobs.cpu_us:.0f} µs of CPU each; it had {before:.0f} MiB before and {after:.0f} MiB after."
            )
        if self.files:
            console.print(_files(self.files))
        if self.growth:
            console.print(_growth(self.growth))
            for missed in self.growth.comparisons:
                if missed.why and missed.target and missed.ratio > missed.target:
                    console.print(f"{missed.name}: {missed.why}")
        if self.memory:
            told, target = _judged(self.memory.in_the_end, MEMORY_TARGET_MIB, "{:.0f}")
            console.print(
                f"The process that serves had {self.memory.at_start:.0f} MiB at start, {told} MiB in the end"
                f" (target {target})."
            )
        loads = (" ".join(f"{each:.1f}" for each in load) for load in (self.load_before, self.load_after))
        console.print(f"Load of the machine, of {os.cpu_count()} cores, before and after: {', '.join(loads)}")


def _load(outcomes: Sequence[Outcome]) -> Table:
    table = _table("Under load: medians of all rounds, CPU of the server process for each request")
    for column in ("req/s", "p50 ms", "p99 ms", "CPU µs", "ours/floor", "target"):
        table.add_column(column, justify="right")
    for outcome in outcomes:
        ratios = {ratio.floor: ratio for ratio in outcome.ratios}
        for name, figures in outcome.medians.items():
            ratio = ratios.get(name)
            table.add_row(
                f"{outcome.scenario}, {name}",
                f"{figures.requests_per_second:,.0f}",
                f"{figures.p50_ms:.2f}",
                f"{figures.p99_ms:.2f}",
                f"{figures.cpu_us:.0f}",
                *(("", "") if ratio is None else _judged(ratio.cpu, ratio.target)),
            )
        table.add_section()
    return table


def _growth(growth: Growth) -> Table:
    table = _table("As tasks become many: p50 in milliseconds at one connection")
    for column in (f"{FEW:,} tasks", f"{growth.many:,} tasks", "ratio", "target"):
        table.add_column(column, justify="right")
    for comparison in growth.comparisons:
        few, many = (f"{p50:.2f}" for p50 in comparison.p50_ms)
        table.add_row(comparison.name, few, many, *_judged(comparison.ratio, comparison.target))
    return table


def _files(transfers: Sequence[Transfer]) -> Table:
    table = _table(
        f"Files of {File.MAX_SIZE / MIB:.0f} MiB: one at a time, and what memory each of {AT_ONCE} at once adds"
    )
    for column in ("p50 ms", "MiB/s", "CPU ms", "memory MiB", "target"):
        table.add_column(column, justify="right")
    for transfer in transfers:
        table.add_row(
            transfer.name,
            f"{transfer.p50_ms:.1f}",
            f"{transfer.mib_per_second:.0f}",
            f"{transfer.cpu_ms:.1f}",
            *_judged(transfer.memory_mib, transfer.target_mib),
        )
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    return table


def _judged(figure: float, target: float | None, form: str = "{:.2f}") -> tuple[str, str]:
    told = form.format(figure)
    if target is None:
        return told, ""
    colour = "green" if figure <= target else "red"
    return f"[{colour}]{told}[/]", f"≤ {target}"
