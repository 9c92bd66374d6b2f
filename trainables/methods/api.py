"""All that a method is made of, for one import: ``from trainables.methods.api import ...``.

- What a method is: `Method`, its fields by `hyperparameter` (`listed_after`) or from `fields`, a
  `Recipe` of `Stage`, made for a `Context`; its `images_a_batch`, for batches of another size; its
  `TARGETS`, which are `LABELS` if it takes several labels, and `LABELS_AND_CLASSES` if it has a
  loss of a softmax for `Context.classes` besides.
- Bases with their hyperparameters: `SGDMethod` for a loss with SGD, `ImageStateMethod` for one that
  keeps numbers of each image; with a mix `SoftSGDMethod` for a loss of soft labels with SGD,
  `PESGMethod` for an AUC loss, `CompositionalMethod` for compositional training of one,
  `MixingMethod` for any other; `PDSCAMethod` for compositional training of any other loss.
- Losses, with `ImageStateLoss` for one that keeps numbers of each image; `Mixup` and `Cutout` for
  batches.
- Parts of a stage: `one_stage`, `decays`; updates by `descent` (an optimizer by name; also `sgd`,
  `adam`) and, of an AUC loss, by `pesg`; `warmed_up` for a learning rate that rises first;
  `head_only` for a model whose last layer alone is trained; `prior_of` for the field ``prior``.
- For an update of one's own: `Update`, `Batch`, `Descent` with `divide_lr`, `SharpDescent`,
  `Compositional`, `Mix` (to be called by `mixed`), `then`, `unmixed`.

A method's search space is made by ``search_spaces.ranges``.
"""

from trainables.batches.cutout import Cutout
from trainables.batches.mixes.mixup import Mixup
from trainables.hyperparameters import hyperparameter, listed_after, listed_last
from trainables.losses.asymmetric import AsymmetricLoss
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.losses.auc_mixup import AUCMixupLoss
from trainables.losses.auc_square import AUCSquareLoss
from trainables.losses.average_precision import APLoss
from trainables.losses.ce import CELoss
from trainables.losses.class_balanced import ClassBalancedCELoss
from trainables.losses.focal import FocalLoss
from trainables.losses.image_state import ImageStateLoss
from trainables.losses.ldam import LDAMLoss
from trainables.losses.pairwise import PairwiseLoss
from trainables.losses.partial_auc import OneWayCVaRLoss, OneWayKLLoss, TwoWayKLLoss
from trainables.losses.softmax import (
    SoftmaxCELoss,
    SoftmaxFocalLoss,
    SoftmaxLDAMLoss,
    SoftmaxVSLoss,
    class_weights,
)
from trainables.losses.vector_scaling import VSLoss
from trainables.losses.weighted_ce import WeightedCELoss
from trainables.method import LABELS, LABELS_AND_CLASSES, Method
from trainables.methods import fields
from trainables.methods.compositional import CompositionalMethod, PDSCAMethod
from trainables.methods.image_state import ImageStateMethod
from trainables.methods.mixing import MixingMethod
from trainables.methods.parts import adam, descent, one_stage, pesg, prior_of, sgd, warmed_up
from trainables.methods.pesg import PESGMethod
from trainables.methods.sgd import SGDMethod
from trainables.methods.soft_sgd import SoftSGDMethod
from trainables.models.frozen import head_only
from trainables.optimizers.proximal import divide_lr
from trainables.recipe import Batch, Context, Recipe, Stage, Update, decays
from trainables.updates import Compositional, Descent, Mix, SharpDescent, mixed, then, unmixed

__all__ = [
    "LABELS",
    "LABELS_AND_CLASSES",
    "APLoss",
    "AUCLoss",
    "AUCMarginLoss",
    "AUCMixupLoss",
    "AUCSquareLoss",
    "AsymmetricLoss",
    "Batch",
    "CELoss",
    "ClassBalancedCELoss",
    "Compositional",
    "CompositionalMethod",
    "Context",
    "Cutout",
    "Descent",
    "FocalLoss",
    "ImageStateLoss",
    "ImageStateMethod",
    "LDAMLoss",
    "Method",
    "Mix",
    "MixingMethod",
    "Mixup",
    "OneWayCVaRLoss",
    "OneWayKLLoss",
    "PDSCAMethod",
    "PESGMethod",
    "PairwiseLoss",
    "PriorFreeAUCMarginLoss",
    "Recipe",
    "SGDMethod",
    "SharpDescent",
    "SoftSGDMethod",
    "SoftmaxCELoss",
    "SoftmaxFocalLoss",
    "SoftmaxLDAMLoss",
    "SoftmaxVSLoss",
    "Stage",
    "TwoWayKLLoss",
    "Update",
    "VSLoss",
    "WeightedCELoss",
    "adam",
    "class_weights",
    "decays",
    "descent",
    "divide_lr",
    "fields",
    "head_only",
    "hyperparameter",
    "listed_after",
    "listed_last",
    "mixed",
    "one_stage",
    "pesg",
    "prior_of",
    "sgd",
    "then",
    "unmixed",
    "warmed_up",
]
