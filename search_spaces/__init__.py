"""Where to search: for each method, a range for each hyperparameter that is tuned.

A method's file may also say in ``PAIRS`` which hyperparameters belong together, such as
``(("lr", "margin"),)``: the report then draws how the two act together, where both are tuned.
"imratio" in a pair stands for the imbalance ratio.
"""

from types import MappingProxyType, ModuleType

from search_spaces import (
    asymmetric,
    auc_ce,
    auc_m,
    auc_mixup,
    auc_s,
    ce,
    ce_mixup,
    ce_tuned,
    ct_auc,
    ct_ce,
    ct_mixup,
    focal,
    ldam_drw,
    pairwise,
    soap,
    sopa,
    sopa_s,
    sota_s,
    ts_dec,
    ts_drw,
    two_stage,
    vector_scaling,
    weighted_ce,
)
from search_spaces.ranges import Range

__all__ = ["PAIRS", "SPACES"]

_FILES: dict[str, ModuleType] = {
    "ce": ce,
    "ce_tuned": ce_tuned,
    "focal": focal,
    "auc_s": auc_s,
    "auc_m": auc_m,
    "auc_ce": auc_ce,
    "two_stage": two_stage,
    "ts_drw": ts_drw,
    "ts_dec": ts_dec,
    "ct_auc": ct_auc,
    "ce_mixup": ce_mixup,
    "auc_mixup": auc_mixup,
    "ct_mixup": ct_mixup,
    "pairwise": pairwise,
    "soap": soap,
    "sopa": sopa,
    "sopa_s": sopa_s,
    "sota_s": sota_s,
    "weighted_ce": weighted_ce,
    "ldam_drw": ldam_drw,
    "vector_scaling": vector_scaling,
    "asymmetric": asymmetric,
    "ct_ce": ct_ce,
}

SPACES = MappingProxyType[str, dict[str, Range]](
    {method: file.SPACE for method, file in _FILES.items()}
)

PAIRS = MappingProxyType[str, tuple[tuple[str, str], ...]](
    {method: getattr(file, "PAIRS", ()) for method, file in _FILES.items()}
)
"""By method; empty where its file names none."""
