"""Methods by name. A method is a frozen dataclass of hyperparameters that makes a recipe."""

from types import MappingProxyType

from trainables.method import Method
from trainables.methods.asymmetric import Asymmetric
from trainables.methods.auc_ce import AUCCE
from trainables.methods.auc_m import AUCM
from trainables.methods.auc_mixup import AUCMixup
from trainables.methods.auc_s import AUCS
from trainables.methods.ce import CE
from trainables.methods.ce_mixup import CEMixup
from trainables.methods.ce_tuned import CETuned
from trainables.methods.ct_auc import CTAUC
from trainables.methods.ct_ce import CTCE
from trainables.methods.ct_mixup import CTMixup
from trainables.methods.focal import Focal
from trainables.methods.ldam_drw import LDAMDRW
from trainables.methods.pairwise import Pairwise
from trainables.methods.soap import SOAP
from trainables.methods.sopa import SOPA
from trainables.methods.sopa_s import SOPAS
from trainables.methods.sota_s import SOTAS
from trainables.methods.ts_dec import TSDEC
from trainables.methods.ts_drw import TSDRW
from trainables.methods.two_stage import TwoStage
from trainables.methods.vector_scaling import VectorScaling
from trainables.methods.weighted_ce import WeightedCE

__all__ = ["METHODS"]

METHODS = MappingProxyType[str, type[Method]](
    {
        "ce": CE,
        "ce_tuned": CETuned,
        "focal": Focal,
        "auc_s": AUCS,
        "auc_m": AUCM,
        "auc_ce": AUCCE,
        "two_stage": TwoStage,
        "ts_drw": TSDRW,
        "ts_dec": TSDEC,
        "ct_auc": CTAUC,
        "ce_mixup": CEMixup,
        "auc_mixup": AUCMixup,
        "ct_mixup": CTMixup,
        "pairwise": Pairwise,
        "soap": SOAP,
        "sopa": SOPA,
        "sopa_s": SOPAS,
        "sota_s": SOTAS,
        "weighted_ce": WeightedCE,
        "ldam_drw": LDAMDRW,
        "vector_scaling": VectorScaling,
        "asymmetric": Asymmetric,
        "ct_ce": CTCE,
    }
)
