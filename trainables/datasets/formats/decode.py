"""One encoded image to pixels: PNG, JPEG, WebP, TIFF, BMP, 16-bit grey, and DICOM.

Orientation in EXIF is respected, transparency is dropped. 16 bits become 8 over the whole range
(0 to 65535), so that images of a set compare; DICOM takes the window that its file names.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SUFFIXES", "Decoding", "Look", "decode", "look"]

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".dcm", ".dicom")
"""Of files that are images, in lower case."""

WIDE_GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N")
GREY = ("1", "L", "LA", *WIDE_GREY)

GAP = 2
"""A JPEG may be decoded at an eighth, quarter or half of its size where that is still so many times
the size wanted, which the reduction that follows hides (Pillow's own figure for thumbnails)."""


@dataclass(frozen=True)
class Decoding:
    """How encoded images become pixels.

    Attributes:
        image_size: height and width to be; None: as the images are, which must be squares of one
            size then.
        channels: 1 (grey) or 3 (RGB); None: 3 if any image of the set has colour, else 1.
        resize: "crop": the shorter side becomes ``image_size`` and the middle is kept; "squash":
            both sides do.

    Raises:
        DataError: another value.
    """

    image_size: int | None = None
    channels: Literal[1, 3] | None = None
    resize: Literal["crop", "squash"] = "crop"

    def __post_init__(self) -> None:
        size: Any = self.image_size
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
            raise DataError(f"image_size must be a whole number of at least 1, not {size!r}.")
        if self.channels not in (None, 1, 3):
            raise DataError(f"channels must be 1 (grey) or 3 (RGB), not {self.channels!r}.")
        if self.resize not in ("crop", "squash"):
            raise DataError(
                "resize must be crop (shorter side, then the middle) or squash, not "
                f"{self.resize!r}."
            )


@dataclass(frozen=True)
class Look:
    """What the head of an image says: pixels, before any turn that EXIF asks for, and colour."""

    width: int
    height: int
    colour: bool


def look(stream: BinaryIO) -> Look:
    """Read the head of an image alone.

    Raises:
        Exception: it is no image; of any kind.
    """
    if _is_dicom(stream):
        head = _dicom(stream, pixels=False)
        return Look(int(head.Columns), int(head.Rows), int(head.get("SamplesPerPixel", 1)) > 1)
    with _opened(stream) as image:
        mode = image.mode
        if mode == "P" and image.palette is not None:
            mode = image.palette.mode
        return Look(*image.size, mode not in GREY)


def decode(stream: BinaryIO, how: Decoding) -> NDArray[np.uint8]:
    """The pixels of an image, uint8 (C, H, W).

    Raises:
        Exception: it is no whole image; of any kind.
    """
    if _is_dicom(stream):
        # Here, because most studies do without it.
        from PIL import Image

        image = Image.fromarray(_windowed(_dicom(stream)))
    else:
        image = _opened(stream)
    with image:
        pixels = np.asarray(_fitted(image, how))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _opened(stream: BinaryIO) -> "Image":
    from PIL import Image

    return Image.open(stream, formats=FORMATS)


def _fitted(image: "Image", how: Decoding) -> "Image":
    """8 bits, upright, in the size and with the channels wanted."""
    from PIL import Image, ImageOps

    size = how.image_size
    if size is not None:
        image.draft(None, (GAP * size, GAP * size))
    upright = ImageOps.exif_transpose(image)
    channels = how.channels or (1 if upright.mode in GREY else 3)
    if upright.mode in WIDE_GREY:
        upright = Image.fromarray(_from_16_bits(np.asarray(upright)))
    if upright.mode == "F":
        raise ValueError("its pixels are floating-point numbers, which have no range of their own")
    ready = upright.convert("L" if channels == 1 else "RGB")
    if size is None or ready.size == (size, size):
        return ready
    width, height = ready.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side) if how.resize == "crop" else None
    return ready.resize((size, size), Image.Resampling.BILINEAR, box)


def _from_16_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    wide = pixels.astype(np.int64)
    if wide.min() < 0 or wide.max() > 65535:
        raise ValueError(f"its pixels go from {wide.min()} to {wide.max()}, beyond 16 bits")
    return ((wide + 128) // 257).astype(np.uint8)


def _is_dicom(stream: BinaryIO) -> bool:
    head = stream.read(132)
    stream.seek(0)
    return head[128:] == b"DICM"


def _dicom(stream: BinaryIO, *, pixels: bool = True) -> Any:
    try:
        from pydicom import dcmread
    except ImportError as error:
        raise DataError(
            "DICOM images need the package pydicom: pip install 'aucstudy[dicom]'."
        ) from error
    return dcmread(stream, stop_before_pixels=not pixels)


def _windowed(file: Any) -> NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) of a pydicom data set, the window's ends at 0 and 255.

    After DICOM PS3.3 C.11.2.1.2: linear (the default), linear_exact and sigmoid. Without a window
    the image's own extremes are the ends. MONOCHROME1 is inverted: its small values are white.
    """
    from pydicom.pixels.processing import apply_modality_lut, apply_voi

    if int(file.get("NumberOfFrames") or 1) > 1:
        raise ValueError(f"it holds {file.NumberOfFrames} frames, not one image")
    stored = file.pixel_array
    if stored.ndim == 3:
        if stored.dtype != np.uint8:
            raise ValueError("its colours have more than 8 bits")
        return np.asarray(stored)
    values = apply_modality_lut(stored, file)
    if file.get("VOILUTSequence"):
        shares = apply_voi(values, file) / (2.0 ** file.VOILUTSequence[0].LUTDescriptor[2] - 1)
    else:
        shares = _through_window(values.astype(np.float64), file)
    if file.get("PhotometricInterpretation") == "MONOCHROME1":
        shares = 1 - shares
    return (255 * shares.clip(0, 1)).round().astype(np.uint8)


def _through_window(values: NDArray[np.float64], file: Any) -> NDArray[np.float64]:
    centre, width = (_first(file.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if centre is None or width is None:
        low, high = values.min(), values.max()
        return (values - low) / max(high - low, 1)
    function = file.get("VOILUTFunction") or "LINEAR"
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5


def _first(value: Any) -> float | None:
    """Of several windows the first, as viewers show it."""
    if value is None or value == "":
        return None
    return (
        float(value[0])
        if hasattr(value, "__len__") and not isinstance(value, str)
        else float(value)
    )
