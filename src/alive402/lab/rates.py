"""Error rates with exact confidence intervals.

Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the binomial".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy.special import betaincinv

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """Share of errors in independent trials.

    >>> rate = Rate(errors=2, trials=38)
    >>> print(rate)
    2/38 = .053 (.006 to .177)
    >>> Rate(0, 38).upper == 1 - 0.025 ** (1 / 38)
    True
    """

    errors: int
    trials: int

    @property
    def value(self) -> float:
        """errors / trials; NaN without a trial."""
        return self.errors / self.trials if self.trials else float("nan")

    @property
    def lower(self) -> float:
        """Lower end of the exact 95 % interval."""
        return self.interval()[0]

    @property
    def upper(self) -> float:
        """Upper end of the exact 95 % interval."""
        return self.interval()[1]

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Clopper and Pearson's exact 95 % interval; (0, 1) without a trial."""
        tail, hits, misses = (1 - level) / 2, self.errors, self.trials - self.errors
        low = 0.0 if hits == 0 else float(betaincinv(hits, misses + 1, tail))
        # closed form at the ends, where the beta quantile loses precision
        high = 1.0 if misses == 0 else float(betaincinv(hits + 1, misses, 1 - tail))
        return (low, 1 - tail ** (1 / misses)) if hits == 0 and misses else (low, high)

    def __str__(self) -> str:
        if not self.trials:
            return "no trial"
        return f"{self.errors}/{self.trials} = {shown(self.value)} ({shown(self.lower)} to {shown(self.upper)})"


@dataclass(frozen=True, slots=True)
class MeanRate:
    """The mean of two error rates, as ACER and HTER are.

    Its interval has no exact form. `bounds` are the limits of the two rates at a level corrected for all compared
    rates (Bonferroni), so the mean is within them in at least 95 % of cases.

    >>> half = MeanRate.of(Rate(1, 10), Rate(0, 10))
    >>> round(half.value, 3), [round(end, 3) for end in half.interval]
    (0.05, [0.001, 0.423])
    """

    value: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, one: Rate, other: Rate) -> MeanRate:
        """The mean of two rates."""
        return cls.worst([one], other)

    @classmethod
    def worst(cls, several: Iterable[Rate], other: Rate) -> MeanRate:
        """The mean of the largest of several rates and another one."""
        rates = list(several)
        level = 1 - (1 - LEVEL) / (len(rates) + 1)
        ends = [rate.interval(level) for rate in rates]
        low, high = other.interval(level)
        value = (max((rate.value for rate in rates), default=float("nan")) + other.value) / 2
        most_low, most_high = max((end[0] for end in ends), default=0.0), max((end[1] for end in ends), default=1.0)
        return cls(value, ((most_low + low) / 2, (most_high + high) / 2))

    def __str__(self) -> str:
        return f"{shown(self.value)} ({shown(self.interval[0])} to {shown(self.interval[1])})"


def shown(value: float) -> str:
    """Format a share with three decimals and no leading zero, as papers do.

    >>> shown(0.0526), shown(1.0), shown(float("nan"))
    ('.053', '1.000', 'none')
    """
    return "none" if math.isnan(value) else f"{value:.3f}".removeprefix("0")
