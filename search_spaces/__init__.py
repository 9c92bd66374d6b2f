"""Where to search: for each method, a range for each hyperparameter that is tuned."""

from types import MappingProxyType

from search_spaces import auc_m, auc_mixup, auc_s, ce, ct_auc, focal
from search_spaces.ranges import Range

__all__ = ["SPACES"]

SPACES = MappingProxyType[str, dict[str, Range]](
    {
        "ce": ce.SPACE,
        "focal": focal.SPACE,
        "auc_s": auc_s.SPACE,
        "auc_m": auc_m.SPACE,
        "auc_mixup": auc_mixup.SPACE,
        "ct_auc": ct_auc.SPACE,
    }
)
