"""How often methods are called equal within .01, rightly and wrongly, by seeds, images and spread.

    python -m tests.benchmarks.equivalence [--studies 300]

Three methods in one setting, with normal scores as in ``tests.benchmarks.intervals``: a part of
each is the image's own. Wrongly: their true AUROCs lie .01 apart, so that any two differ by the
margin or more. Rightly: all have the highest of these. Prints a Markdown table.
"""

import argparse
import math
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy import special

from analysis.compare.delong import compare, placements
from analysis.compare.t_test import Student, alike
from analysis.holm import holm
from study.plan.power import ALPHA, ROPE

__all__ = ["Setting", "equal_claims"]


class Setting(NamedTuple):
    """What is drawn.

    Attributes:
        seeds: of each method; images: of the test set, a tenth of them positive.
        spread: deviation of the distance between the classes from seed to seed.
        own: share of a score's variance that is drawn for each run; the rest is the image's.
    """

    seeds: int
    images: int
    spread: float = 0.05
    own: float = 0.3


def equal_claims(
    setting: Setting, aurocs: tuple[float, ...], rng: np.random.Generator, *, images: bool = True
) -> int:
    """Pairs of methods of these true AUROCs that one drawn study calls equal, after Holm.

    Args:
        images: test over seeds and images; else over the seeds alone.
    """
    targets = np.arange(setting.images) < setting.images // 10
    shared = math.sqrt(1 - setting.own) * rng.normal(size=len(targets))
    runs = []
    for auroc in aurocs:
        middle = special.ndtri(auroc) * math.sqrt(2 + setting.spread**2)
        distance = rng.normal(middle, setting.spread, size=(setting.seeds, 1))
        noise = math.sqrt(setting.own) * rng.normal(size=(setting.seeds, len(targets)))
        runs.append(placements(distance * targets + shared + noise, targets))
    p = []
    for i, a in enumerate(runs):
        for b in runs[i + 1 :]:
            d = a.auroc - b.auroc
            alone = Student(float(d.mean()), float(d.std(ddof=1)) / math.sqrt(len(d)), len(d) - 1)
            higher = float(max(a.auroc.mean(), b.auroc.mean()))
            found = compare(a, b).both if images else alone
            p.append(alike(found, higher, ROPE).p_equal(ROPE))
    return int((holm(p) <= ALPHA).sum())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--studies", type=int, default=300)
    number = parser.parse_args().studies
    rng = np.random.default_rng(0)
    print("| AUROC | seeds | images | studies with a false claim | equal pairs called equal |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for top, images in product((0.9, 0.97, 0.985, 0.998), (500, 2000, 5000)):
        for seeds in (3, 5, 10):
            setting = Setting(seeds, images, spread=0.03)
            apart = (top, top - 0.01, top - 0.02)
            wrong = [equal_claims(setting, apart, rng) > 0 for _ in range(number)]
            right = [equal_claims(setting, (top,) * 3, rng) / 3 for _ in range(number)]
            shares = f"{100 * np.mean(wrong):.1f} % | {100 * np.mean(right):.0f} %"
            print(f"| {top:g} | {seeds} | {images} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
