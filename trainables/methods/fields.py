"""Hyperparameters that several methods share, so that one name means one thing everywhere."""

from trainables.batches.mixes import MIXES, NONE
from trainables.hyperparameters import hyperparameter
from trainables.losses.score_maps import SCORE_MAPS

__all__ = [
    "DUAL_LR",
    "LDAM",
    "C",
    "M",
    "X",
    "Z",
    "beta",
    "class_beta",
    "clip",
    "dual_lr",
    "epoch_decay",
    "focal_alpha",
    "focal_gamma",
    "image_gamma",
    "kl",
    "lr",
    "margin",
    "max_margin",
    "mix",
    "mixup_alpha",
    "mixup_draw",
    "mixup_variance",
    "momentum",
    "optimizer",
    "pair_margin",
    "prior",
    "project_alpha",
    "reference",
    "sam_rho",
    "score_map",
    "sgd_momentum",
    "weight_decay",
]

M = "Yuan et al., ICCV 2021 (arXiv 2012.03173)"
FOCAL = "Lin et al., ICCV 2017: its best pair"
LDAM = "Cao et al., NeurIPS 2019 (arXiv 1906.07413)"
C = "Yuan et al., ICLR 2022 (compositional training)"
X = "Xv, Li, Yang, AUC-mixup (arXiv 2310.11693)"
Z = "Zhu et al., ICML 2022 (arXiv 2203.00176)"

_MIXED = tuple(name for name in MIXES if name != NONE)

DUAL_LR = 0.1
"""Of alpha beside Adam: at Adam's own rates, about 0.001, alpha stays at 0, where the loss pulls no
class from the other.
"""


def lr() -> float:
    """Learning rate, 0.1 by default."""
    return hyperparameter(
        0.1,
        help="learning rate; divided by 10 at 50 % and 75 % of the steps",
        source=f"{M}, benchmark sets",
        low=0,
        open_low=True,
    )


def weight_decay() -> float:
    """Weight decay, 1e-4 by default."""
    return hyperparameter(
        1e-4, help="weight decay on every trained parameter", source=f"{M}, benchmark sets", low=0
    )


def sgd_momentum() -> float:
    """Momentum of plain SGD, none by default."""
    return hyperparameter(
        0.0,
        help="momentum of SGD, alone or in sam (torch's form: the past is added, not averaged); "
        "0: none; adam and adamw have their own instead",
        source="an option; the papers state none",
        low=0,
        high=1,
        open_high=True,
        only_with={"optimizer": ("sgd", "sam")},
    )


def momentum() -> float:
    """Momentum of PESG, none by default."""
    return hyperparameter(
        0.0,
        help="weight of the past in an average of the direction of pesg, sgd and sam; 0: no "
        "average; adam and adamw have their own instead",
        source=f"an option; none in {M}, Alg. 1",
        low=0,
        high=1,
        open_high=True,
        only_with={"optimizer": ("pesg", "sgd", "sam")},
    )


def optimizer(own: str, *, sgd: str = "") -> str:
    """The optimizer, a method's ``own`` by default, which is SAM's base as well.

    Args:
        own: "sgd" or "pesg".
        sgd: what is to be said of SGD where it is not the own one.
    """
    others = [name for name in ("sgd", "adam", "adamw") if name != own]
    return hyperparameter(
        own,
        help=f"{sgd}adam and adamw want an lr of about 0.001; sam: {own} by the gradient where the "
        "loss is worst within sam_rho, two passes a step",
        source=f"{own}: as the papers; adam: Kingma and Ba, ICLR 2015; adamw: Loshchilov and "
        "Hutter, ICLR 2019; sam: Foret et al., ICLR 2021 (arXiv 2010.01412)",
        choices=(own, *others, "sam"),
    )


def sam_rho() -> float:
    """Radius of SAM, 0.05 by default."""
    return hyperparameter(
        0.05,
        help="how far from the weights sam looks for the worst loss; of optimizer sam alone",
        source="Foret et al., ICLR 2021 (arXiv 2010.01412), sec. 3.1",
        unit="norm of all weights together",
        low=0,
        only_with={"optimizer": ("sam",), "pretrain_optimizer": ("sam",)},
    )


def dual_lr() -> float | None:
    """Learning rate of alpha beside an optimizer of one's choice."""
    return hyperparameter(
        None,
        help="learning rate of alpha, whose steps are plain; null: lr, with adam and adamw "
        f"{DUAL_LR:g}; it decays with lr",
        source=f"{M}, Alg. 1: lr; its own beside Adam: Guo et al., arXiv 2112.03459",
        low=0,
    )


def clip() -> float | None:
    """Clipping of the gradient, none by default."""
    return hyperparameter(
        None,
        help="bound on the size of every entry of the gradient; null: no bound",
        source=f"an option; none in {M}, Alg. 1",
        low=0,
        open_low=True,
    )


def epoch_decay(only: str = "") -> float:
    """Pull to the reference point, 1/500 by default; ``only``: where, if not always."""
    return hyperparameter(
        1 / 500,
        help="pull to the reference point, the mean of the weights in the stage before" + only,
        source=f"{M}: its gamma, tried from 1/1000 to 1/100",
        low=0,
        only_with={"optimizer": ("pesg", "sam")},
    )


def reference(only: str = "") -> str:
    """Where the reference point starts, at the initial weights by default; ``only``: as there."""
    return hyperparameter(
        "start",
        help="where the reference point of epoch_decay starts: at the weights of the start; or "
        "near_zero, at normal draws of deviation 0.01, so that until the first decay epoch_decay "
        "is mostly a weight decay" + only,
        source=f"start: {M}, Alg. 1; near_zero: LibAUC 2.0.1",
        choices=("start", "near_zero"),
        only_with={"optimizer": ("pesg", "sam")},
    )


