"""PatchCamelyon: patches of lymph nodes under the microscope, with or without a metastasis.

Source: Veeling et al., "Rotation equivariant CNNs for digital pathology", MICCAI 2018 (Zenodo
record 2546921, CC0).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.hdf5 import opened, reading
from trainables.datasets.formats.resize import refuse_size, resized
from trainables.datasets.sets.about import About
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import blocks, streamed
from trainables.datasets.store.encoded import stamp
from trainables.errors import DataError

__all__ = ["ABOUT", "read_pcam"]

IMAGES = {"train": 262_144, "valid": 32_768, "test": 32_768}
"""By part."""

PIXELS, CHANNELS = 96, 3
FILE = "camelyonpatch_level_2_split_{part}_{kind}.h5"

ABOUT = About(
    "PatchCamelyon",
    files=tuple(FILE.format(part=part, kind=kind) for part in IMAGES for kind in "xy"),
    folders=("pcam", "patchcamelyon"),
    layout=FILE.format(part="{train,valid,test}", kind="{x,y}"),
    classes=("normal", "tumour"),
    origin="Zenodo, record 2546921 (gunzip its files)",
)


def read_pcam(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int = PIXELS,
) -> Source:
    """Patches of lymph nodes, colour, 96x96, without or with tumour tissue (positive).

    262,144 for training, 32,768 for validation and as many for the test, half of them positive in
    each. The official validation part is kept for every seed: its patches are of other slides.

    Args:
        root: folder of the data sets; the six files lie in ``pcam`` or ``patchcamelyon`` below.
        download: not used.
        image_size: patches are resized to squares of so many pixels.

    Raises:
        DataError: a file is missing or damaged, or holds something else.
    """
    refuse_size(image_size)
    folder = ABOUT.found(root)
    labels = {part: _labels(folder / FILE.format(part=part, kind="y"), part) for part in IMAGES}
    validation = torch.zeros(len(labels["train"]) + len(labels["valid"]), dtype=torch.bool)
    validation[len(labels["train"]) :] = True
    return Source(
        train_images=_images(folder, ("train", "valid"), image_size),
        train_labels=torch.cat([labels["train"], labels["valid"]]),
        test_images=_images(folder, ("test",), image_size),
        test_labels=labels["test"],
        n_classes=2,
        augmentation="flip",
        files=tuple(folder / name for name in ABOUT.files),
        classes=ABOUT.classes,
        validation=validation,
    )


def _labels(file: Path, part: str) -> Tensor:
    """int64 (N,)."""
    with opened(file) as content, reading(file):
        labels: NDArray[np.generic] = content["y"][:]
    if labels.shape != (IMAGES[part], 1, 1, 1) or not np.isin(labels, (0, 1)).all():
        raise _other(file, f"y of 0 and 1, {(IMAGES[part], 1, 1, 1)}", labels)
    return torch.from_numpy(labels.astype(np.int64).reshape(-1))


def _images(folder: Path, parts: tuple[str, ...], side: int) -> Tensor:
    """uint8 (N, C, H, W) of the parts, one after the other."""
    files = {folder / FILE.format(part=part, kind="x"): IMAGES[part] for part in parts}
    shape = (sum(files.values()), CHANNELS, side, side)
    made_of = [stamp(file) for file in files]
    pixels = (block for file, count in files.items() for block in _pixels(file, count, side))
    return streamed(ABOUT.title, made_of, shape, pixels)


def _pixels(file: Path, count: int, side: int) -> Iterator[NDArray[np.uint8]]:
    wanted = (count, PIXELS, PIXELS, CHANNELS)
    with opened(file) as content, reading(file):
        images = content["x"]
        if images.shape != wanted or images.dtype != np.uint8:
            raise _other(file, f"x of uint8, {wanted}", images)
        for rows in blocks(count, PIXELS * PIXELS * CHANNELS):
            tensor = torch.from_numpy(images[rows]).permute(0, 3, 1, 2)
            yield resized(tensor, side).numpy()


def _other(file: Path, wanted: str, found: Any) -> DataError:
    return DataError(
        f"{file} must be PatchCamelyon's official file, with {wanted}, and it has {found.dtype} "
        f"{found.shape}: fetch it again."
    )
