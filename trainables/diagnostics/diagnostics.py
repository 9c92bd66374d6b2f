"""``TrialConfig.diagnostics`` at work: which images are looked at, and what is kept of it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.averages.draws import DIAGNOSTICS, generator
from trainables.datasets.images import Images
from trainables.diagnostics.gradients import gradient_norm
from trainables.diagnostics.scores import BINS, active_share, distribution, gap
from trainables.evaluator import Evaluator
from trainables.metrics import auroc

__all__ = ["MOST", "PROBE", "Diagnostics"]

MOST = 5000
"""Images of a class, of the training and of the test part, that are looked at; of more, so many."""

PROBE = 64
"""Training images of a class whose gradient is taken; no more than a batch holds."""

CLASSES = ("negative", "positive")


class Diagnostics:
    """Figures of a task of one label, interval by interval. Nothing is selected by them.

    The images are the same at every interval, and not augmented: they hang on the trial's
    ``order_seed`` and on the task alone, so that all methods of a seed are looked at alike. Where
    the config does not ask, or a task has several labels, there are none.

    Args:
        evaluator: of the trial.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        config, task = evaluator.config, evaluator.task
        self._asked = config.diagnostics and task.train_targets.dim() == 1
        self._distributions: dict[int, Tensor] = {}
        if not self._asked:
            return
        draw = generator(config.order_seed, DIAGNOSTICS)
        self._parts = {
            "train": _some(task.train_images, task.train_targets, task.train_metadata, draw),
            "test": _some(task.test_images, task.test_targets, task.test_metadata, draw),
        }
        most = min(PROBE, config.batch_size)
        self._probes = [each[:most] for each in _by_class(task.train_targets, draw)]

    def look(self, interval: int) -> dict[str, float]:
        """Figures of the weights that are evaluated; those that are not finite are left out.

        Args:
            interval: which has ended.

        Returns:
            {} if nobody asked; else "diag_gap_train", "diag_gap_test" (`gap`), "diag_auroc_train",
            "diag_auroc_test", "diag_active" (`active_share` of the training part),
            "diag_gradient_positive" and "diag_gradient_negative" (`gradient_norm` of up to `PROBE`
            images of the class).
        """
        if not self._asked:
            return {}
        with self._evaluator.evaluated.lent(self._evaluator.recipe):
            found = self._of_scores(interval)
            found |= self._of_gradients() if found else {}
        # Six digits: the ledger keeps them of every interval.
        return {n: float(f"{value:.6g}") for n, value in found.items() if math.isfinite(value)}

    def _of_scores(self, interval: int) -> dict[str, float]:
        """Of scores that are all finite; the distributions are kept."""
        found, counts = {}, []
        for name, (images, targets, metadata) in self._parts.items():
            logits = self._evaluator.outputs(self._evaluator.model, images, metadata)
            if not bool(torch.isfinite(logits).all()):
                return {}
            counts.append(distribution(logits, targets))
            found[f"diag_gap_{name}"] = gap(logits, targets)
            found[f"diag_auroc_{name}"] = auroc(logits, targets)
            if name == "train":
                found["diag_active"] = active_share(logits, targets)
        self._distributions[interval] = torch.stack(counts).int().cpu()
        return found

    def _of_gradients(self) -> dict[str, float]:
        model, inputs = self._evaluator.model, self._evaluator.inputs
        model.eval()
        found = {
            f"diag_gradient_{name}": gradient_norm(model, inputs.plain(chosen))
            for name, chosen in zip(CLASSES, self._probes, strict=True)
        }
        model.train()
        return found

    def arrays(self) -> dict[str, Any]:
        """For the file of predictions: "diag_intervals", int64 (n,), and "diag_scores", int32
        (n, 2, 2, BINS): of each interval, the training and the test part, the negatives and the
        positives of each, how many scores lie in each bin (`distribution`). {} if nobody asked.
        """
        if not self._asked:
            return {}
        empty = torch.zeros(0, 2, 2, BINS, dtype=torch.int32)
        counts = [each[None] for each in self._distributions.values()]
        return {
            "diag_intervals": np.array([*self._distributions], np.int64),
            "diag_scores": torch.cat([empty, *counts]).numpy(),
        }

    def state_dict(self) -> dict[str, Any]:
        """What was kept so far."""
        return {"distributions": self._distributions}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; {}: from a trial that was not looked at."""
        kept = state.get("distributions", {})
        self._distributions = {interval: each.cpu() for interval, each in kept.items()}


def _by_class(targets: Tensor, draw: torch.Generator) -> list[Tensor]:
    """Places of the negatives and of the positives, each in an order drawn on the CPU."""
    found = []
    for value in range(len(CLASSES)):
        places = ((targets > 0.5) == bool(value)).nonzero().squeeze(1)
        found.append(places[torch.randperm(len(places), generator=draw).to(places.device)])
    return found


def _some(
    images: Images, targets: Tensor, metadata: Tensor | None, draw: torch.Generator
) -> tuple[Images, Tensor, Tensor | None]:
    """Up to `MOST` images of each class in their order, their targets and their metadata."""
    chosen = torch.cat([each[:MOST] for each in _by_class(targets, draw)]).sort().values
    rows = chosen.to(images.pixels.device)
    ids = rows if images.ids is None else images.ids.index_select(0, rows)
    beside = None if metadata is None else metadata.index_select(0, chosen)
    return Images(images.pixels, ids), targets.index_select(0, chosen), beside
