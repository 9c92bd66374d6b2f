"""How often 95 % intervals of a mean AUROC hold the true one, by form, seeds, images and level.

    python -m tests.benchmarks.intervals [--draws 1000]

Images have normal scores, negatives around 0 and positives around a distance that varies from seed
to seed; a share of each score is the image's own and the same at every seed, so that seeds agree on
which images are hard. The true mean is over seeds and images. Prints a Markdown table.
"""

import argparse
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import special

from analysis.compare.delong import Placements, placements, seeds_and_images
from analysis.compare.intervals import (
    LEVEL,
    NO_INTERVAL,
    Interval,
    auroc_interval,
    logit_interval,
)
from analysis.compare.mean_auroc import over_seeds_and_images
from analysis.compare.t_test import Student

__all__ = ["OVER_BOTH", "OVER_SEEDS", "Design", "draws", "held"]


class Design(NamedTuple):
    """What is drawn.

    Attributes:
        auroc: the true mean.
        seeds: of a study.
        positives, negatives: test images.
        spread: deviation of the distance between the classes from seed to seed.
        shared: share of the variance of a score that is the image's own; 0: each seed has images
            of its own, so that seeds are independent draws of the true mean.
    """

    auroc: float
    seeds: int
    positives: int = 30
    negatives: int = 270
    spread: float = 0.2
    shared: float = 0.8


def draws(design: Design, number: int, rng: np.random.Generator) -> Iterator[Placements]:
    """Placements of the test images of so many studies."""
    targets = np.arange(design.positives + design.negatives) < design.positives
    # The mean over seeds of the normal distribution function is one of a wider normal.
    middle = special.ndtri(design.auroc) * math.sqrt(2 + design.spread**2)
    for _ in range(number):
        distance = rng.normal(middle, design.spread, size=(design.seeds, 1))
        own = rng.normal(size=(design.seeds, len(targets)))
        images = rng.normal(size=len(targets))
        noise = math.sqrt(design.shared) * images + math.sqrt(1 - design.shared) * own
        yield placements(distance * targets + noise, targets)


def t_interval(values: np.ndarray) -> Interval:
    """Student's of the raw mean."""
    if np.ptp(values) == 0:
        return NO_INTERVAL
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return Student(float(values.mean()), error, len(values) - 1).interval


def held(intervals: list[Interval], auroc: float) -> float:
    """The share of those there are that hold ``auroc``."""
    known = [each for each in intervals if not math.isnan(each.low)]
    return sum(low <= auroc <= high for low, high in known) / len(known)


def _wilson(values: np.ndarray) -> Interval:
    """As a score interval: the variance moves with the mean as that of a share does."""
    x = np.asarray(values)
    mean, n = x.mean(), len(x)
    if np.ptp(x) == 0:
        return NO_INTERVAL
    quantile = special.stdtrit(n - 1, (1 + LEVEL) / 2)
    k = quantile**2 * x.var(ddof=1) / n / (mean * (1 - mean))
    half = math.sqrt(k * mean * (1 - mean) + k * k / 4)
    return Interval((mean + k / 2 - half) / (1 + k), (mean + k / 2 + half) / (1 + k))


def _arcsine(values: np.ndarray) -> Interval:
    x = np.asarray(values)
    if np.ptp(x) == 0:
        return NO_INTERVAL
    mean, error = x.mean(), x.std(ddof=1) / math.sqrt(len(x))
    half = special.stdtrit(len(x) - 1, (1 + LEVEL) / 2) * error / 2 / math.sqrt(mean * (1 - mean))
    middle = math.asin(math.sqrt(mean))
    ends = max(0.0, middle - half), min(math.pi / 2, middle + half)
    return Interval(*(math.sin(end) ** 2 for end in ends))


def _logits(values: np.ndarray, pairs: int) -> Interval:
    """Student's of the seeds' own logits, with exact 0 and 1 half a pair of images inside."""
    edge = 1 / (2 * pairs)
    found = t_interval(special.logit(np.clip(values, edge, 1 - edge)))
    return Interval(*(float(special.expit(end)) for end in found))


def _anova(places: Placements, *, logit: bool) -> Interval:
    """Obuchowski and Rockette's, with DeLong's covariance as it is."""
    auroc = places.auroc.round(12)
    if np.ptp(auroc) == 0:
        return NO_INTERVAL
    error, freedom = seeds_and_images(auroc, places.covariance)
    if logit:
        return logit_interval(float(auroc.mean()), error, freedom)
    half = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return Interval(float(auroc.mean()) - half, float(auroc.mean()) + half)


OVER_SEEDS = {
    "t, raw": lambda places: t_interval(places.auroc),
    "t, logit (ours)": lambda places: auroc_interval(places.auroc),
    "Wilson": lambda places: _wilson(places.auroc),
    "arcsine": lambda places: _arcsine(places.auroc),
    "t of logits": lambda places: _logits(
        places.auroc, places.positives.shape[1] * places.negatives.shape[1]
    ),
}
"""Forms that know the seeds' AUROCs alone."""

OVER_BOTH = {
    "OR, raw": lambda places: _anova(places, logit=False),
    "OR, logit": lambda places: _anova(places, logit=True),
    "ours": over_seeds_and_images,
}
"""Forms that know the images."""


def _row(design: Design, number: int, rng: np.random.Generator) -> str:
    alone = list(draws(design._replace(shared=0.0), number, rng))
    both = list(draws(design, number, rng))
    shares = []
    for forms, drawn in ((OVER_SEEDS, alone), (OVER_BOTH, both)):
        for form in forms.values():
            shares.append(held([form(places) for places in drawn], design.auroc))
    ones = np.mean([np.ptp(places.auroc.round(12)) == 0 for places in both])
    cells = [f"{design.auroc:g}", f"{design.positives}", f"{design.seeds}"]
    cells += [f"{100 * share:.0f}" for share in shares] + [f"{100 * ones:.0f}"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000, help="studies a line")
    number = parser.parse_args().draws
    names = ["AUROC", "positives", "seeds", *OVER_SEEDS, *OVER_BOTH, "all seeds equal"]
    print(f"| {' | '.join(names)} |\n|{' ---: |' * len(names)}")
    rng = np.random.default_rng(0)
    for auroc in (0.5, 0.8, 0.9, 0.97, 0.99, 0.999):
        for positives in (30, 150):
            for seeds in (3, 5, 10):
                design = Design(auroc, seeds, positives, 9 * positives if positives < 99 else 850)
                print(_row(design, number, rng), flush=True)


if __name__ == "__main__":
    main()
