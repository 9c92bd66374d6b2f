"""Measured speeds of training steps, as data: ResNet20, images of 32 x 32, batches of 128.

From tests/benchmarks/gpu.md ("Speed of a step", "Several trials on one GPU") and
tests/benchmarks/bench.md ("One process"). What is not here was not measured.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["BATCH", "MODEL", "PIXELS", "SHARING", "SHARING_BY_MPS", "SPEEDS", "Way"]

MODEL, PIXELS, BATCH = "resnet20", 32, 128


class Way(NamedTuple):
    """How a step ran.

    Attributes:
        device: name of the GPU, or "cpu" for one core.
        precision: "f32", "tf32" or "bf16".
        execution: "graph", "compiled" or "eager".
        channels_last: how images and weights lay in memory.
    """

    device: str
    precision: str
    execution: str
    channels_last: bool = False

    def __str__(self) -> str:
        """As in "H200 bf16 graph channels_last"."""
        return " ".join([*self[:3], *(["channels_last"] if self.channels_last else [])])


SPEEDS: Mapping[Way, Mapping[str, float]] = MappingProxyType(
    {
        Way("H200", "f32", "graph"): {
            "ce": 5.195e-3,
            "auc_m": 5.326e-3,
            "ct_auc": 10.623e-3,
            "auc_mixup": 5.407e-3,
        },
        Way("H200", "tf32", "graph"): {
            "ce": 4.616e-3,
            "auc_m": 4.739e-3,
            "ct_auc": 9.435e-3,
            "auc_mixup": 4.813e-3,
        },
        Way("H200", "bf16", "graph"): {
            "ce": 4.517e-3,
            "auc_m": 4.647e-3,
            "ct_auc": 9.240e-3,
            "auc_mixup": 4.717e-3,
        },
        Way("H200", "bf16", "graph", channels_last=True): {
            "ce": 2.857e-3,
            "auc_m": 2.985e-3,
            "ct_auc": 5.918e-3,
            "auc_mixup": 3.053e-3,
        },
        Way("H200", "f32", "eager"): {
            "ce": 7.239e-3,
            "auc_m": 9.913e-3,
            "ct_auc": 18.623e-3,
            "auc_mixup": 11.557e-3,
        },
        Way("cpu", "f32", "eager"): {
            "ce": 663.72e-3,
            "auc_m": 661.50e-3,
            "ct_auc": 1318.06e-3,
        },
        Way("cpu", "bf16", "eager"): {
            "ce": 458.50e-3,
            "auc_m": 457.28e-3,
            "ct_auc": 917.43e-3,
        },
        Way("cpu", "f32", "compiled"): {
            "ce": 375.00e-3,
            "auc_m": 377.11e-3,
            "ct_auc": 744.56e-3,
        },
        Way("cpu", "bf16", "compiled"): {
            "ce": 239.61e-3,
            "auc_m": 240.02e-3,
            "ct_auc": 478.46e-3,
        },
        Way("cpu", "bf16", "compiled", channels_last=True): {
            "ce": 238.57e-3,
            "auc_m": 239.28e-3,
            "ct_auc": 482.59e-3,
        },
    }
)
"""Seconds of a step, by method; ``ct_auc`` with one inner step, which is two passes."""

SHARING: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "graph": {1: 1.0, 2: 0.94, 4: 0.94, 8: 0.97},
        "eager": {1: 1.0, 2: 1.70, 4: 1.72, 8: 1.72},
    }
)
"""Throughput of so many trials on one H200 over that of one, by execution; without CUDA MPS."""

SHARING_BY_MPS: Mapping[tuple[str, bool], Mapping[int, float]] = MappingProxyType(
    {
        ("graph", False): {1: 1.0, 2: 1.36, 4: 1.66, 8: 1.85},
        ("graph", True): {1: 1.0, 2: 1.55, 4: 2.24, 8: 2.77},
        ("eager", False): {1: 1.0, 2: 1.66, 4: 3.27, 8: 3.64},
    }
)
"""The same with it, by execution and whether in bf16; f32 with TF32 in convolutions."""
