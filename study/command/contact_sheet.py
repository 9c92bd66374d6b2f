"""Some images of each class of a study's data sets, on one page that works offline."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from torch import Tensor

    from study.command.data import Examined

__all__ = ["contact_sheet"]

PIXELS = 96
"""The longer side of an image on the page; smaller ones are shown larger, pixel by pixel."""

EACH = 10
"""Images of a class, or of a side of a label, at most; of the test half as many."""

ALTOGETHER = 480
"""Images of a data set: one with many classes shows fewer of each."""


@dataclass(frozen=True)
class _Row:
    """Images of one kind: "cat (negative)", or "Edema: positive"; each a data URL."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]


def contact_sheet(title: str, sets: "Sequence[Examined]") -> str:
    """A page of HTML, complete in itself.

    Args:
        title: the study's name.
        sets: its data sets.
    """
    # Names of classes and files are the user's: all that goes into the page is escaped.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = files("study").joinpath("command", "templates", "contact_sheet.html")
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        title=title,
        pixels=PIXELS,
        sets=[{"found": found, "rows": [*_rows(found)]} for found in sets],
    )


def _rows(found: "Examined") -> Iterator[_Row]:
    source = found.source
    kinds = [*_kinds(found)]
    each = max(2, min(EACH, ALTOGETHER // (2 * max(1, len(kinds)))))
    for name, value, column in kinds:
        chosen = [
            _spread(labels if column is None else labels[:, column], value, count)
            for labels, count in ((source.train_labels, each), (source.test_labels, each // 2))
        ]
        train, test = (
            tuple(_data_url(images[number]) for number in numbers)
            for images, numbers in zip(
                (source.train_images, source.test_images), chosen, strict=True
            )
        )
        if train or test:
            yield _Row(name, train, test)


def _kinds(found: "Examined") -> Iterator[tuple[str, int, int | None]]:
    """Name, label and its column (None: class ids) of every kind of image."""
    from trainables.datasets.choice import names, sides

    source = found.source
    for column, label in enumerate(source.labels):
        yield f"{label}: positive", 1, column
        yield f"{label}: negative", 0, column
    if not source.labels:
        positives = sides(source)[1]
        for number, name in enumerate(names(source)):
            yield f"{name} ({'positive' if name in positives else 'negative'})", number, None


def _spread(labels: "Tensor", value: int, count: int) -> list[int]:
    """Places of up to ``count`` images with that label, evenly spread over the part."""
    places = (labels == value).nonzero()[:, 0].tolist()
    step = max(1, len(places) // max(1, count))
    return places[::step][:count]


def _data_url(image: "Tensor") -> str:
    """A PNG of an image (C, H, W), or of the middle slice of a volume (C, D, H, W)."""
    from PIL import Image

    if image.ndim == 4:
        image = image[:, image.shape[1] // 2]
    pixels: Any = image[:3].permute(1, 2, 0).numpy()
    # Of 2 channels the first.
    picture = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[:, :, 0])
    picture.thumbnail((PIXELS, PIXELS))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
