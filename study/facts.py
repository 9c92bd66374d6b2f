"""What a study says of its data: which classes and labels count, and how many images there are."""

from collections.abc import Iterator
from typing import Any

from study.spec import StudySpec, Task, data_root, network_of, ratios
from study.spec.network_options import networks_tried
from trainables.datasets.cache import read_source
from trainables.datasets.choice import names, sides
from trainables.datasets.cut.part_counts import PartCount, part_counts
from trainables.datasets.source import Source
from trainables.models import begins_with
from trainables.models.branch import METADATA
from trainables.models.features import DRAWN, EMBEDDED, Features, of_images

__all__ = ["data_facts"]


def data_facts(spec: StudySpec) -> dict[str, dict[str, Any]]:
    """By task, as plain JSON.

    Returns:
        {"negatives", "positives": names of the classes on each side, "labels": names of the labels
        where an image has several, "notes": sentences on data, weights and metadata,
        "parts": by imratio ("0.1", or "natural"), {"train", "validation", "test"}, each {"images",
        "positives" and "negatives": by label, "groups": patients, or null}}. Where the cut hangs on
        groups or on several labels, the counts of training and validation are those of one data
        seed, near those of all.
    """
    return {task.name: _facts(spec, task) for task in spec.tasks}


def _facts(spec: StudySpec, task: Task) -> dict[str, Any]:
    source = read_source(task.dataset.name, data_root(spec), data=task.dataset.options)
    labels = list(source.labels) if task.long_tail is None else names(source)
    negatives, positives = ([], []) if labels else sides(source)
    return {
        "negatives": negatives,
        "positives": positives,
        "labels": labels,
        "notes": [
            *source.notes,
            *_of_classes(task),
            *_of_features(task),
            *_of_weights(spec, task, source),
            *_of_metadata(spec, task, source),
        ],
        "parts": {
            "natural" if imratio is None else f"{imratio:g}": {
                part: _count(found)
                for part, found in part_counts(
                    source,
                    imratio,
                    task.validation,
                    task.easy_positives,
                    long_tail=task.long_tail,
                ).items()
            }
            for imratio in ratios(spec, task)
        },
    }


def _of_classes(task: Task) -> Iterator[str]:
    if task.long_tail is not None:
        yield (
            "Each image has exactly one of the labels, its class; the training images of the "
            f"classes, in this order, fall exponentially, by {task.long_tail:g} in all."
        )


def _of_features(task: Task) -> Iterator[str]:
    if task.model.name == EMBEDDED:
        asked = Features.of(task.model.options)
        views = "" if asked.views == 1 else f", a training image in {asked.views} views"
        of = "drawn weights" if asked.weights == DRAWN else "its weights"
        yield (
            f"Every image was embedded once by {asked.features} with {of}, which stay as they are"
            f"{views}; trials train a head on these features ({asked.head})."
        )


def _of_weights(spec: StudySpec, task: Task, source: Source) -> Iterator[str]:
    shape = source.train_images.shape
    networks = [network_of(spec, task), *(each for _, each in networks_tried(spec, task))]
    for named in {each.options.get("weights"): each for each in reversed(networks)}.values():
        name, options = of_images(named.name, named.options)
        taken = begins_with(name, options, shape[1], shape[-1], data_root(spec))
        if taken is not None:
            yield (
                f"{name} begins with {options['weights']}: {taken}. The head is drawn, and images "
                "are normalised as these weights want it."
            )


def _of_metadata(spec: StudySpec, task: Task, source: Source) -> Iterator[str]:
    metadata = source.train_metadata
    network = network_of(spec, task)
    alone = network.name == METADATA
    if metadata is not None and (alone or "branch" in network.options):
        yield (
            f"{network.shown} takes metadata {'instead of' if alone else 'beside'} the images: "
            f"{', '.join(metadata.columns)}. Numbers are standardised, a category and what is "
            "missing have a column each, all after the training part."
        )


def _count(part: PartCount) -> dict[str, Any]:
    return {
        "images": part.images,
        "positives": list(part.positives),
        "negatives": list(part.negatives),
        "groups": part.groups,
    }
