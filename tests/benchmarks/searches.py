"""How often two methods are told apart, rightly and wrongly, when searches end by luck.

    python -m tests.benchmarks.searches

Every study searches two methods ``searches`` times each; what a search selects moves a method's
AUROC by a normal deviation, ``tuning`` times as large as that from seed to seed, and its winner is
confirmed on ``seeds / searches`` paired seeds. With one search the seeds are the sample of the
paired t test, with several the searches are (``analysis.compare.searches``). Differences are in
deviations from seed to seed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.compare.searches import grouped, sampled

STUDIES = 20_000
ALPHA = 0.05
DESIGNS = ((1, 5), (1, 10), (3, 3), (3, 6), (5, 5), (5, 10), (10, 10))
TUNING = (0.0, 0.5, 1.0, 2.0)
EFFECTS = (2.0, 4.0)


def claimed(
    searches: int, seeds: int, tuning: float, effect: float, draws: np.random.Generator
) -> float:
    """Share of studies in which the paired test is significant."""
    repeats = np.repeat(np.arange(searches), seeds // searches)

    def aurocs() -> NDArray[np.float64]:
        selected = tuning * draws.normal(size=(searches, STUDIES))
        return selected[repeats] + draws.normal(size=(seeds, STUDIES))

    groups = grouped(repeats)
    difference = sampled(effect + aurocs() - aurocs(), groups)
    return float((stats.ttest_1samp(difference, 0.0).pvalue <= ALPHA).mean())


def main() -> None:
    draws = np.random.default_rng(0)
    print(f"Share of {STUDIES:,} studies that claim a difference at {ALPHA:g}.\n")
    heads = [f"{effect:g}, tuning {tuning:g}" for effect in (0.0, *EFFECTS) for tuning in TUNING]
    print(f"| searches | seeds | {' | '.join(heads)} |")
    print("|" + "---:|" * (2 + len(heads)))
    for searches, seeds in DESIGNS:
        shares = [
            claimed(searches, seeds, tuning, effect, draws)
            for effect in (0.0, *EFFECTS)
            for tuning in TUNING
        ]
        print(f"| {searches} | {seeds} | {' | '.join(f'{100 * s:.1f} %' for s in shares)} |")


if __name__ == "__main__":
    main()
