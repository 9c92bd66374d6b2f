"""Every kind of image to pixels, beside Pillow, torchvision and pydicom themselves."""

import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms import v2

from trainables.datasets.formats.decode import Decoding, Look, decode, look
from trainables.errors import DataError


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int) -> NDArray[np.uint8]:
    """Colour without sharp edges, on which ways to scale agree."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / 17 + k) + np.cos(columns / 23 - k) for k in range(3)]
    return (63 * (np.stack(waves, 2) + 2)).astype(np.uint8)


def encoded(pixels: NDArray[Any], form: str, **options: Any) -> BytesIO:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("shape", [(9, 9), (9, 9, 3)])
@pytest.mark.parametrize(
    ("form", "options"),
    [("PNG", {}), ("TIFF", {}), ("BMP", {}), ("WEBP", {"lossless": True})],
)
def test_what_is_kept_without_loss_comes_back(
    form: str, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    pixels = noise(*shape)
    colour = len(shape) == 3
    # WebP has no grey.
    head = Look(9, 9, colour or form == "WEBP")
    assert look(encoded(pixels, form, **options)) == head
    found = decode(encoded(pixels, form, **options), Decoding(channels=3 if colour else 1))
    expected = pixels.transpose(2, 0, 1) if colour else pixels[None]
    np.testing.assert_array_equal(found, expected)


def test_a_jpeg_is_what_pillow_gives() -> None:
    stream = encoded(smooth(40, 40), "JPEG")
    with Image.open(BytesIO(stream.getvalue())) as image:
        expected = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    np.testing.assert_array_equal(decode(stream, Decoding()), expected)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bits_become_8_over_the_whole_range(form: str) -> None:
    wide = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert look(encoded(wide, form)) == Look(256, 256, colour=False)
    found = decode(encoded(wide, form), Decoding())
    np.testing.assert_array_equal(found[0], np.rint(wide / 65535 * 255))


def test_other_modes_become_grey_or_colour() -> None:
    clear = noise(8, 8, 4)
    np.testing.assert_array_equal(
        decode(encoded(clear, "PNG"), Decoding(channels=3)), clear[..., :3].transpose(2, 0, 1)
    )
    palette = BytesIO()
    Image.fromarray(smooth(8, 8)).convert("P").save(palette, "PNG")
    assert look(BytesIO(palette.getvalue())).colour
    assert decode(palette, Decoding()).shape == (3, 8, 8)
    grey = noise(8, 8)
    np.testing.assert_array_equal(
        decode(encoded(grey, "PNG"), Decoding(channels=3)), np.stack([grey] * 3)
    )
    colour = noise(8, 8, 3)
    expected = colour @ np.array([0.299, 0.587, 0.114])
    found = decode(encoded(colour, "PNG"), Decoding(channels=1))
    assert np.abs(found[0] - expected).max() <= 1


def test_orientation_is_respected() -> None:
    pixels = noise(8, 12, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: upright is a quarter turn clockwise from here
    found = decode(encoded(pixels, "PNG", exif=exif), Decoding())
    np.testing.assert_array_equal(found, np.rot90(pixels, -1).transpose(2, 0, 1))


@pytest.mark.parametrize(("height", "width"), [(160, 64), (64, 160), (64, 64), (40, 60)])
def test_crop_is_that_of_torchvision(height: int, width: int) -> None:
    pixels = smooth(height, width)
    found = decode(encoded(pixels, "PNG"), Decoding(image_size=32)).astype(int)
    scaled = v2.functional.resize(Image.fromarray(pixels), [32])
    expected = np.asarray(v2.functional.center_crop(scaled, [32, 32])).transpose(2, 0, 1)
    assert found.shape == (3, 32, 32)
    # In these shapes the longer side comes out even, and torchvision has nothing to round.
    assert np.abs(found - expected).max() <= 1


def test_squash_is_that_of_pillow() -> None:
    pixels = noise(50, 70)
    found = decode(encoded(pixels, "PNG"), Decoding(image_size=24, resize="squash"))
    expected = Image.fromarray(pixels).resize((24, 24), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(found[0], np.asarray(expected))


def test_a_large_jpeg_is_decoded_at_a_part_of_its_size_and_comes_out_alike() -> None:
    pixels = smooth(800, 1000)
    found = decode(encoded(pixels, "JPEG", quality=95), Decoding(image_size=50)).astype(int)
    whole = decode(encoded(pixels, "PNG"), Decoding(image_size=50)).astype(int)
    assert np.abs(found - whole).mean() < 2


def dicom(pixels: NDArray[Any], **elements: Any) -> BytesIO:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    bits = 8 * pixels.dtype.itemsize
    settings = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 3 if pixels.ndim == 3 else 1,
        "PhotometricInterpretation": "RGB" if pixels.ndim == 3 else "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes(),
        **elements,
    }
    if pixels.ndim == 3:
        settings["PlanarConfiguration"] = 0
    for name, value in settings.items():
        setattr(file, name, value)
    stream = BytesIO()
    file.save_as(stream, enforce_file_format=True)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_a_window_is_that_of_pydicom(function: str, kind: type[Any]) -> None:
    from pydicom import dcmread
    from pydicom.pixels.processing import apply_modality_lut, apply_windowing

    stored = np.random.default_rng(0).integers(0, 4096, (16, 16)).astype(kind)
    elements = {
        "WindowCenter": [300.0, 5.0],
        "WindowWidth": [900.0, 6.0],
        "VOILUTFunction": function,
        "RescaleSlope": 0.5,
        "RescaleIntercept": -200.0,
    }
    stream = dicom(stored, **elements)
    file = dcmread(BytesIO(stream.getvalue()))
    shown = apply_windowing(apply_modality_lut(file.pixel_array, file), file)
    least = -(2**15) if kind is np.int16 else 0
    low, high = (0.5 * end - 200 for end in (least, least + 2**16 - 1))
    expected = 255 * (shown - low) / (high - low)
    found = decode(stream, Decoding())
    assert found.shape == (1, 16, 16)
    assert np.abs(found[0] - expected).max() <= 0.51
    dark = decode(dicom(stored, PhotometricInterpretation="MONOCHROME1", **elements), Decoding())
    np.testing.assert_allclose(dark.astype(int), 255 - found.astype(int), atol=1)


def test_dicom_without_a_window_spans_its_own_values() -> None:
    stored = np.array([[100, 200], [300, 600]], dtype=np.uint16)
    found = decode(dicom(stored), Decoding())
    np.testing.assert_array_equal(found, [[[0, 51], [102, 255]]])
    constant = decode(dicom(np.full((2, 2), 7, np.uint16)), Decoding())
    assert not constant.any()


def test_dicom_in_colour_is_taken_as_it_is() -> None:
    pixels = noise(6, 6, 3)
    assert look(dicom(pixels)) == Look(6, 6, colour=True)
    np.testing.assert_array_equal(decode(dicom(pixels), Decoding()), pixels.transpose(2, 0, 1))


def test_without_pydicom_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = dicom(noise(4, 4))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DataError, match=r"pip install 'aucstudy\[dicom\]'"):
        decode(stream, Decoding())


def test_what_is_no_single_image_is_refused() -> None:
    with pytest.raises(ValueError, match="3 frames"):
        decode(dicom(noise(4, 4), NumberOfFrames=3), Decoding())
    with pytest.raises(ValueError, match="floating-point"):
        decode(encoded(np.ones((4, 4), np.float32), "TIFF"), Decoding())
    with pytest.raises(ValueError, match="beyond 16 bits"):
        decode(encoded(np.full((4, 4), 70_000, np.int32), "TIFF"), Decoding())


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_what_is_cut_short_is_refused(form: str) -> None:
    whole = encoded(noise(64, 64, 3), form).getvalue()
    for length in (0, 10, len(whole) // 2):
        with pytest.raises((OSError, SyntaxError, ValueError)):
            decode(BytesIO(whole[:length]), Decoding())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"image_size": 0}, "image_size must be a whole number"),
        ({"image_size": 2.5}, "image_size must be a whole number"),
        ({"image_size": True}, "image_size must be a whole number"),
        ({"channels": 2}, "channels must be 1"),
        ({"resize": "stretch"}, "resize must be crop"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Decoding(**options)


def test_pixels_are_ready_for_a_tensor() -> None:
    found = decode(encoded(smooth(40, 30), "PNG"), Decoding(image_size=16, channels=3))
    assert torch.tensor(found).dtype == torch.uint8
