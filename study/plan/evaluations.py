"""What evaluation options and diagnostics cost beside a trial's plain validations and test."""

import math
from collections.abc import Mapping

from study.spec import Task
from trainables.averages.options import Options
from trainables.averages.statistics import MOST_BATCHES
from trainables.datasets.cut.part_counts import PartCount
from trainables.diagnostics.diagnostics import MOST, PROBE

__all__ = ["in_diagnostics", "in_test", "in_training"]

_BACKWARD = 3
"""Images forward that one image forward and backward costs as much as, about."""


def in_training(options: Options, task: Task, images: Mapping[str, PartCount]) -> float:
    """Images that go forward in a trial's validations besides: the passes for the statistics of
    BatchNorm, of which a network without it has none.
    """
    share = 1.0 if options.ema is not None else options.swa or 0.0
    return math.ceil(task.intervals * share) * _statistics(options, task, images)


def in_test(options: Options, task: Task, images: Mapping[str, PartCount]) -> float:
    """Images that go forward in a trial's test besides: augmented copies of the test and of the
    validation images, and the test without the options.
    """
    if not (options.averages or options.tta or options.best):
        return 0.0
    test, validation = images["test"].images, images["validation"].images
    copies = (options.tta or 1) * (test + validation)
    return copies + _statistics(options, task, images)


def in_diagnostics(task: Task, images: Mapping[str, PartCount]) -> float:
    """Images that go forward in the diagnostics of a confirm trial; none of several labels."""
    if len(images["train"].positives) != 1:
        return 0.0
    by_class = {part: (*images[part].positives, *images[part].negatives) for part in images}
    forward = sum(min(each, MOST) for part in ("train", "test") for each in by_class[part])
    probes = sum(min(each, PROBE, task.batch_size) for each in by_class["train"])
    return float(task.intervals * (forward + _BACKWARD * probes))


def _statistics(options: Options, task: Task, images: Mapping[str, PartCount]) -> float:
    train = images["train"].images
    size = min(task.batch_size, train)
    return min(MOST_BATCHES, train // size) * size if options.averages else 0.0
