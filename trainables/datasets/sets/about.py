"""What is known of a data set before it is read: which files it needs, and what it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.datasets.source import missing

__all__ = ["About", "counted"]


@dataclass(frozen=True)
class About:
    """Of one data set.

    Attributes:
        title: its name, for people.
        files: what must lie in one of the folders, each a pattern, or several with " or " between
            them ("train.csv", "jpeg/train/*.jpg or train/*.jpg"); () for a set without files.
        folders: where the files may lie below the data root, in the order of the search; "" is
            the root itself.
        layout: the files in short, where there are many.
        classes: names by class id; () where the set has labels, or names none.
        positives: class ids that are positive by default; None: the upper half of them.
        labels: names of the labels of a multi-label set.
        origin: where one gets the files that cannot be downloaded here.
    """

    title: str
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ("",)
    layout: str = ""
    classes: tuple[str, ...] = ()
    positives: tuple[int, ...] | None = None
    labels: tuple[str, ...] = ()
    origin: str = ""

    @property
    def needs(self) -> str:
        """The layout in words: "train.csv and train/*.jpg in melanoma"."""
        if not self.files:
            return "no files"
        folders = " or ".join(folder or "the data root" for folder in self.folders)
        return f"{self.layout or _listed(self.files)} in {folders}"

    def place(self, root: Path) -> Path | None:
        """The first folder below ``root`` with the files, by their names; None: there is none.

        Nothing is read, and one file of a pattern is enough.
        """
        return next((place for place in self._places(root) if not self._lacking(place)), None)

    def found(self, root: Path) -> Path:
        """As ``place``.

        Raises:
            DataError: there is none; it says what is missing, and the layout.
        """
        place = self.place(root)
        if place is None:
            places = self._places(root)
            begun = max(places, key=lambda place: -len(self._lacking(place)))
            raise missing(
                self.title,
                places,
                f"lacks {_listed(self._lacking(begun))} (it needs {self.needs})",
                f"; `download: true` cannot fetch it: it comes from {self.origin}",
            )
        return place

    def _places(self, root: Path) -> list[Path]:
        return [root / folder for folder in self.folders]

    def _lacking(self, place: Path) -> list[str]:
        """Those of ``files`` that nothing fits."""
        return [
            file
            for file in self.files
            if not any(next(place.glob(pattern), None) for pattern in file.split(" or "))
        ]


def counted(what: str, have: Sequence[int], official: Sequence[int]) -> tuple[str, ...]:
    """A note for a ``Source`` whose parts have other numbers of images than the official ones."""
    if tuple(have) == tuple(official):
        return ()
    here, there = (" + ".join(f"{count:,}" for count in counts) for counts in (have, official))
    return (f"{what} has {here} images, and the official files have {there}.",)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
