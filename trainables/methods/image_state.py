"""What all methods share that keep numbers an image, with SGD."""

from dataclasses import dataclass

from trainables.hyperparameters import listed_after
from trainables.method import LABELS
from trainables.methods import fields
from trainables.methods.sgd import SGDMethod

__all__ = ["ImageStateMethod"]


@dataclass(frozen=True)
class ImageStateMethod(SGDMethod):
    """A method of an `trainables.losses.image_state.ImageStateLoss`, with SGD.

    The numbers of an image are moved by the positives of a batch, so that batches need some: the
    papers draw a fixed number of them, and ``positive_rate`` of the task does. A batch without
    positives moves the weights by the weight decay alone.
    """

    FAMILY = "AUPRC and partial AUC"
    TARGETS = LABELS
    SOFT = False

    margin: float = listed_after("lr", fields.pair_margin())
    score_map: str = listed_after("weight_decay", fields.score_map())
