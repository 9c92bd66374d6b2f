"""What all methods of compositional training share: PDSCA and its hyperparameters.

`PDSCAMethod` takes any outer loss; `CompositionalMethod` one of AUC, with its margin and alpha.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from trainables.hyperparameters import hyperparameter, listed_after
from trainables.losses.ce import ce_loss
from trainables.losses.softmax import softmax_ce
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.mixing import MixingMethod
from trainables.methods.parts import by_label, one_stage, reference_of
from trainables.optimizers.inner import Given
from trainables.optimizers.pdsca import INNER, PDSCA
from trainables.optimizers.scaling import AdaBound, AdaFom, Adam, AMSGrad, Scaling
from trainables.optimizers.taylor import taylor_terms
from trainables.recipe import Context, Recipe
from trainables.updates import Compositional, Mix, unmixed

__all__ = ["CompositionalMethod", "PDSCAMethod"]

_ALG = f"{fields.C}, Alg. 1"


def _inner(before: str | None = None) -> str:
    """What an inner step does; ``before``: what methods did that are older than the choice."""
    return hyperparameter(
        "moves",
        help="what an inner step does: it moves the weights w, as the authors' library has it; or "
        "it gives a point u to look from, as printed, without (looks_ahead) or with (exact) the "
        "Hessian",
        source=f"moves: LibAUC 2.0.1; looks_ahead, exact: {_ALG}",
        choices=tuple(INNER),
        before=before,
    )


def _bound(default: float, which: str) -> float:
    """A bound of AdaBound's scale, the "least" or the "largest"."""
    return hyperparameter(
        default,
        help=f"{which} scale 1 / sqrt(z2) of adabound",
        source="ours",
        low=0,
        open_low=True,
        only_with={"second_moment": ("adabound",)},
    )


