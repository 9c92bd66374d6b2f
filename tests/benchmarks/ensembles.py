"""What is averaged, and what is selected: ensembles of normal scores, on other images.

    python -m tests.benchmarks.ensembles [--studies 60]

Methods share half of the variance of their scores within a class, have the AUROCs of a row, and
scales of their own (as they are, after a logistic function, exp). Prints a Markdown table: the mean
test AUROC of the method with the best validation AUROC, and by how much an ensemble is above it.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from scipy import special, stats

from analysis.compare.delong import placements
from analysis.ensembles.averages import mean_log_odds, mean_rank, ranked
from analysis.ensembles.greedy import select
from analysis.images.calibration import platt
from analysis.images.predictions import Predictions
from tests.analysis.binormal import binormal

METHODS = {
    "5 of 0.85": [0.85] * 5,
    "0.82 to 0.88": [0.82, 0.84, 0.86, 0.88],
    "12 from 0.80 to 0.88": [*np.linspace(0.80, 0.88, 12)],
    "0.65 to 0.90": [0.65, 0.75, 0.85, 0.90],
}
SETS = ((0.01, 1000), (0.1, 1000), (0.1, 200))
"""Share of positives, and validation images; ten of these are positive at least."""
TEST, BAGS = 4000, 20
SCALES = (np.asarray, lambda scores: special.expit(3 * scores - 3), np.exp)
NAMES = ("ranks", "log odds", "probabilities", "greedy", "greedy, bagged")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=60)
    studies = parser.parse_args().studies
    rng = np.random.default_rng(0)
    print(f"| AUROCs | positives | validation images | picked | {' | '.join(NAMES)} |")
    print("|---|---:|---:|---:|" + "---:|" * len(NAMES))
    for name, aurocs in METHODS.items():
        for share, images in SETS:
            found = np.array([[*_study(rng, aurocs, share, images)] for _ in range(studies)])
            picked, *others = found.mean(axis=0)
            apart = " | ".join(f"{each - picked:+.4f}" for each in others)
            print(f"| {name} | {share:.0%} | {images} | {picked:.4f} | {apart} |", flush=True)


def _study(
    rng: np.random.Generator, aurocs: list[float], share: float, images: int
) -> Iterator[float]:
    gaps = [float(np.sqrt(2) * stats.norm.ppf(auroc)) for auroc in aurocs]
    targets, known = (np.arange(size) < max(10, round(share * size)) for size in (TEST, images))
    test, val = (binormal(rng, each, gaps) for each in (targets, known))
    for i in range(len(gaps)):
        scale = SCALES[i % len(SCALES)]
        test[i], val[i] = scale(test[i]), scale(val[i])
    runs = [Predictions(t, targets, None, (v, known)) for t, v in zip(test, val, strict=True)]
    odds = np.stack([platt(v, known)(t) for t, v in zip(test, val, strict=True)])
    ranks, chosen = ranked(test), select(val, known)
    for scores in (
        test[chosen.best],
        mean_rank(ranks),
        mean_log_odds(runs),
        special.expit(odds).mean(axis=0),
        mean_rank(ranks, chosen.counts),
        _bagged(val, known) @ ranks,
    ):
        yield float(placements(scores, targets).auroc[0])


def _bagged(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Shares of the methods over bags of half of them (Caruana et al. 2004, section 2.3)."""
    rng, shares = np.random.default_rng(0), np.zeros(len(scores))
    for _ in range(BAGS):
        bag = rng.choice(len(scores), max(2, -(-len(scores) // 2)), replace=False)
        counts = select(scores[bag], targets).counts
        shares[bag] += counts / counts.sum()
    return shares


if __name__ == "__main__":
    main()
