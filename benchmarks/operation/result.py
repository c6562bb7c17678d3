"""What a scenario measured, and which promises of the guide it found broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.table import Table

from benchmarks.operation.load import Load
from benchmarks.operation.system import System, select
from benchmarks.operation.traffic import Traffic
from benchmarks.operation.verification import stored_wrongly


@dataclass(slots=True)
class Result:
    """The result of one scenario."""

    traffic: Traffic
    broken: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def result_of(system: System, load: Load, *, tolerated: str | None = None, database_url: str | None = None) -> Result:
    """Check the promises that all scenarios have in common, when the load has ended.

    Args:
        system: The system, which still runs.
        load: Its clients.
        tolerated: The status that requests may have during the scenario. By default, no request may fail.
        database_url: The URL of the server of the database, if it has changed.
    """
    result = Result(load.traffic)
    refused = {name: n for name, n in load.traffic.failures.items() if not tolerated or not name.startswith(tolerated)}
    result.broken += [f"{name}: {amount} requests" for name, amount in refused.items()]
    result.broken += stored_wrongly(system.url, load.accounts)
    stored = select(database_url or system.owner_url, "SELECT username FROM users")
    result.broken += [f"the account {name} is lost" for name in sorted(load.registered - set(stored))]
    if dead := select(database_url or system.owner_url, "SELECT last_error FROM jobs WHERE died_at IS NOT NULL"):
        result.broken.append(f"{len(dead)} dead letters: {dead[0]}")
    result.remarks += [
        f"{errors} errors logged" for errors in [sum(each.errors() for each in system.programs)] if errors
    ]
    return result


def table_of(results: Iterable[tuple[str, Result]]) -> Table:
    table = Table("scenario", "requests", "failed", "slowest", "gap", "remarks", "promises", box=SIMPLE_HEAD)
    for name, result in results:
        traffic = result.traffic
        table.add_row(
            name,
            f"{traffic.requests:,}",
            _lines(f"{kind}: {amount}" for kind, amount in traffic.failures.most_common()) or "0",
            f"{traffic.slowest:.2f} s",
            f"{traffic.longest_gap:.2f} s",
            _lines(result.remarks),
            f"{len(result.broken)} broken" if result.broken else "kept",
        )
    return table


def _lines(lines: Iterable[str] | Sequence[str]) -> str:
    return "\n".join(lines)
