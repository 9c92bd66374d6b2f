"""What every method is: hyperparameters as fields, and a recipe made of them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from trainables.errors import DataError
from trainables.hyperparameters import hyperparameters
from trainables.recipe import Context, Recipe

__all__ = ["LABELS", "LABELS_AND_CLASSES", "Method"]

LABELS = frozenset({"binary", "multi-label"})
"""For `Method.TARGETS`: one label or several."""

LABELS_AND_CLASSES = LABELS | {"classes"}
"""Also one of several classes, with a softmax."""


@dataclass(frozen=True)
class Method(ABC):
    """A way to train, as a frozen dataclass whose fields are its hyperparameters.

    Subclasses are frozen dataclasses too; each field is made by
    `trainables.hyperparameters.hyperparameter`. A method of a user's own, named as
    ``package.module:object``, also carries its search space as the class attribute ``SPACE``.

    Attributes:
        FAMILY: of the class, what sets it apart from plain cross entropy, in a few words: its loss,
            or how it is trained if that is what differs; "own": it does not say.
        SOURCE: of the class, the paper that it is of; "": none, or it is not said.
        TARGETS: of the class, the targets that it trains on: "binary", (B,), and "multi-label",
            (B, L) with NaN where a label is missing, and "classes", (B, C) one-hot, for which
            `Context.classes` is true. What a class does not name is refused.
        SOFT: of the class, whether labels may lie between 0 and 1.

    Raises:
        ValueError: a field's value is not allowed; the sentence says what is.
    """

    FAMILY: ClassVar[str] = "own"
    SOURCE: ClassVar[str] = ""
    TARGETS: ClassVar[frozenset[str]] = frozenset({"binary"})
    SOFT: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, each in hyperparameters(type(self)).items():
            each.check(getattr(self, name))

    def images_a_batch(self, of_task: int) -> int:
        """Images of a batch where the task's ``batch_size`` is ``of_task``: as many.

        A method may have more or fewer. It then takes fewer or more steps, so that its trial meets
        as many images as any other's.
        """
        return of_task

    def refuse_labels(self, labels: int, soft: bool = False, classes: bool = False) -> None:
        """Do nothing if it trains on tasks of so many labels.

        Args:
            labels: an image.
            soft: some of them lie between 0 and 1, being uncertain.
            classes: they are classes, one of which an image has.

        Raises:
            DataError: it does not.
        """
        if classes and "classes" not in self.TARGETS:
            raise DataError(
                f"a method must take the task's {labels} classes (long_tail), and "
                f"{type(self).__name__} takes labels alone: take another method, or leave "
                "long_tail out."
            )
        if labels > 1 and not classes and "multi-label" not in self.TARGETS:
            raise DataError(
                f"a method must take the task's {labels} labels at once, and {type(self).__name__} "
                "takes one: name one in the data set's `labels`, or take another method."
            )
        if soft and not self.SOFT:
            raise DataError(
                f"{type(self).__name__} takes labels of 0 and 1, and the data set has some "
                "between, which are uncertain: have them read as 0, as 1 or as missing, or take "
                "another method."
            )

    def refuse_images(self, axes: int) -> None:  # noqa: B027 - most take all
        """Do nothing if it trains on images of so many ``axes``: 3, of a volume 4; of a vector that
        stands for an image 1, of several such views 2.

        Raises:
            DataError: it does not.
        """

    @property
    def wants_partners(self) -> bool:
        """Each batch comes with another one, `Batch.partner`, drawn evenly from the two classes."""
        return False

    def share_met(self, drawn: float | Tensor, classes: bool = False) -> float | Tensor:  # noqa: ARG002
        """Share of positives, or one a label (L,) or of ``classes`` one a class (C,), that its
        losses meet where batches are drawn with the share ``drawn``: `Context.prior`.
        """
        return drawn

    @property
    def compilable(self) -> bool:
        """Its network may be compiled, which a method of second derivatives must deny."""
        return True

    @abstractmethod
    def recipe(self, context: Context) -> Recipe:
        """The parts of this method, put together for one trial. No training happens here."""
