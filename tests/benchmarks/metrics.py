"""What the tests of other metrics claim of simulated studies, and what their intervals hold.

    python -m tests.benchmarks.metrics [--studies 200]

One setting, three methods, five seeds, 60 positives among 300 test images. Scores are normal, and
their distance between the classes varies from seed to seed; a part of each is the image's own, the
same for all methods and seeds. Equal methods have one distance; the better one a larger one.
The true values are means over 400 other runs, each with 5,000 test images. Prints a Markdown table.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.compare.delong import placements
from analysis.findings import Findings
from analysis.images.metrics import prepared
from analysis.images.predictions import Predictions
from analysis.results import Results, from_record
from study.records import StudyRecord
from study.words import METRICS
from tests.analysis.known_truth import random_cell

__all__ = ["scored_study", "truth"]

DISTANCE, SPREAD, IMAGE, METHOD = 2.5, 0.15, 0.6, 0.2
"""Distance of the classes, its deviation over seeds, shares of a score's variance that are the
image's own for all methods and for one method."""


def scored_study(
    folder: Path,
    distances: dict[str, float],
    rng: np.random.Generator,
    *,
    seeds: int = 5,
    positives: int = 60,
    negatives: int = 240,
    validation: int = 300,
    **spec: Any,
) -> Results:
    """One setting of methods whose classes lie so far apart; predictions are written to ``folder``.

    Args:
        validation: images of the validation set, a fifth of them positive; 0: none are kept.
        spec: keys of the study's spec.
    """
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    targets = np.arange(positives + negatives) < positives
    shared = rng.normal(size=len(targets))
    cells = []
    for method, distance in distances.items():
        cell = random_cell(rng, method, trials=1, seeds=seeds)
        own = rng.normal(size=len(targets))
        rows = []
        for row in cell.confirm:
            gap = distance + SPREAD * rng.normal()
            noise = np.sqrt(IMAGE) * shared + np.sqrt(METHOD) * own
            noise = noise + np.sqrt(1 - IMAGE - METHOD) * rng.normal(size=len(targets))
            kept = {"scores": gap * targets + noise, "targets": targets}
            if validation:
                known = np.arange(validation) < validation // 5
                kept["val_scores"] = gap * known + rng.normal(size=validation)
                kept["val_targets"] = known
            np.savez(folder / str(row.predictions), **kept)
            rows.append(
                replace(row, test_auroc=float(placements(kept["scores"], targets).auroc[0]))
            )
        cells.append(replace(cell, confirm=tuple(rows)))
    return from_record(StudyRecord("scored", folder, dict(spec), {}, tuple(cells)))


def truth(distance: float, runs: int = 400, images: int = 5000) -> dict[str, float]:
    """Every metric but AUROC of a method whose classes lie so far apart.

    The mean over runs, each with its distance, its own validation set of 300 images, and so many
    test images, a fifth of them positive.
    """
    rng = np.random.default_rng(1)
    names = [name for name in METRICS if name != "auroc"]
    values = []
    for _ in range(runs):
        gap = distance + SPREAD * rng.normal()
        sets = []
        for size in (images, 300):
            targets = np.arange(size) < size // 5
            sets.append((gap * targets + rng.normal(size=size), targets))
        said = Predictions(*sets[0], None, sets[1])
        values.append([each[0] for each in prepared(said).metrics(names).values()])
    return dict(zip(names, np.mean(values, axis=0), strict=True))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    number = parser.parse_args().studies
    true = truth(DISTANCE)
    equal = dict.fromkeys("abc", DISTANCE)
    claims = {name: [0, 0] for name in METRICS}
    found = dict.fromkeys(METRICS, 0)
    held: dict[str, list[bool]] = {name: [] for name in METRICS}
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for study in range(number):
            for gaps in (equal, equal | {"a": DISTANCE + 0.5}):
                place = Path(folder, str(study), str(gaps["a"]))
                results = scored_study(place, gaps, rng, metrics=[*METRICS])
                measured = Findings(results).measured
                for name in METRICS:
                    pairs = [pair for pair in measured.pairs if pair.metric == name and pair.better]
                    wrong = [p for p in pairs if gaps is equal or p.a != "a"]
                    claims[name][gaps is not equal] += bool(wrong)
                    found[name] += gaps is not equal and sum(p.a == "a" for p in pairs)
                cells = measured.cells[measured.cells["method"] == "b"].set_index("metric")
                for name, value in true.items():
                    held[name].append(bool(cells["low"][name] <= value <= cells["high"][name]))
    print("| metric | true | interval holds it | false: all equal | false: one better | found |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, words in METRICS.items():
        shares = [100 * count / number for count in (*claims[name], found[name] / 2)]
        known = f"{true[name]:.3f} | {100 * np.mean(held[name]):.0f} %" if name in true else "|"
        print(f"| {words} | {known} | " + " | ".join(f"{share:.1f} %" for share in shares) + " |")


if __name__ == "__main__":
    main()
