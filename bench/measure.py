"""What a figure is, and the arithmetic of fair comparisons: interleaved rounds, medians, quantiles."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Scale:
    """How long and how large; `quick` shows that all works, its figures are worth little."""

    quick: bool

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True)
class Figure:
    """One ratio of a run, beside what it was made of."""

    letter: str
    name: str
    value: float
    sense: Literal[">=", "<="]
    target: float
    #: What was measured, in its unit: the numbers behind the ratio.
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.sense == ">=" else self.value <= self.target


async def interleaved(
    rounds: int, candidates: Mapping[str, Callable[[], Awaitable[Mapping[str, float]]]]
) -> dict[str, dict[str, float]]:
    """A B A B …: the median of each measured quantity, for each candidate."""
    taken: dict[str, list[Mapping[str, float]]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            taken[name].append(await run())
    return {
        name: {quantity: median(each[quantity] for each in runs) for quantity in runs[0]}
        for name, runs in taken.items()
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest rank; 0.99 is the value that 99 % do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
