"""Student's tests of a mean difference whose error is known with some degrees of freedom.

Over normal draws the 95 % interval holds the true mean in 95 % of cases at any number of seeds;
over draws as skew as a gamma of shape 2 in 92 %. Differences have no ceiling in reach: their scale
is the raw one.

One asks whether it differs from 0. Two one-sided ones ask whether it lies within a margin to each
side (Schuirmann 1987): it does, at the level alpha, where its interval at 1 - 2 alpha does.
"""

import math
from dataclasses import dataclass

from scipy import special

from analysis.compare.intervals import LEVEL, Interval
from study.plan.power import ALPHA

__all__ = ["ROOM", "UNTESTED", "Student", "alike"]

ROOM = 2
"""Equality is not asked of AUROCs that are nearer to 1 than so many margins."""


@dataclass(frozen=True)
class Student:
    """A mean difference and what is known of it; all NaN where there is no test.

    Attributes:
        mean: the difference.
        error: its standard error, above 0.
        freedom: degrees of freedom of that error.
    """

    mean: float
    error: float
    freedom: float

    @property
    def interval(self) -> Interval:
        """Of the difference, at ``LEVEL``."""
        return self._interval((1 + LEVEL) / 2)

    @property
    def inner(self) -> Interval:
        """The interval that lies within a margin where two one-sided tests at ``ALPHA`` pass."""
        return self._interval(1 - ALPHA)

    @property
    def p(self) -> float:
        """Two-sided, of no difference."""
        return 2 * float(special.stdtr(self.freedom, -abs(self.mean) / self.error))

    def p_equal(self, margin: float) -> float:
        """Of a difference of ``margin`` or more to either side: the larger of two one-sided p."""
        return float(special.stdtr(self.freedom, (abs(self.mean) - margin) / self.error))

    def _interval(self, level: float) -> Interval:
        half = self.error * float(special.stdtrit(self.freedom, level))
        return Interval(self.mean - half, self.mean + half)


UNTESTED = Student(math.nan, math.nan, math.nan)


def alike(found: Student, higher: float, margin: float) -> Student:
    """``found`` as the tests of equality within ``margin`` take it.

    Near 1 AUROCs are skew: draws in which two differ little show a small spread with it, and raw
    tests at 5 % would call up to one in six pairs equal that differ by the margin. So the error is
    the one to be expected were they that far apart (the variance of an AUROC moves with
    m (1 - m)), and nearer to 1 than ``ROOM`` margins there is no test.

    Args:
        found: the difference.
        higher: the higher one of the two means.
        margin: above 0.
    """
    if 1 - higher < ROOM * margin:
        return UNTESTED
    lower, apart = higher - abs(found.mean), higher - margin
    growth = math.sqrt(max(1.0, apart * (1 - apart) / (lower * (1 - lower)))) if lower > 0 else 1.0
    return Student(found.mean, found.error * growth, found.freedom)