@dataclass(frozen=True)
class PDSCAMethod(Method):
    """A method of inner CE and an outer loss, with PDSCA."""

    FAMILY = "compositional"

    lr: float = fields.lr()
    inner: str = _inner()
    inner_lr: float = hyperparameter(
        0.1,
        help="learning rate of the inner steps",
        source=f"{_ALG}; 0.1, 0.05 or 0.01 on medical sets",
        low=0,
    )
    inner_lr_decays: bool | None = hyperparameter(
        None,
        help="inner_lr decays with lr; null: as the source of inner has it, true for moves and "
        "false for looks_ahead and exact",
        source="LibAUC 2.0.1: true",
    )
    inner_steps: int = hyperparameter(
        1, help="k, inner steps on the cross entropy a step", source=f"{fields.C}, table 2", low=1
    )
    beta0: float = fields.beta("the inner points u")
    beta1: float = fields.beta("the outer gradient z")
    epoch_decay: float = fields.epoch_decay()
    reference: str = fields.reference()
    weight_decay: float = fields.weight_decay()
    same_batch: bool = hyperparameter(
        False,
        help="one batch for the inner and the outer step instead of two independent ones",
        source=f"{fields.C}, table 2: an ablation",
    )
    evaluate: str = hyperparameter(
        "w",
        help="the weights that are validated and tested: w, or the average u of the inner steps",
        source="an option; the paper does not say",
        choices=("w", "u"),
    )
    second_moment: str = hyperparameter(
        "none",
        help="z2, the squares that the direction is divided by the root of; none: 1",
        source=f"{_ALG}; none in all of its runs",
        choices=("none", "adam", "amsgrad", "adafom", "adabound"),
    )
    beta2: float = hyperparameter(
        0.001,
        help="weight of the newest square in adam, amsgrad and adabound",
        source="Kingma and Ba, ICLR 2015: its beta2 is one minus this",
        low=0,
        high=1,
        open_low=True,
        only_with={"second_moment": ("adam", "amsgrad", "adabound")},
    )
    damping: float = hyperparameter(
        1e-8,
        help="G0, added to the root of z2 unless second_moment is none",
        source="Kingma and Ba, ICLR 2015: its epsilon",
        low=0,
        open_low=True,
        only_with={"second_moment": ("adam", "amsgrad", "adafom", "adabound")},
    )
    bound_low: float = _bound(1.0, "least")
    bound_high: float = _bound(100.0, "largest")
    taylor_terms: bool = hyperparameter(
        False,
        help="report the terms of the Taylor expansion of one inner step in each trial's curve: "
        "the objective that looks_ahead and exact descend on, whatever inner is; "
        "it changes no result (with bf16 the rest is mostly rounding)",
        source=f"{fields.C}, fig. 2",
    )

    @property
    def compilable(self) -> bool:
        """Not with the Hessian of the inner steps: compiled networks have first derivatives."""
        return super().compilable and self.inner != "exact"

    def compositional(
        self, context: Context, loss: Callable[[], nn.Module], mix: Mix | None = None
    ) -> Recipe:
        """One stage of PDSCA on the cross entropy and ``loss``, made when the stage begins.

        ``mix`` is done to each batch first; None: what `mixing` gives.
        """
        done = self.mixing(context) if mix is None else mix
        return one_stage(
            lambda: self._update(context, loss(), done), batches=1 if self.same_batch else 2
        )

    def mixing(self, context: Context) -> Mix:  # noqa: ARG002
        """What is done to each batch: nothing."""
        return unmixed

    def dual(self, context: Context) -> tuple[float, float | None]:  # noqa: ARG002
        """The learning rate of alpha and its upper bound, of no use where a loss has no alpha."""
        return self.lr, None

    def _update(self, context: Context, loss: nn.Module, mix: Mix) -> Compositional:
        dual_lr, alpha_max = self.dual(context)
        inner_loss = softmax_ce if context.classes else ce_loss
        optimizer = PDSCA(
            context.model,
            loss.to(context.device),
            inner_loss,
            inner=self.inner,
            lr=self.lr,
            dual_lr=dual_lr,
            inner_lr=self.inner_lr,
            inner_lr_decays=self.inner_lr_decays,
            inner_steps=self.inner_steps,
            beta0=self.beta0,
            beta1=self.beta1,
            epoch_decay=self.epoch_decay,
            reference=reference_of(self.reference, context),
            weight_decay=self.weight_decay,
            alpha_max=alpha_max,
            scaling=_SCALINGS[self.second_moment](self),
        )

        def terms(given: Given, targets: Tensor) -> dict[str, float]:
            rate = float(optimizer.inner_lr)
            return taylor_terms(context.model, loss, inner_loss, rate, given, targets)

        shown = terms if self.taylor_terms else None
        return Compositional(loss, optimizer, self.evaluate == "u", mix, shown)


@dataclass(frozen=True)
class CompositionalMethod(MixingMethod, PDSCAMethod):
    """A method of inner CE and outer AUC loss, with PDSCA."""

    inner: str = _inner(before="looks_ahead")
    margin: float = listed_after("beta1", fields.margin())
    score_map: str = listed_after("weight_decay", fields.score_map())
    dual_lr: float | None = listed_after(
        "evaluate",
        hyperparameter(None, help="learning rate of alpha; null: lr", source=_ALG, low=0),
    )
    alpha_max: float | None = listed_after(
        "dual_lr",
        hyperparameter(
            None, help="upper bound of alpha; null: no bound", source=_ALG, low=0, open_low=True
        ),
    )

    def dual(self, context: Context) -> tuple[float, float | None]:
        """The learning rate of alpha, so that a label learns as it would alone, and its bound."""
        lr = self.lr if self.dual_lr is None else self.dual_lr
        return by_label(lr, context), self.alpha_max


_SCALINGS: Mapping[str, Callable[[PDSCAMethod], Scaling | None]] = MappingProxyType(
    {
        "none": lambda _: None,
        "adam": lambda method: Adam(method.damping, method.beta2),
        "amsgrad": lambda method: AMSGrad(method.damping, method.beta2),
        "adafom": lambda method: AdaFom(method.damping),
        "adabound": lambda method: AdaBound(
            method.damping, method.beta2, method.bound_low, method.bound_high
        ),
    }
)
