"""AUC + CE: AUC-M and the cross entropy added, with PESG."""

from dataclasses import dataclass

from trainables.methods.api import Context, Recipe, fields, hyperparameter, one_stage
from trainables.methods.auc_m import AUCM

__all__ = ["AUCCE"]


@dataclass(frozen=True)
class AUCCE(AUCM):
    """AUC-M loss + ce_weight x CE loss, PESG."""

    SOURCE = fields.C

    ce_weight: float = hyperparameter(
        0.5,
        help="weight of the cross entropy beside AUC-M",
        source=f"{fields.C}: 0.25, 0.5 or 0.75",
        low=0,
    )

    def recipe(self, context: Context) -> Recipe:
        """One stage of PESG on the sum."""
        return one_stage(lambda: self.descent(context, self.lr, self.ce_weight))
