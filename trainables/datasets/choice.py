"""Which images count as positive and which as negative, and which labels are trained."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import torch
from torch import Tensor

from trainables.datasets.source import LEFT_OUT, Source
from trainables.errors import DataError

__all__ = ["chosen", "sides"]


def chosen(
    source: Source,
    positives: Sequence[int | str] | None = None,
    negatives: Sequence[int | str] | None = None,
    labels: Sequence[str] | None = None,
) -> Source:
    """The same images, with the classes of the two sides as class ids 0 and 1, or fewer labels.

    Args:
        source: as its reader gave it.
        positives: classes, by id or name; None: all but ``negatives`` or, without these, what
            the set has for positive.
        negatives: likewise; None: all but ``positives``. Images of a class on neither side take
            part in nothing: their class id is ``LEFT_OUT``.
        labels: of a set of several labels an image, those to train, in their order; None: all.

    Returns:
        ``source`` itself if nothing is chosen. One label of several gives class ids; images that
        lack it are left out.

    Raises:
        DataError: a class or label is not there, is on both sides or named twice, or the set has
            labels where classes are named, or the reverse.
    """
    if source.labels:
        if positives is not None or negatives is not None:
            raise DataError(
                "positives and negatives are for sets of classes, and this one has labels "
                f"({', '.join(source.labels)}): name those that count under labels."
            )
        return source if labels is None else _of_labels(source, labels)
    if labels is not None:
        raise DataError(
            "labels are for sets with several labels an image, and this one has classes "
            f"({', '.join(names(source))}): name those that count under positives."
        )
    if positives is None and negatives is None:
        positives = source.positives
    if positives is None and negatives is None:
        return source
    every = range(source.n_classes)
    right = None if positives is None else _ids("positives", source, positives)
    left = None if negatives is None else _ids("negatives", source, negatives)
    if right is None:
        right = [each for each in every if each not in (left or ())]
    if left is None:
        left = [each for each in every if each not in right]
    both = sorted({*left} & {*right})
    if both:
        raise DataError(
            "positives and negatives must not overlap, and both hold "
            f"{_words(source, both)}: take it out of one of them."
        )
    if not left or not right:
        raise DataError(
            f"each side must have a class, and no class of {', '.join(names(source))} is left for "
            f"the {'positives' if left else 'negatives'}: name fewer on the other side."
        )
    table = torch.full((source.n_classes,), LEFT_OUT)
    table[left], table[right] = 0, 1
    return replace(
        source,
        train_labels=_mapped(table, source.train_labels),
        test_labels=_mapped(table, source.test_labels),
        n_classes=2,
        classes=(_words(source, left), _words(source, right)),
        positives=None,
    )


def sides(source: Source) -> tuple[list[str], list[str]]:
    """Names of the classes that are negative, and of those that are positive, of class ids.

    Without a choice the upper half of the ids is positive, the middle one of an odd number too.
    """
    every = names(source)
    cut = source.n_classes // 2
    return every[:cut], every[cut:]


def names(source: Source) -> list[str]:
    """The classes' names, by id."""
    return list(source.classes) or [str(each) for each in range(source.n_classes)]


def _mapped(table: Tensor, labels: Tensor) -> Tensor:
    known = labels.long()
    return torch.where(known == LEFT_OUT, known, table[known.clamp_min(0)])


def _words(source: Source, ids: Sequence[int]) -> str:
    every = names(source)
    return " or ".join(every[each] for each in ids)


def _ids(key: str, source: Source, wanted: Sequence[int | str]) -> list[int]:
    every = names(source)
    found = []
    for each in wanted:
        if isinstance(each, str) and each in every:
            found.append(every.index(each))
        elif isinstance(each, int) and not isinstance(each, bool) and 0 <= each < len(every):
            found.append(each)
        else:
            raise DataError(f"{key} must name classes of the set, {_known(every, each)}.")
    _refuse_twice(key, [every[each] for each in found])
    return found


def _of_labels(source: Source, wanted: Sequence[str]) -> Source:
    for each in wanted:
        if each not in source.labels:
            raise DataError(f"labels must name labels of the set, {_known(source.labels, each)}.")
    _refuse_twice("labels", wanted)
    if not wanted:
        raise DataError(f"labels must name one of {', '.join(source.labels)} at least, not none.")
    columns = [source.labels.index(each) for each in wanted]
    train, test = source.train_labels[:, columns], source.test_labels[:, columns]
    if len(columns) > 1:
        return replace(source, train_labels=train, test_labels=test, labels=tuple(wanted))
    return replace(
        source,
        train_labels=_one_label(wanted[0], train[:, 0]),
        test_labels=_one_label(wanted[0], test[:, 0]),
        classes=(f"no {wanted[0]}", wanted[0]),
        labels=(),
    )


def _one_label(name: str, label: Tensor) -> Tensor:
    missing = label.isnan()
    if bool(((label > 0) & (label < 1)).any()):
        raise DataError(
            f"one label alone must be 0, 1 or missing, and {name} has values between 0 and 1: read "
            "uncertain ones as 0, as 1 or as missing, or train several labels."
        )
    return torch.where(missing, torch.full_like(label, LEFT_OUT), label).long()


def _known(every: Sequence[str], wanted: object) -> str:
    near = get_close_matches(str(wanted), every, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"{', '.join(every)}, and {wanted!r} is none{hint}"


def _refuse_twice(key: str, found: Sequence[str]) -> None:
    for each in found:
        if list(found).count(each) > 1:
            raise DataError(f"{key} must name each one once, and {each} stands there twice.")
