"""Steps of SGD, Adam, AdamW and SAM on one flat vector, written out in NumPy float64.

The independent half of the optimizers' tests: nothing here uses torch or trainables.
"""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["PlainAdam", "PlainSGD", "worst"]

Array = np.ndarray


def worst(w: Array, gradient: Array, rho: float) -> Array:
    """Foret et al., eq. (2) for p = 2: where SAM takes its gradient."""
    return np.asarray(w + rho * gradient / np.sqrt((gradient**2).sum()))


@dataclass
class PlainSGD:
    """As torch's documentation has it."""

    lr: float
    weight_decay: float
    momentum: float = 0.0
    dampening: float = 0.0
    buffer: Array | None = None

    def step(self, w: Array, gradient: Array) -> Array:
        """The next w."""
        gradient = gradient + self.weight_decay * w
        if self.buffer is None:
            self.buffer = gradient
        else:
            self.buffer = self.momentum * self.buffer + (1 - self.dampening) * gradient
        return w - self.lr * (self.buffer if self.momentum else gradient)


@dataclass
class PlainAdam:
    """Kingma and Ba, Alg. 1; with ``decoupled`` Loshchilov and Hutter, Alg. 2, at torch's betas."""

    lr: float
    weight_decay: float
    decoupled: bool = False
    steps: int = 0
    first: Array = field(default_factory=lambda: np.zeros(()))
    second: Array = field(default_factory=lambda: np.zeros(()))

    def step(self, w: Array, gradient: Array) -> Array:
        """The next w."""
        self.steps += 1
        if self.decoupled:
            w = w - self.lr * self.weight_decay * w
        else:
            gradient = gradient + self.weight_decay * w
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        unbiased = self.first / (1 - 0.9**self.steps)
        root = np.sqrt(self.second / (1 - 0.999**self.steps))
        return w - self.lr * unbiased / (root + 1e-8)
