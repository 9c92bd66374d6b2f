"""Vector scaling: CE of logits that are scaled and shifted by class, with SGD."""

from dataclasses import dataclass

from torch import Tensor, nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    Context,
    SoftmaxVSLoss,
    SoftSGDMethod,
    VSLoss,
    hyperparameter,
    listed_after,
)

__all__ = ["VectorScaling"]


@dataclass(frozen=True)
class VectorScaling(SoftSGDMethod):
    """VS loss: CE of logits scaled and shifted by class (``vs_gamma: 0``: logit-adjusted CE), SGD.

    Only the forms in training are methods here: what is added to all test scores alike changes no
    AUROC. Of several classes ``vs_gamma: 0, tau: 1`` is balanced softmax (Ren et al., NeurIPS
    2020, arXiv 2007.10740).
    """

    FAMILY = "imbalance-aware cross entropy"
    SOURCE = (
        "Kini et al., NeurIPS 2021 (arXiv 2103.01550); Menon et al., ICLR 2021 (arXiv 2007.07314)"
    )
    TARGETS = LABELS_AND_CLASSES

    vs_gamma: float = listed_after(
        "lr",
        hyperparameter(
            0.15,
            help="a class's logits are multiplied by (n / the larger n) to this power; 0: by 1, "
            "which is logit-adjusted CE",
            source="Kini et al., NeurIPS 2021 (arXiv 2103.01550): CIFAR-10",
            low=0,
        ),
    )
    tau: float = listed_after(
        "vs_gamma",
        hyperparameter(
            1.25,
            help="how many log odds of the classes are added to the logits in training",
            source="Kini et al., NeurIPS 2021 (arXiv 2103.01550): CIFAR-10; 1 in Menon et al., "
            "ICLR 2021 (arXiv 2007.07314)",
            low=0,
        ),
    )

    def loss(self, context: Context) -> nn.Module:
        """The VS loss."""
        if context.classes:
            assert isinstance(context.prior, Tensor)
            return SoftmaxVSLoss(context.prior, self.vs_gamma, self.tau)
        return VSLoss(context.prior, self.vs_gamma, self.tau)
