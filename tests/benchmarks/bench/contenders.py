"""Everything that is timed, by name: the peer's loop, a plain one, and ours in several ways."""

from typing import Any, Protocol

import torch

from tests.benchmarks.bench.libauc_loop import LibAUCLoop
from tests.benchmarks.bench.plain_loop import PlainLoop
from tests.benchmarks.bench.work import Work
from trainables.config import TrialConfig
from trainables.datasets.images import Images
from trainables.loop import TrainingRun
from trainables.metrics import auroc

__all__ = ["OURS", "PEER", "PLAIN", "Contender", "contender"]

PEER = "LibAUC's loop"
PLAIN = "plain loop"

OURS: dict[str, dict[str, dict[str, Any]]] = {
    "cpu": {
        "ours, f32": {},
        "ours, bf16": {"precision": "bf16"},
        "ours, f32, compiled": {"compile": True},
        "ours, bf16, compiled": {"precision": "bf16", "compile": True},
        "ours, bf16, compiled, channels_last": {
            "precision": "bf16",
            "compile": True,
            "channels_last": True,
        },
    },
    "cuda": {
        "ours, f32, eager": {"execution": "eager"},
        "ours, f32": {},
        "ours, TF32": {"precision": "tf32"},
        "ours, bf16": {"precision": "bf16"},
        "ours, bf16, channels_last": {"precision": "bf16", "channels_last": True},
    },
}
"""By device and name: what differs from a trial's defaults. On a GPU a step is captured where
nothing else is said.
"""


class Contender(Protocol):
    """One way to train.

    Attributes:
        images: that go forward and backward in a step.
        evaluated: images of one evaluation.
        precision: of its products, "f32", "tf32" or "bf16".
    """

    images: int
    evaluated: int
    precision: str

    def step(self) -> object:
        """One training step."""
        ...

    def evaluate(self, some: int) -> float:
        """AUROC of so many images, as it evaluates all."""
        ...


def contender(name: str, method: str, work: Work) -> Contender:
    """One of ``PEER``, ``PLAIN`` and those in ``OURS``.

    Raises:
        ImportError: it is the peer, and LibAUC is not installed.
        RuntimeError: it is compiled, and there is no compiler.
    """
    if name == PEER:
        return LibAUCLoop(method, work)
    if name == PLAIN:
        return PlainLoop(method, work)
    return _Ours(work.config(method, **OURS[work.device][name]), work)


class _Ours:
    def __init__(self, config: TrialConfig, work: Work) -> None:
        self._run = TrainingRun(config)
        self._task = work.task()
        self.images = self._run.batch_size * self._run._recipe.batches
        self.evaluated = len(self._task.val_targets)
        self.precision = config.precision
        self.step = self._run.train_step

    def evaluate(self, some: int) -> float:
        # At even distances, so that both classes are among them.
        chosen = torch.arange(some, device=self._task.val_targets.device) * self.evaluated // some
        # The trial's own inner function, so that what is timed is what validates.
        images = Images(self._task.val_images.take(chosen))
        run = self._run
        with run._evaluated.lent(run._recipe):
            scores = run._evaluator.outputs(run._model, images)
        return float(auroc(scores, self._task.val_targets[chosen]))
