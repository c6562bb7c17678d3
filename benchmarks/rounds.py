"""The contenders of a scenario in turns, so that whatever else the machine does befalls them all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final, Self

from benchmarks.load import Answers, Load, run
from benchmarks.scenarios import OURS, Contender, Scenario

WARM_UP_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Round:
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    """Of the server, for each request."""
    load_share: float
    """Of a core, that the load generator needed."""

    @classmethod
    def of(cls, answers: Answers, cpu_seconds: float) -> Self:
        latencies = [latency for each in answers.latencies for latency in each]
        return cls(
            requests_per_second=answers.count / answers.seconds,
            p50_ms=median(latencies) * 1e3,
            p99_ms=quantiles(latencies, n=100)[-1] * 1e3,
            cpu_us=cpu_seconds / answers.count * 1e6,
            load_share=answers.cpu_seconds / answers.seconds,
        )

    @classmethod
    def median(cls, rounds: Sequence[Self]) -> Self:
        """Of each figure by itself."""
        return cls(*(median(getattr(each, name) for each in rounds) for name in cls.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of the CPU that ours uses to that of a floor in the same round: the median of all rounds."""

    floor: str
    cpu: float
    target: float | None


@dataclass(frozen=True, slots=True)
class Outcome:
    scenario: str
    medians: Mapping[str, Round]
    ratios: Sequence[Ratio]
    rounds: Mapping[str, Sequence[Round]]


def compete(scenario: Scenario, generator: Executor, *, rounds: int, seconds: float) -> Outcome:
    results: defaultdict[str, list[Round]] = defaultdict(list)
    for _ in range(rounds):
        for contender in scenario.contenders:
            results[contender.name].append(_measured(contender, scenario.status, generator, seconds))
    ratios = [
        Ratio(
            floor.name,
            median(mine.cpu_us / its.cpu_us for mine, its in zip(results[OURS], results[floor.name], strict=True)),
            floor.target,
        )
        for floor in scenario.contenders[1:]
    ]
    medians = {name: Round.median(each) for name, each in results.items()}
    return Outcome(scenario.name, medians, ratios, dict(results))


def _measured(contender: Contender, status: int, generator: Executor, seconds: float) -> Round:
    def answers(seconds: float) -> Answers:
        return generator.submit(run, Load(contender.server.port, contender.connections, seconds, status)).result()

    answers(WARM_UP_SECONDS)
    used = contender.server.cpu_seconds()
    answered = answers(seconds)
    return Round.of(answered, contender.server.cpu_seconds() - used)
