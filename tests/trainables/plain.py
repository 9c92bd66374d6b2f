"""Gradients of AUC-M and CE of a linear model, written out by hand in NumPy float64.

The independent half of the optimizers' tests: nothing here uses torch or trainables.
"""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Saddle", "ce_gradient", "ce_hessian", "sigmoid"]

Array = np.ndarray


def sigmoid(f: float) -> float:
    """1 / (1 + exp(-f))."""
    return 1 / (1 + math.exp(-f))


def ce_gradient(w: Array, x: Array, y: Array) -> Array:
    """Of the mean cross entropy of the logits x w."""
    gradient = np.zeros_like(w)
    for row, label in zip(x, y, strict=True):
        gradient += (sigmoid(float(row @ w)) - label) * row / len(y)
    return gradient


def ce_hessian(w: Array, x: Array) -> Array:
    """Of the mean cross entropy of the logits x w; labels have no part in it."""
    hessian = np.zeros((len(w), len(w)))
    for row in x:
        h = sigmoid(float(row @ w))
        hessian += h * (1 - h) * np.outer(row, row) / len(x)
    return hessian


@dataclass(frozen=True)
class Saddle:
    """F of METHODS for h = sigmoid(x w) and its partial derivatives."""

    p: float
    margin: float

    def of_v(
        self, w: Array, a: float, b: float, alpha: float, x: Array, y: Array
    ) -> tuple[Array, float, float]:
        """In w, a and b."""
        p = self.p
        in_w, in_a, in_b = np.zeros_like(w), 0.0, 0.0
        for row, label in zip(x, y, strict=True):
            h = sigmoid(float(row @ w))
            if label == 1:
                in_h = 2 * (1 - p) * (h - a) - 2 * alpha * (1 - p)
                in_a -= 2 * (1 - p) * (h - a) / len(y)
            else:
                in_h = 2 * p * (h - b) + 2 * alpha * p
                in_b -= 2 * p * (h - b) / len(y)
            in_w += in_h * h * (1 - h) * row / len(y)
        return in_w, in_a, in_b

    def of_alpha(self, w: Array, alpha: float, x: Array, y: Array) -> float:
        """In alpha: g2 - g3'."""
        p = self.p
        g2 = 2 * p * (1 - p) * self.margin
        for row, label in zip(x, y, strict=True):
            h = sigmoid(float(row @ w))
            g2 += 2 * (-(1 - p) * h if label == 1 else p * h) / len(y)
        return float(g2 - 2 * p * (1 - p) * alpha)
