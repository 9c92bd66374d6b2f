"""Where to search: for each method, a range for each hyperparameter that is tuned."""

from types import MappingProxyType

from search_spaces import (
    auc_ce,
    auc_m,
    auc_mixup,
    auc_s,
    ce,
    ce_mixup,
    ct_auc,
    ct_mixup,
    focal,
    ts_dec,
    ts_drw,
    two_stage,
)
from search_spaces.ranges import Range

__all__ = ["SPACES"]

SPACES = MappingProxyType[str, dict[str, Range]](
    {
        "ce": ce.SPACE,
        "focal": focal.SPACE,
        "auc_s": auc_s.SPACE,
        "auc_m": auc_m.SPACE,
        "auc_ce": auc_ce.SPACE,
        "two_stage": two_stage.SPACE,
        "ts_drw": ts_drw.SPACE,
        "ts_dec": ts_dec.SPACE,
        "ct_auc": ct_auc.SPACE,
        "ce_mixup": ce_mixup.SPACE,
        "auc_mixup": auc_mixup.SPACE,
        "ct_mixup": ct_mixup.SPACE,
    }
)
