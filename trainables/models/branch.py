"""A network of the metadata: alone, or as a branch beside a network of the images.

Source: Yuan, Yan, Sonka, Yang, "Large-scale Robust Deep AUC Maximization", ICCV 2021, appendix K:
two layers of 256 and 128 beside the image network, the two outputs weighed against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from trainables.errors import DataError
from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU

__all__ = [
    "AFTER",
    "METADATA",
    "OPTIONS",
    "Branch",
    "Branched",
    "branched",
    "metadata",
    "refuse_none",
]

METADATA = "metadata"
"""The network whose input is a task's metadata instead of its images."""

OPTIONS = ("branch", "merge", "branch_from")
"""Of every network of images, see `Branch`."""

JOINT, AFTER = "joint", "after"
"""Values of ``branch``: trained together, or the branch after the image network."""

WIDTHS = 256, 128


def metadata(in_channels: int, image_size: int) -> BinaryClassifier:  # noqa: ARG001
    """Metadata alone, without the images: two hidden layers of 256 and 128 ELUs.

    The widths are the paper's. Our reading of the rest: ELU, as in its image network, and no
    BatchNorm, since the columns are standardised already.

    Args:
        in_channels: columns of the metadata, at least 1.
        image_size: not used.
    """
    layers: list[nn.Module] = []
    for before, width in zip((in_channels, *WIDTHS), WIDTHS, strict=False):
        layers += [nn.Linear(before, width), ELU()]
    return BinaryClassifier(nn.Sequential(*layers), nn.Linear(WIDTHS[-1], 1))


@dataclass(frozen=True)
class Branch:
    """What a spec says of a branch.

    Attributes:
        merge: weight of the metadata's logit, in (0, 1); the image's has the rest.
        begins: share of the trial, in (0, 1), at which the image network has been trained and the
            branch begins; None: both are trained together.
    """

    merge: float
    begins: float | None

    @classmethod
    def of(cls, name: str, options: Mapping[str, Any]) -> "Branch | None":
        """That of a network's options; None: it has none.

        Args:
            name: of the network.
            options: ``branch``: "joint" (both are trained together) or "after" (the image network
                first); ``merge``, 0.5 if not said; ``branch_from``, of "after" alone, 0.8 if not
                said.

        Raises:
            DataError: a value is not allowed, or is for a branch that is not there.
        """
        given = {option: options[option] for option in OPTIONS if option in options}
        if "branch" not in given:
            for option in given:
                raise DataError(
                    f"{option} is of a branch, and {name} has none: say branch: joint, or leave "
                    f"{option} out."
                )
            return None
        if name == METADATA:
            raise DataError(
                "a branch of metadata stands beside a network of images, and metadata is none: "
                "name such a network, or leave branch out."
            )
        when = given["branch"]
        if when not in (JOINT, AFTER):
            raise DataError(f"branch must be {JOINT} or {AFTER}, not {when!r}.")
        if when == JOINT and "branch_from" in given:
            raise DataError(
                f"branch_from is for branch: {AFTER}, and a {JOINT} branch begins with the trial: "
                "leave it out."
            )
        for option in ("merge", "branch_from"):
            value = given.get(option, 0.5)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                raise DataError(f"{option} must be a number in (0, 1), not {value!r}.")
        begins = float(given.get("branch_from", 0.8)) if when == AFTER else None
        return cls(float(given.get("merge", 0.5)), begins)


class Branched(BinaryClassifier):
    """Images and metadata: logits = (1 - merge) image's + merge metadata's.

    Args:
        image: a network of images; or, kept as it is, images to logits.
        branch: a network of metadata (B, K); None: the image's logits are all.
        merge: 0-dim, in [0, 1); one tensor may serve several of these.
        plan: what the spec says; None: this is a view of such a network for a part of a trial.

    Attributes:
        features, head: of the part that is trained; where both are, of the image network.
    """

    takes_metadata: ClassVar[bool] = True
    merge: Tensor

    def __init__(
        self,
        image: nn.Module,
        branch: BinaryClassifier | None,
        merge: Tensor,
        plan: Branch | None = None,
    ) -> None:
        nn.Module.__init__(self)
        self._frozen = ()
        self.image = image
        self.branch = branch
        self.register_buffer("merge", merge)
        self.plan = plan

    @property
    def trained(self) -> list[BinaryClassifier]:
        """The parts that are trained."""
        return [part for part in (self.image, self.branch) if isinstance(part, BinaryClassifier)]

    @property
    def features(self) -> nn.Module:  # type: ignore[override]
        """(B, C, H, W) to (B, D)."""
        return self.trained[0].features

    @property
    def head(self) -> nn.Linear:  # type: ignore[override]
        """The last layer behind `features`."""
        return self.trained[0].head

    @property
    def precision(self) -> str:
        """ "f32", "tf32" or "bf16"."""
        return self.trained[0].precision

    @precision.setter
    def precision(self, value: str) -> None:
        for part in self.trained:
            part.precision = value

    @property
    def mix_layers(self) -> tuple[str, ...]:
        """Of the image network, where that is trained."""
        return self.image.mix_layers if isinstance(self.image, BinaryClassifier) else ()

    @property
    def compiled_for(self) -> frozenset[int]:
        """Of the image network; the branch is eager, being small."""
        return self.trained[0].compiled_for

    @compiled_for.setter
    def compiled_for(self, sizes: frozenset[int]) -> None:
        self.trained[0].compiled_for = sizes

    def forward(self, images: Tensor, metadata: Tensor | None = None) -> Tensor:
        """Images (B, C, H, W) and metadata (B, K) to float32 logits, (B,) or (B, L).

        Raises:
            DataError: metadata are not given.
        """
        logits: Tensor = self.image(images)
        if self.branch is None:
            return logits
        if metadata is None:
            raise DataError(
                "a network with a branch takes images and metadata, and got images alone: call it "
                "as model(*batch.inputs)."
            )
        beside: Tensor = self.branch(metadata)
        return (1 - self.merge) * logits + self.merge * beside

    def begin_branch(self) -> None:
        """Let a branch that comes after the image network count from here on."""
        if self.plan is not None:
            self.merge.fill_(self.plan.merge)

    def have_outputs(self, outputs: int) -> None:
        """Give so many logits an image, in each part."""
        for part in self.trained:
            part.have_outputs(outputs)

    def reset_head(self, generator: torch.Generator | None = None) -> None:
        """Draw the last layer anew of each part that is trained."""
        for part in self.trained:
            part.reset_head(generator)


def branched(image: BinaryClassifier, plan: Branch, columns: int) -> Branched:
    """``image`` with a branch for so many columns of metadata.

    The branch has draws of its own, by the seed of torch's global generator, so that the image
    network is the one that it is without a branch, heads of several outputs included. One that
    comes after the image network counts for nothing (``merge`` is 0) until `begin_branch`.

    Raises:
        DataError: there are no columns.
    """
    refuse_none("a branch of metadata", columns)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(torch.initial_seed() + 1)
        branch = metadata(columns, 1)
        branch.have_outputs(image.head.out_features)
    merge = torch.tensor(plan.merge if plan.begins is None else 0.0)
    return Branched(image, branch, merge, plan)


def refuse_none(what: str, columns: int) -> None:
    """Do nothing where there are ``columns`` of metadata for ``what``.

    Raises:
        DataError: there are none.
    """
    if not columns:
        raise DataError(
            f"{what} needs a data set with metadata, and this one has none: take a set that has "
            "(`aucstudy list datasets`), name columns as `metadata` of a csv, or train on the "
            "images alone."
        )
