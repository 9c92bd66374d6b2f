"""TS-DRW: the cross entropy until the learning rate first decays, AUC-M from there on."""

from dataclasses import dataclass

from trainables.methods.api import Context, Recipe, Stage, decays, fields
from trainables.methods.auc_m import AUCM

__all__ = ["TSDRW"]


@dataclass(frozen=True)
class TSDRW(AUCM):
    """CE with SGD, then AUC-M with PESG (deferred); nothing is re-initialised."""

    FAMILY = "two stages"
    SOURCE = f"{fields.C}; deferring: Cao et al., NeurIPS 2019 (arXiv 1906.07413)"

    def recipe(self, context: Context) -> Recipe:
        """Two stages under one schedule: AUC-M begins at lr / 10 and decays once more."""
        first, second = decays()
        return Recipe(
            [
                Stage(lambda: self.cross_entropy(context), end=first),
                Stage(lambda: self.descent(context, self.lr / 10), decays=(second,)),
            ]
        )
