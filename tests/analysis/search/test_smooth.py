"""The process against scikit-learn's own prediction, and against functions that are known."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import WhiteKernel

from analysis.search.smooth import CONFIDENCE, Floats, Parts, Smooth, fit

PLACES = np.linspace(0, 1, 25)
NOISE = 0.006
NUISANCE = 0.035
TRUTHS: dict[str, Callable[[Floats], Floats]] = {
    "peak": lambda x: -0.12 * (x - 0.65) ** 2,
    "rise": lambda x: 0.03 * x,
    "waves": lambda x: 0.02 * np.sin(6 * x),
    "flat": lambda x: 0 * x,
}


def _rows(draw: np.random.Generator, truth: str, count: int, dimensions: int) -> tuple[Floats, ...]:
    """Rows of a known function of the first dimension, with a strong nuisance along the second."""
    x = draw.uniform(size=(count, dimensions))
    nuisance = -NUISANCE * (3 * x[:, 1] - 2) ** 2 if dimensions > 1 else np.zeros(count)
    noise = draw.normal(0, NOISE, count)
    return x, 0.9 + TRUTHS[truth](x[:, 0]) + nuisance + noise, nuisance


def _truth(truth: str, nuisance: Floats) -> Floats:
    """The partial dependence on the first dimension: the nuisance at its mean over the rows."""
    return np.asarray(0.9 + TRUTHS[truth](PLACES) + nuisance.mean())


def test_the_kernels_slope_is_that_of_its_values() -> None:
    x = np.random.default_rng(0).uniform(size=(6, 2))
    kernel = Parts([0.3, 0.7], [0.2, 1.5], 0.4)
    _, slope = kernel(x, eval_gradient=True)
    theta = kernel.theta
    for i in range(6):
        for j in range(6):

            def value(at: Floats, i: int = i, j: int = j) -> float:
                return float(kernel.clone_with_theta(at)(x)[i, j])

            np.testing.assert_allclose(slope[i, j], optimize.approx_fprime(theta, value), atol=1e-6)
    np.testing.assert_allclose(kernel.diag(x), np.diag(kernel(x)))


def _by_hand(
    smooth: Smooth, z: Floats, dimension: int, at: Floats, rows: Floats
) -> tuple[Floats, Floats]:
    """Each place with each row's other values, predicted together, then averaged."""
    grid = np.repeat(smooth.x[rows][None], len(at), axis=0)
    grid[:, :, dimension] = at[:, None]
    average = np.kron(np.eye(len(at)), np.full(len(rows), 1 / len(rows)))
    means, covariances = [], []
    for draw in smooth.draws:
        noise = WhiteKernel(draw.noise, "fixed")
        model = GaussianProcessRegressor(draw.parts + noise, alpha=1e-8, optimizer=None)
        model.fit(smooth.x, z)
        joint = grid.reshape(-1, smooth.x.shape[1])
        mean = model.predict(joint)
        cross = draw.parts(joint, smooth.x)
        inside = np.linalg.inv(model.kernel_(smooth.x) + 1e-8 * np.eye(len(z)))
        covariance = draw.parts(joint) - cross @ inside @ cross.T
        means.append(average @ mean)
        covariances.append(average @ covariance @ average.T)
    mean = np.mean(means, axis=0)
    return mean, np.mean(covariances, axis=0) + np.cov(np.stack(means).T, ddof=0)


@pytest.mark.parametrize("rows", [range(20), range(5, 20, 3)])
def test_an_effect_is_the_posterior_of_the_average(rows: range) -> None:
    draw = np.random.default_rng(1)
    x, y, _ = _rows(draw, "peak", 20, 3)
    smooth = fit(x, y)
    at = np.array([0.0, 0.4, 1.0])
    z = (y - smooth.centre) / smooth.scale
    mean, covariance = _by_hand(smooth, z, 0, at, np.array(rows))
    effect = smooth.effect(0, at, list(rows))
    np.testing.assert_allclose(effect.mean, smooth.centre + smooth.scale * mean, atol=1e-7)
    np.testing.assert_allclose(effect.covariance, smooth.scale**2 * covariance, atol=1e-8)


def test_draws_have_the_effects_mean_and_covariance() -> None:
    x, y, _ = _rows(np.random.default_rng(2), "waves", 30, 2)
    effect = fit(x, y).effect(0, [0.1, 0.5, 0.9])
    drawn = effect.draws(20_000, np.random.default_rng(0))
    deviation = np.sqrt(np.diag(effect.covariance))
    np.testing.assert_allclose(drawn.mean(axis=0), effect.mean, atol=0.05 * deviation.max())
    np.testing.assert_allclose(np.cov(drawn.T), effect.covariance, atol=0.05 * deviation.max() ** 2)


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize(("count", "dimensions"), [(25, 1), (25, 4), (50, 7)])
def test_the_band_holds_a_known_function_and_the_peak_is_where_it_is(
    truth: str, count: int, dimensions: int
) -> None:
    draw = np.random.default_rng(3)
    held, peaks, swings = [], [], []
    for _ in range(30):
        x, y, nuisance = _rows(draw, truth, count, dimensions)
        effect = fit(x, y).effect(0, PLACES)
        lower, upper = effect.band
        known = _truth(truth, nuisance)
        held.append(float(((lower <= known) & (known <= upper)).mean()))
        peaks.append(PLACES[effect.mean.argmax()])
        swings.append(float(np.ptp(effect.mean)))
    # Places of one study go together: the studies are the sample.
    error = np.std(held) / np.sqrt(len(held))
    assert np.mean(held) + 3.1 * error > CONFIDENCE - 0.02
    best = PLACES[TRUTHS[truth](PLACES).argmax()]
    if truth == "flat":
        # Its swing stays below the noise of a single row, where bins of five would give twice it.
        assert np.mean(swings) < NOISE
    else:
        assert np.mean(peaks) == pytest.approx(best, abs=0.06)
