"""CheXpert: frontal chest X-rays, whose labels a program read from the reports.

Source: Irvin et al., "CheXpert", AAAI 2019 (from Stanford). ``train.csv`` is for training and
validation; ``valid.csv``, which radiologists labelled, is the test part, as in Yuan et al., ICLR
2022. A blank (not mentioned) is a 0, as in LibAUC 2.0.1.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.choice import chosen
from trainables.datasets.formats.csv_table import Table, numbered, numbers, read_columns
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.metadata import Metadata
from trainables.datasets.sets.about import About, counted
from trainables.datasets.source import Source
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.parts import two_parts
from trainables.datasets.store.photos import Undecodable
from trainables.errors import DataError

__all__ = ["ABOUT", "COMPETITION", "LABELS", "read_chexpert"]

LABELS = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
"""In the order of the files' columns."""

COMPETITION = ("Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion")
"""The labels of the authors' competition, which the papers train."""

UNCERTAIN = {
    "zeros": (0.0, 0.0),
    "ones": (1.0, 1.0),
    "smooth": (0.55, 0.85),
    "ignore": (np.nan, np.nan),
}
"""From where to where an uncertain label is drawn; "smooth" after Pham et al., "Interpreting chest
X-rays via CNNs that exploit hierarchical disease dependencies", Neurocomputing 2021."""

SEED = 0
"""Of that draw, which no data seed changes."""

IMAGES = (191_027, 202)
"""Frontal ones."""

FILES = ("train.csv", "valid.csv")

VIEW = "Frontal/Lateral"

ABOUT = About(
    "CheXpert",
    files=(*FILES, "train/*", "valid/*"),
    folders=("CheXpert-v1.0-small", "CheXpert-v1.0", "chexpert"),
    labels=LABELS,
    origin="Stanford, which asks for a registration",
)


def read_chexpert(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    image_size: int = 224,
    resize: Literal["crop", "squash"] = "crop",
    labels: str | Sequence[str] = COMPETITION,
    uncertain: str | Mapping[str, str] = "ignore",
    undecodable: Undecodable = "stop",
) -> Source:
    """Chest X-rays, grey, with five labels (of 14) an image, some of them uncertain.

    Of the official files these are 191,027 frontal images for training and 202 for the test.
    Images of one patient stay together; age and sex are metadata.

    Args:
        root: folder of the data sets. One of ``ABOUT.folders`` below holds both CSV files and the
            images under the paths that these name, less their first folder.
        download: not used: Stanford asks for a registration.
        image_size: images become squares of so many pixels.
        resize: see ``Decoding``.
        labels: names of ``LABELS``. Of one alone, images that lack it are left out.
        uncertain: what a -1 means in training: "zeros", "ones", "smooth" (a number from 0.55 to
            0.85), "ignore" (missing), for all labels, or by label with "ignore" for the others.
        undecodable: "stop" at an image that cannot be decoded, or "skip" it.

    Raises:
        DataError: a file or an image is not there, or a column holds what it should not.
    """
    folder = ABOUT.found(root)
    files = tuple(folder / name for name in FILES)
    tables = [_frontal(file) for file in files]
    paths = [str(path) for table in tables for path in table["Path"]]
    images = [folder.joinpath(*Path(path).parts[1:]) for path in paths]
    is_test = np.arange(len(paths)) >= len(tables[0]["Path"])
    found = two_parts(
        ABOUT.title,
        lambda rows: Files([images[row] for row in rows]),
        ~is_test,
        is_test,
        Decoding(image_size, 1, resize),
        undecodable,
    )
    parts = tuple(zip(files, tables, strict=True))
    known = torch.cat(
        [
            _settled(_labels(*part), _ranges(policy))
            for part, policy in zip(parts, (uncertain, "ignore"), strict=True)
        ]
    )
    groups = numbered([_patient(path) for path in paths])
    sex = np.concatenate([table["Sex"] for table in tables])
    age = np.concatenate([numbers(file, "Age", table["Age"]) for file, table in parts])
    metadata = Metadata({"Sex": np.where(sex == "Unknown", "", sex), "Age": age})
    train, test = found.train, found.test
    counts = (len(paths) - int(is_test.sum()), int(is_test.sum()))
    source = Source(
        train_images=found.train_images,
        train_labels=known[train],
        test_images=found.test_images,
        test_labels=known[test],
        n_classes=2,
        files=files,
        labels=LABELS,
        train_groups=groups[train],
        test_groups=groups[test],
        train_metadata=metadata.rows(train),
        test_metadata=metadata.rows(test),
        notes=(*found.notes, *counted(ABOUT.title, counts, IMAGES)),
    )
    return chosen(source, labels=[labels] if isinstance(labels, str) else labels)


def _frontal(file: Path) -> Table:
    """The columns of the frontal images in ``file``."""
    table = read_columns(file, ("Path", "Sex", "Age", VIEW, *LABELS))
    frontal = table[VIEW] == "Frontal"
    if not frontal.any():
        raise DataError(
            f"{file} must have frontal images, and no row says 'Frontal' in the column {VIEW!r}: "
            "take the official file."
        )
    return {name: column[frontal] for name, column in table.items()}


def _patient(path: str) -> str:
    """Of CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg, patient00001."""
    found = next((part for part in Path(path).parts if part.startswith("patient")), None)
    if found is None:
        raise DataError(f"CheXpert's paths must have a folder patientNNNNN, and {path!r} has none.")
    return found


def _labels(file: Path, table: Table) -> NDArray[np.float64]:
    """(N, 14): 1, 0 (also for a blank) or -1 (uncertain)."""
    found = np.stack([numbers(file, name, table[name]) for name in LABELS], 1)
    found[np.isnan(found)] = 0
    wrong = found[~np.isin(found, (-1, 0, 1))]
    if len(wrong):
        raise DataError(
            f"{file} must have 1, 0, -1 or nothing as labels, and one is {wrong[0]:g}: take the "
            "official file."
        )
    return found


def _settled(labels: NDArray[np.float64], ranges: Mapping[str, tuple[float, float]]) -> Tensor:
    """float32 (N, 14) in [0, 1], NaN where missing: each -1 drawn from its label's range."""
    low, high = np.array([ranges[name] for name in LABELS]).T
    drawn = np.random.default_rng(SEED).uniform(size=labels.shape) * (high - low) + low
    return torch.from_numpy(np.where(labels < 0, drawn, labels).astype(np.float32))


def _ranges(uncertain: str | Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """By label."""
    said = dict(uncertain) if isinstance(uncertain, Mapping) else dict.fromkeys(LABELS, uncertain)
    for name, policy in said.items():
        if name not in LABELS:
            raise DataError(
                f"uncertain must be said of CheXpert's labels, {', '.join(LABELS)}, and {name!r} "
                "is none."
            )
        if not isinstance(policy, str) or policy not in UNCERTAIN:
            raise DataError(
                f"uncertain must be one of {', '.join(UNCERTAIN)}, or one of them by label, not "
                f"{policy!r}."
            )
    return {name: UNCERTAIN[said.get(name, "ignore")] for name in LABELS}
