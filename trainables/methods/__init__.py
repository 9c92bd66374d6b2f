"""Methods by name. A method is a frozen dataclass of hyperparameters that makes a recipe."""

from types import MappingProxyType

from trainables.method import Method
from trainables.methods.auc_m import AUCM
from trainables.methods.ce import CE

__all__ = ["METHODS"]

METHODS = MappingProxyType[str, type[Method]]({"ce": CE, "auc_m": AUCM})
