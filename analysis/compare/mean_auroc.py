"""Intervals of a method's mean AUROC over other test images, and over other seeds as well.

DeLong's variance is too small where few images are ranked wrongly: the draw that happens to hold
none of them shows no spread. So the image of each class that lies farthest from its class's mean
placement counts twice in the variance, a pseudo-observation that is next to nothing among many
images and a lot where one image makes the spread; where images are drawn together, it is those
drawn with it. The interval is Student's on the logit scale.
Where every run ranks every image rightly, there is no spread at all; the lower end is then the
AUROC whose error (Hanley and McNeil 1982) just reaches 1 (Newcombe, Stat Med 2006, method 5).
"""

import math
from statistics import NormalDist

import numpy as np
from scipy import optimize

from analysis.compare.delong import Placements, seeds_and_images
from analysis.compare.intervals import LEVEL, NO_INTERVAL, Interval, logit_interval
from study.plan.power import hanley_mcneil_error

__all__ = ["over_images", "over_seeds_and_images"]


def over_images(places: Placements) -> Interval:
    """Over other test images, with these models."""
    mean = float(places.auroc.mean())
    if mean in (0.0, 1.0):
        return _without_error(mean, places)
    return logit_interval(mean, _cautious(places).error, math.inf)


def over_seeds_and_images(places: Placements) -> Interval:
    """Over other seeds and other test images, with seeds as readers (Obuchowski and Rockette 1995).

    None for one seed. Seeds that all came to the same AUROC leave nothing open but the images.
    """
    # Without rounding, equal AUROCs would show a spread.
    auroc = places.auroc.round(12)
    if len(auroc) < 2:
        return NO_INTERVAL
    if np.ptp(auroc) == 0:
        return over_images(places)
    error, freedom = seeds_and_images(auroc, _cautious(places).covariance)
    return logit_interval(float(auroc.mean()), error, freedom)


def _cautious(places: Placements) -> Placements:
    """The placements with the farthest image of each class twice."""
    numbers = places.drawn or (None,) * len(places.parts)
    free = max((int(of.max()) for of in places.drawn or ()), default=0) + 1
    parts, drawn = [], []
    for label, (part, of) in enumerate(zip(places.parts, numbers, strict=True)):
        of_image = part.mean(axis=0)
        apart = of_image - of_image.mean()
        if of is None:
            again = np.array([np.abs(apart).argmax()])
        else:
            _, place = np.unique(of, return_inverse=True)
            again = np.flatnonzero(place == np.abs(np.bincount(place, apart)).argmax())
            drawn.append(np.append(of, np.full(len(again), free + label)))
        parts.append(np.hstack([part, part[:, again]]))
    return Placements(tuple(parts), tuple(drawn) if places.drawn else None)


def _without_error(mean: float, places: Placements) -> Interval:
    """Of an AUROC of exactly 0 or 1."""
    normal = NormalDist().inv_cdf((1 + LEVEL) / 2)
    positives, negatives = places.draws

    def beyond(auroc: float) -> float:
        return 1 - auroc - normal * hanley_mcneil_error(auroc, positives, negatives)

    low = float(optimize.brentq(beyond, 0.0, 1 - 1e-12))
    return Interval(low, 1.0) if mean else Interval(0.0, 1 - low)
