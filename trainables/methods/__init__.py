"""Methods by name. A method is a frozen dataclass of hyperparameters that makes a recipe."""

from types import MappingProxyType

from trainables.method import Method
from trainables.methods.auc_m import AUCM
from trainables.methods.auc_mixup import AUCMixup
from trainables.methods.auc_s import AUCS
from trainables.methods.ce import CE
from trainables.methods.ct_auc import CTAUC
from trainables.methods.focal import Focal

__all__ = ["METHODS"]

METHODS = MappingProxyType[str, type[Method]](
    {
        "ce": CE,
        "focal": Focal,
        "auc_s": AUCS,
        "auc_m": AUCM,
        "auc_mixup": AUCMixup,
        "ct_auc": CTAUC,
    }
)
