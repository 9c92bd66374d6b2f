"""A Gaussian process over all searched hyperparameters, and what one of them does on average.

The prior is a sum, as in functional ANOVA: a level, one smooth function of each hyperparameter
(Duvenaud, Nickisch, Rasmussen, NeurIPS 2011), one of all together, and noise. With few trials a
function of all together alone has seen too little of its space to tell the parts from each other.

What is drawn is the partial dependence (Friedman 2001): the function averaged over the trials'
values of the other hyperparameters. Its posterior is that of the average, not the average of
posteriors. Widths and strengths have priors, too, and are not fixed at their likeliest values: a
band that took those for granted would be too narrow. They are drawn from a normal approximation at
the posterior's mode, whose curvature is the expected (Fisher) information and the prior's.

The design of the search does not matter for the likelihood, so that trials of a guided sampler may
enter: where they did not look, the band is wide.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel, WhiteKernel

__all__ = ["CONFIDENCE", "Effect", "Parts", "Smooth", "fit"]

CONFIDENCE = 0.95
"""Of a band, point by point."""
HALF = 2.2
"""Half the width of a band, in standard deviations: 1.96, and an eighth for what the normal
approximation of widths and strengths leaves out. In simulations (25 and 60 rows, 1 to 7 dimensions,
smooth functions) the band then holds the truth at ``CONFIDENCE`` of the places."""
DRAWS = 8
"""Draws of widths and strengths."""
JITTER = 1e-8

Floats = NDArray[np.float64]
# Log of a part's variance, where that of the heights is 1; of a width, where the range that was
# tried is 1; of the noise's variance: mean and standard deviation of each prior.
_STRENGTH, _WIDTH, _NOISE = (-1.5, 1.5), (-0.5, 0.8), (-1.6, 1.2)
_BOUNDS = (1e-4, 1e3)


class Parts(Kernel):
    """Covariance of a level, a function of each dimension, and one of all.

    k(x, y) = 1 + sum_i mains_i e_i + joint prod_i e_i, e_i = exp(-((x_i - y_i) / widths_i)^2 / 2).

    Args:
        mains: (d,) variances of the functions of one dimension.
        widths: (d,) their widths.
        joint: variance of the function of all dimensions.
    """

    def __init__(self, mains: ArrayLike, widths: ArrayLike, joint: float) -> None:
        self.mains = mains
        self.widths = widths
        self.joint = joint

    @property
    def hyperparameter_joint(self) -> Hyperparameter:
        return Hyperparameter("joint", "numeric", _BOUNDS)

    @property
    def hyperparameter_mains(self) -> Hyperparameter:
        return Hyperparameter("mains", "numeric", _BOUNDS, np.size(self.mains))

    @property
    def hyperparameter_widths(self) -> Hyperparameter:
        return Hyperparameter("widths", "numeric", _BOUNDS, np.size(self.widths))

    def squares(self, x: Floats, y: Floats) -> Floats:
        """(d, len(x), len(y)): squared distances along each dimension, in widths."""
        apart = (x.T[:, :, None] - y.T[:, None, :]) / np.reshape(self.widths, (-1, 1, 1))
        return np.asarray(apart**2)

    def __call__(self, X: Floats, Y: Floats | None = None, eval_gradient: bool = False) -> Any:  # noqa: N803
        squares = self.squares(X, X if Y is None else Y)
        mains = np.reshape(self.mains, (-1, 1, 1)) * np.exp(-0.5 * squares)
        joint = self.joint * np.exp(-0.5 * squares.sum(axis=0))
        covariance = 1 + mains.sum(axis=0) + joint
        if not eval_gradient:
            return covariance
        # By the logarithms, in the order of the names: joint, mains, widths.
        gradient = np.concatenate([joint[None], mains, (mains + joint) * squares])
        return covariance, np.moveaxis(gradient, 0, -1)

    def diag(self, X: Floats) -> Floats:  # noqa: N803
        return np.full(len(X), 1 + np.sum(self.mains) + self.joint)

    def is_stationary(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Effect:
    """What one dimension does, averaged over the others, at G places.

    Attributes:
        mean: (G,) the posterior's mean, in the unit of the heights.
        covariance: (G, G) its covariance.
    """

    mean: Floats
    covariance: Floats

    @property
    def band(self) -> tuple[Floats, Floats]:
        """Where the average lies at ``CONFIDENCE``, place by place: (lower, upper)."""
        half = HALF * np.sqrt(np.maximum(np.diag(self.covariance), 0))
        return self.mean - half, self.mean + half

    def draws(self, count: int, draw: np.random.Generator) -> Floats:
        """(count, G): functions from the posterior."""
        strengths, directions = np.linalg.eigh(self.covariance)
        spread = np.sqrt(np.maximum(strengths, 0)) * directions
        return np.asarray(self.mean + draw.normal(size=(count, len(self.mean))) @ spread.T)


@dataclass(frozen=True, eq=False)
class _Draw:
    """One draw of widths and strengths, and what of it every effect needs.

    Attributes:
        parts: the kernel, without noise.
        noise: its variance.
        factor, weights: Cholesky factor of the heights' covariance; its inverse times the heights.
        squares: (d, n, n) as ``Parts.squares`` gives them; square: (n, n) their sum.
        mains: (d, n, n) covariances of the functions of one dimension; main: (n, n) their sum.
    """

    parts: Parts
    noise: float
    factor: Floats
    weights: Floats
    squares: Floats
    square: Floats
    mains: Floats
    main: Floats


@dataclass(frozen=True, eq=False)
class Smooth:
    """Heights over d dimensions.

    Attributes:
        x: (n, d) places of the rows, from 0 to 1.
        centre, scale: of the heights; what is fitted is (height - centre) / scale.
        kernel: at the posterior's mode, with its noise.
    """

    x: Floats
    centre: float
    scale: float
    kernel: Kernel
    draws: Sequence[_Draw]

    def effect(self, dimension: int, at: ArrayLike, rows: ArrayLike | None = None) -> Effect:
        """Partial dependence on a dimension.

        Args:
            at: (G,) places along it.
            rows: over whose values of the other dimensions is averaged, as indices into ``x``;
                None: all.
        """
        places = np.asarray(at, dtype=float)
        inside = slice(None) if rows is None else np.asarray(rows)
        found = [self._effect(draw, dimension, places, inside) for draw in self.draws]
        means = np.stack([mean for mean, _ in found])
        mean = means.mean(axis=0)
        between = (means - mean).T @ (means - mean) / len(means)
        covariance = np.mean([own for _, own in found], axis=0) + between
        return Effect(self.centre + self.scale * mean, self.scale**2 * covariance)

    def _effect(
        self, draw: _Draw, dimension: int, at: Floats, rows: slice | NDArray[np.intp]
    ) -> tuple[Floats, Floats]:
        """Mean and covariance with one draw: each part of the kernel is averaged by itself."""
        rest = (draw.main - draw.mains[dimension])[rows].mean(axis=0)
        apart = (draw.square - draw.squares[dimension])[rows]
        beside = draw.parts.joint * np.exp(-0.5 * apart)
        width = np.ravel(draw.parts.widths)[dimension]
        main = np.ravel(draw.parts.mains)[dimension]
        along, between = (
            np.exp(-0.5 * ((at[:, None] - other) / width) ** 2)
            for other in (self.x[:, dimension], at)
        )
        cross = 1 + rest + along * (main + beside.mean(axis=0))
        prior = 1 + rest[rows].mean() + between * (main + beside[:, rows].mean())
        seen = solve_triangular(draw.factor, cross.T, lower=True)
        return cross @ draw.weights, prior - seen.T @ seen


def fit(x: ArrayLike, heights: ArrayLike) -> Smooth:
    """The process through rows at ``x`` (n, d), from 0 to 1, with ``heights`` (n,)."""
    places, height = np.asarray(x, dtype=float), np.asarray(heights, dtype=float)
    centre, scale = float(height.mean()), float(height.std()) or 1.0
    z = (height - centre) / scale
    count = places.shape[1]
    prior = np.array([_STRENGTH, *[_STRENGTH] * count, *[_WIDTH] * count, _NOISE])
    mean, deviation = prior.T

    def mode(
        negative: Callable[[Floats], tuple[float, Floats]], start: Floats, bounds: Floats
    ) -> tuple[Floats, float]:
        def objective(theta: Floats) -> tuple[float, Floats]:
            value, slope = negative(theta)
            off = (theta - mean) / deviation
            return value + 0.5 * float(off @ off), slope + off / deviation

        options = {"ftol": 1e-5, "maxiter": 60}
        found = minimize(objective, start, jac=True, bounds=bounds, options=options)
        return found.x, found.fun

    start = np.exp(mean)
    parts = Parts(start[1 : 1 + count], start[1 + count : -1], start[0])
    model = GaussianProcessRegressor(
        parts + WhiteKernel(start[-1], _BOUNDS), alpha=JITTER, optimizer=mode
    )
    with warnings.catch_warnings():
        # Heights without noise end at a bound, which is what it is for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(places, z)
    likeliest = model.kernel_.theta
    _, slopes = model.kernel_(places, eval_gradient=True)
    n = len(places)
    ratios = cho_solve((model.L_, True), slopes.reshape(n, -1)).reshape(n, n, -1)
    information = 0.5 * np.einsum("ijk,jil->kl", ratios, ratios, optimize=True)
    curvature = np.linalg.cholesky(information + np.diag(deviation**-2))
    noise = np.random.default_rng(0).normal(size=(len(mean), DRAWS))
    thetas = likeliest[:, None] + np.linalg.solve(curvature.T, noise)
    draws = [_draw(model.kernel_.clone_with_theta(theta), places, z) for theta in thetas.T]
    return Smooth(places, centre, scale, model.kernel_, draws)


def _draw(kernel: Kernel, x: Floats, z: Floats) -> _Draw:
    parts: Parts = kernel.k1
    squares = parts.squares(x, x)
    mains = np.reshape(parts.mains, (-1, 1, 1)) * np.exp(-0.5 * squares)
    square, main = squares.sum(axis=0), mains.sum(axis=0)
    covariance = 1 + main + parts.joint * np.exp(-0.5 * square)
    noise = float(kernel.k2.noise_level)
    factor = np.linalg.cholesky(covariance + (noise + JITTER) * np.eye(len(x)))
    return _Draw(parts, noise, factor, cho_solve((factor, True), z), squares, square, mains, main)
