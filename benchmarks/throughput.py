"""Run the variants of a scenario in turns, so that other activity of the machine affects all of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final, Self

from benchmarks.load import Load, LoadResult, run
from benchmarks.scenarios import SERVICE, Scenario, Variant

WARM_UP_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Round:
    """The measurements of one variant in one round."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """CPU time of the server per request."""
    load_share: float
    """Share of one core that the load generator used."""

    @classmethod
    def of(cls, result: LoadResult, cpu_seconds: float) -> Self:
        latencies = [latency for each in result.latencies for latency in each]
        return cls(
            requests_per_second=result.count / result.seconds,
            p50_ms=median(latencies) * 1e3,
            p99_ms=quantiles(latencies, n=100)[-1] * 1e3,
            cpu_us=cpu_seconds / result.count * 1e6,
            load_share=result.cpu_seconds / result.seconds,
        )

    @classmethod
    def median(cls, rounds: Sequence[Self]) -> Self:
        """Return the median of each figure separately."""
        return cls(*(median(getattr(each, name) for each in rounds) for name in cls.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Ratio:
    """CPU time of the service divided by that of a variant in the same round: the median of all rounds."""

    variant: str
    cpu: float
    target: float | None


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """All measurements of a scenario, by variant."""

    scenario: str
    medians: Mapping[str, Round]
    ratios: Sequence[Ratio]
    rounds: Mapping[str, Sequence[Round]]


def run_scenario(scenario: Scenario, generator: Executor, *, rounds: int, seconds: float) -> ScenarioResult:
    results: defaultdict[str, list[Round]] = defaultdict(list)
    for _ in range(rounds):
        for variant in scenario.variants:
            results[variant.name].append(_measure(variant, scenario.status, generator, seconds))
    ratios = [
        Ratio(
            variant.name,
            median(
                service.cpu_us / other.cpu_us
                for service, other in zip(results[SERVICE], results[variant.name], strict=True)
            ),
            variant.target,
        )
        for variant in scenario.variants[1:]
    ]
    medians = {name: Round.median(each) for name, each in results.items()}
    return ScenarioResult(scenario.name, medians, ratios, dict(results))


def _measure(variant: Variant, status: int, generator: Executor, seconds: float) -> Round:
    def send(seconds: float) -> LoadResult:
        return generator.submit(run, Load(variant.server.port, variant.connections, seconds, status)).result()

    send(WARM_UP_SECONDS)
    used = variant.server.cpu_seconds()
    result = send(seconds)
    return Round.of(result, variant.server.cpu_seconds() - used)
