"""Palette, labels and words."""

import itertools
import math

import numpy as np
import pytest

from analysis import labels
from analysis.labels import listing
from analysis.read.traces import ranges
from analysis.write.palette import BACKGROUND, DARK, LIGHT, Palette
from study.words import plural

# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# sRGB to XYZ (D65), each row divided by the white point.
XYZ = np.array(
    [[0.43395, 0.37622, 0.18983], [0.21264, 0.71518, 0.07218], [0.01776, 0.10947, 0.87277]]
)


def _linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(np.maximum(XYZ @ np.clip(linear, 0, 1), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stay_apart_for_every_vision(vision: str, colours: tuple[str, ...]) -> None:
    seen = [_lab(np.asarray(VISIONS[vision]) @ _linear(colour)) for colour in colours]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert nearest > 18  # CIE76; 2.3 is just noticeable


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out_from_the_background(theme: int) -> None:
    def luminance(colour: str) -> float:
        return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])

    for colour in (LIGHT, DARK)[theme]:
        high, low = sorted([luminance(colour), luminance(BACKGROUND[theme])], reverse=True)
        assert (high + 0.05) / (low + 0.05) > 2.4


def test_a_method_keeps_its_look_and_twelve_differ() -> None:
    methods = [f"m{i}" for i in range(12)]
    palette = Palette(methods, ["1 %", "10 %", "30 %"])
    looks = [palette.method(method) for method in methods]
    assert len(set(looks)) == 12
    assert palette.method("m3") == Palette(methods, ["1 %"]).method("m3")
    assert {look.colour for look in looks} <= palette.swap.keys()
    shades = [palette.ratio("m7", ratio) for ratio in ("1 %", "10 %", "30 %")]
    assert len(set(shades)) == 3
    assert {shade.colour for shade in shades} <= palette.swap.keys()


def test_labels() -> None:
    assert labels.ratio(0.005) == "0.5 %"
    assert labels.ratio(None) == "own ratio"
    assert labels.mean_std(0.91234, 0.00567) == "0.9123 ± 0.0057"
    assert labels.mean_std(0.91234, math.nan) == "0.9123"
    assert labels.mean_std(math.nan, math.nan) == labels.MISSING
    assert labels.signed(-0.01) == "\N{MINUS SIGN}0.0100"
    assert labels.signed(0.01) == "+0.0100"
    assert labels.count(9999) == "9999"
    assert labels.count(8e6) == "8.00 M"
    assert labels.count(123456789) == "123 M"
    assert labels.count(1.5e10) == "15.0 G"
    assert labels.interval(0.83121, 0.9) == "0.8312 to 0.9000"
    assert labels.interval(math.nan, math.nan) == labels.MISSING
    assert labels.params_text({"lr": 0.12345, "k": 2}) == "lr = 0.123, k = 2"
    assert labels.spans_text([{"lr": 0.1}, {"lr": 0.02, "k": 1}]) == "lr = 0.02 to 0.1, k = 1"


def test_words() -> None:
    assert [listing("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert plural(1, "row") == "1 row"
    assert plural(0, "cell has", "cells have") == "0 cells have"
    assert ranges((0, 1, 2, 5, 6, 9)) == "0 to 2, 5, 6, 9"
