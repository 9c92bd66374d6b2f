"""PDSCA in its three readings, in NumPy for a linear model, and the problem that it is held to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.trainables.plain import Saddle, ce_gradient, ce_hessian
from trainables.optimizers.scaling import AdaBound, AdaFom, Adam, AMSGrad, Scaling

__all__ = ["DECAYS", "SCALINGS", "STEPS", "W0", "X1", "X2", "PlainPDSCA", "Y"]

STEPS, DECAYS = 20, (8, 14)
RNG = np.random.default_rng(1)
X1, X2 = RNG.normal(size=(2, STEPS, 10, 4))
Y = (np.arange(10) < 3).astype(float)
X1[:, Y == 1] += 0.3
X2[:, Y == 1] += 0.3
W0 = RNG.normal(size=4)

Z2 = Callable[[list[np.ndarray]], np.ndarray]
"""From all squared O so far to z2."""


def ema(squares: list[np.ndarray], beta2: float = 0.2) -> np.ndarray:
    """Starts at the first square."""
    average = squares[0]
    for square in squares[1:]:
        average = (1 - beta2) * average + beta2 * square
    return average


SCALINGS: dict[str, tuple[Scaling | None, Z2, float]] = {
    "none": (None, lambda squares: np.ones_like(squares[0]), 0.0),
    "adam": (Adam(1e-3, 0.2), ema, 1e-3),
    "amsgrad": (
        AMSGrad(1e-3, 0.2),
        lambda squares: np.max([ema(squares[: i + 1]) for i in range(len(squares))], axis=0),
        1e-3,
    ),
    "adafom": (AdaFom(1e-3), lambda squares: np.mean(squares, axis=0), 1e-3),
    "adabound": (
        AdaBound(1e-3, 0.2, 2.0, 20.0),
        lambda squares: np.clip(ema(squares), 1 / 20.0**2, 1 / 2.0**2),
        1e-3,
    ),
}


@dataclass
class PlainPDSCA:
    """Yuan et al., ICLR 2022, Alg. 1, or LibAUC 2.0.1 ("moves"), step by step."""

    inner: str
    k: int
    z2: Z2
    damping: float
    inner_lr: float = 0.7
    inner_lr_decays: bool | None = None
    beta0: float = 0.8
    beta1: float = 0.6
    lr: float = 0.05
    dual_lr: float = 0.3
    epoch_decay: float = 0.05
    weight_decay: float = 0.01
    alpha_max: float = 0.05
    same_batch: bool = False
    w_factor: float = 1.0
    saddle: Saddle = Saddle(0.3, 1.0)  # noqa: RUF009 - frozen

    def run(self) -> list[np.ndarray]:
        v, alpha, lr, dual_lr = np.append(W0, [0.0, 0.0]), 0.0, self.lr, self.dual_lr
        inner_lr = self.inner_lr
        moves = self.inner == "moves"
        decays = moves if self.inner_lr_decays is None else self.inner_lr_decays
        # One u in all, or one an inner step.
        u = [W0.copy() for _ in range(1 if moves else self.k)]
        z, reference = None, v.copy()
        squares: list[np.ndarray] = []
        stage: list[np.ndarray] = []
        path = []
        for t in range(STEPS):
            s1, s2 = X1[t], X1[t] if self.same_batch else X2[t]
            if t in DECAYS:
                lr, dual_lr = lr / 10, dual_lr / 10
                inner_lr = inner_lr / 10 if decays else inner_lr
                reference, stage = np.mean(stage, axis=0), []
            starts = []
            before = v[:-2]
            for j in range(self.k):
                starts.append(before)
                target = before - inner_lr * self.w_factor * ce_gradient(before, s1, Y)
                place = 0 if moves else j
                u[place] = (1 - self.beta0) * u[place] + self.beta0 * target
                before = u[place]
            if moves:
                v = np.append(u[0], v[-2:])
            in_w, in_a, in_b = self.saddle.of_v(u[-1], v[-2], v[-1], alpha, s2, Y)
            if self.inner == "exact":
                for start in reversed(starts):
                    in_w = in_w - inner_lr * self.w_factor * ce_hessian(start, s1) @ in_w
            outer = np.append(in_w, [in_a, in_b])
            z = outer if z is None else (1 - self.beta1) * z + self.beta1 * outer
            squares.append(outer**2)
            scaled = z / (np.sqrt(self.z2(squares)) + self.damping)
            alone = self.same_batch or moves
            both_x = s2 if alone else np.concatenate([s1, s2])
            both_y = Y if alone else np.concatenate([Y, Y])
            in_alpha = self.saddle.of_alpha(u[-1], alpha, both_x, both_y)
            own = lr * np.append(np.full(4, self.w_factor), [1.0, 1.0])
            v = v - own * (scaled + self.epoch_decay * (v - reference) + self.weight_decay * v)
            alpha = min(self.alpha_max, max(0.0, alpha + dual_lr * in_alpha))
            stage.append(v)
            path.append(np.concatenate([v, [alpha], *u]))
        return path
