"""An .npz file of the user's own, read array by array, never all of it in memory."""

from pathlib import Path

from trainables.datasets.formats.npz_file import NpzFile
from trainables.datasets.own.archive import source_of
from trainables.datasets.own.listed import placed
from trainables.datasets.source import Source, missing

__all__ = ["read_npz"]


def read_npz(
    root: Path,
    download: bool,  # noqa: ARG001
    *,
    npz: str,
    image_size: int | None = None,
) -> Source:
    """Images of one's own in an .npz file: 2-D or 3-D, with MedMNIST's names or images and labels.

    Args:
        root: folder of the data sets.
        download: not used.
        npz: the file; a relative path counts from the folder of the data sets. Of its arrays see
            `trainables.datasets.own.archive.source_of`.
        image_size: pixels of the squares that 2-D images become; None: as they are.

    Raises:
        DataError: the file is missing or damaged, or holds something else.
    """
    file = placed(root, npz)
    if not file.is_file():
        raise missing(f"the file {npz!r}", [file], download="")
    return source_of(NpzFile(file), image_size)