def margin() -> float:
    """Margin of AUC-M, 1 by default."""
    return hyperparameter(
        1.0,
        help="m, how far the mean scores of the classes are to lie apart",
        source=f"{M}, app. I, and {C}",
        unit="score (depends on score_map)",
        low=0,
        open_low=True,
    )


def pair_margin() -> float:
    """Margin of a pair, 1 by default."""
    return hyperparameter(
        1.0,
        help="m, how far the score of a positive is to lie above that of a negative",
        source="1: LibAUC 2.0.1, tried from 0.1 to 1",
        unit="score (depends on score_map)",
        low=0,
        open_low=True,
    )


def image_gamma() -> float:
    """Weight of the newest value in the averages of each image, 0.9 by default."""
    return hyperparameter(
        0.9,
        help="gamma, weight of the newest value in the averages that are kept of each image; 1: no "
        "average",
        source="0.9: LibAUC 2.0.1, tried from 0.1 to 0.9",
        low=0,
        high=1,
        open_low=True,
    )


def kl(images: str) -> float:
    """Weight of the divergence in a KL-regularised worst case over ``images``, 1 by default."""
    return hyperparameter(
        1.0,
        help=f"weight of the KL divergence: the smaller, the more the worst {images} count",
        source=f"{Z}; 1: LibAUC 2.0.1, tried from 0.1 to 10",
        unit="cost of a pair",
        low=0,
        open_low=True,
    )


def class_beta(default: float) -> float:
    """Beta of class-balanced weights."""
    return hyperparameter(
        default,
        help="a class of n images weighs as (1 - beta) / (1 - beta^n); 0: all alike, 1: as 1 / n",
        source="Cui et al., CVPR 2019 (arXiv 1901.05555), tried from 0.9 to 0.9999",
        low=0,
        high=1,
        only_with={"outer": ("weighted_ce",)},
    )


def focal_alpha() -> float:
    """Alpha of the focal loss, 0.25 by default."""
    return hyperparameter(
        0.25,
        help="weight of the positives; the negatives weigh 1 - focal_alpha; of several classes "
        "that of all alike",
        source=FOCAL,
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        only_with={"outer": ("focal",)},
    )


def focal_gamma() -> float:
    """Gamma of the focal loss, 2 by default."""
    return hyperparameter(
        2.0,
        help="the larger, the less the easy images count; 0: balanced cross entropy",
        source=FOCAL,
        low=0,
        only_with={"outer": ("focal",)},
    )


def max_margin() -> float:
    """Largest margin of LDAM, 0.5 by default."""
    return hyperparameter(
        0.5,
        help="margin of the rarest class; that of the others by n^(-1/4)",
        source=f"{LDAM}, sec. 4",
        unit="logit",
        low=0,
        only_with={"outer": ("ldam",)},
    )


def score_map() -> str:
    """Score map, sigmoid by default."""
    return hyperparameter(
        "sigmoid",
        help="from logits to the scores that the loss compares; bsn: batch score normalisation",
        source=f"LibAUC 2.0.1; bsn: {M}, sec. 4.1",
        choices=tuple(SCORE_MAPS),
    )


def prior(*, free: bool = False) -> float | str:
    """Prior of an AUC loss, that of the training set by default; ``free`` allows "free" too."""
    words = ("dataset", "batch", "free") if free else ("dataset", "batch")
    return hyperparameter(
        "dataset",
        help="share of positives in the loss: of the training set, of each batch, or a number"
        + ("; free: the prior-free form" if free else ""),
        source=f"{M}: p of its objective",
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        choices=words,
    )


def mix(default: str = NONE) -> str:
    """How the images of a batch are mixed, by default not at all."""
    return hyperparameter(
        default,
        help="how the images of a batch are mixed, and their labels with them; each mix with its "
        "source in docs/methods.md",
        source="an option; none in the paper" if default == NONE else "Zhang et al., ICLR 2018",
        choices=tuple(MIXES),
    )


def mixup_alpha() -> float:
    """Strength of a mix, 1 by default."""
    return hyperparameter(
        1.0,
        help="lambda of the mix ~ Beta(mixup_alpha, mixup_alpha), of balanced_mixup "
        "Beta(mixup_alpha, 1); 0: nothing is mixed",
        source="Zhang et al., mixup, ICLR 2018 (arXiv 1710.09412), sec. 3.2: CIFAR",
        low=0,
        only_with={"mix": _MIXED},
    )


def mixup_draw() -> str:
    """How often lambda is drawn, once a batch by default."""
    return hyperparameter(
        "batch",
        help="lambda of the mix is drawn once a batch or once a sample",
        source=f"{X} leaves it open; batch: Zhang et al., ICLR 2018",
        choices=("batch", "sample"),
        only_with={"mix": _MIXED},
    )


def mixup_variance() -> str:
    """Labels in the variance terms of AUC-mixup, soft by default."""
    return hyperparameter(
        "soft",
        help="labels in the variance terms: soft, or hard (1 from a half on)",
        source=f"{X} leaves it open",
        choices=("soft", "hard"),
    )


def project_alpha() -> bool:
    """The constraint alpha >= 0, on by default."""
    return hyperparameter(
        True,
        help="keep alpha at 0 or above; false: an ablation",
        source=f"{M}, Alg. 1 and fig. 4",
    )


def beta(average: str) -> float:
    """Weight of the newest value in one of PDSCA's averages, 0.9 by default."""
    return hyperparameter(
        0.9,
        help=f"weight of the newest value in the average of {average}; 1: no average",
        source=f"{C}, Alg. 1; good about 0.9",
        low=0,
        high=1,
        open_low=True,
    )
