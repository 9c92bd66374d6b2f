"""TS-DEC: a whole run of the cross entropy, then a new classifier on its features with AUC-M."""

from dataclasses import dataclass, replace

from trainables.methods.api import (
    Context,
    Recipe,
    Stage,
    decays,
    fields,
    head_only,
    hyperparameter,
)
from trainables.methods.auc_m import AUCM

__all__ = ["TSDEC"]


@dataclass(frozen=True)
class TSDEC(AUCM):
    """CE with SGD, then a new last layer alone, by AUC-M with PESG (decoupled).

    The paper adds 10 epochs to the full run. Here they are part of the trial, its last tenth, so
    that all methods have equal budgets: in a trial of 100 epochs the last 10 are the classifier's.
    The features are fixed there, with their BatchNorm statistics.
    """

    FAMILY = "two stages"
    SOURCE = f"{fields.C}; decoupling: Kang et al., ICLR 2020"

    head_lr: float = hyperparameter(
        0.01,
        help="learning rate of the new classifier; it does not decay",
        source=fields.C,
        low=0,
        open_low=True,
    )
    head_share: float = hyperparameter(
        0.1,
        help="share of the trial, its end, in which the new classifier is trained",
        source=f"{fields.C}: 10 epochs, a tenth of its benchmarks' 100",
        low=0,
        high=1,
        open_low=True,
        open_high=True,
    )

    def recipe(self, context: Context) -> Recipe:
        """Two stages; that of CE has the schedule of a whole run."""
        share = 1 - self.head_share
        head = replace(context, model=head_only(context.model))
        return Recipe(
            [
                Stage(lambda: self.cross_entropy(context), end=share, decays=decays(0.0, share)),
                Stage(
                    lambda: self.descent(head, self.head_lr),
                    prepare=lambda: context.model.reset_head(context.generator),
                ),
            ]
        )
