"""One look a method, kept across the whole report, in light and in dark.

Six colours that stay apart under simulated protan, deutan and tritan vision (a test measures
it), each doubled by a marker and, from the seventh method on, by a dash: colour is never the
only sign. Figures are made of the light colours; ``Palette.swap`` gives the dark partners.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["BACKGROUND", "DARK", "LIGHT", "Palette", "Style"]

LIGHT = ("#10559a", "#c2410c", "#2ba37c", "#cc74b8", "#c9a21a", "#3d434b")
DARK = ("#4a92e8", "#f0703a", "#4fcfa8", "#eba5dd", "#f7e08a", "#808a96")
BACKGROUND = ("#ffffff", "#15181c")

_DASHES = ("solid", "dash", "dot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "hexagon")


@dataclass(frozen=True)
class Style:
    """How a method, or one of its imbalance ratios, is drawn.

    Attributes:
        colour: "#rrggbb", of the light theme.
        dash: plotly's name of the line style.
        symbol: plotly's name of the marker.
    """

    colour: str
    dash: str
    symbol: str


class Palette:
    """Looks of a study's methods.

    Args:
        methods: in the study's order.
        ratios: labels of the imbalance ratios, rising.
    """

    def __init__(self, methods: Sequence[str], ratios: Sequence[str]) -> None:
        self._place = {method: i for i, method in enumerate(methods)}
        self._ratios = list(ratios)

    def method(self, name: str) -> Style:
        """The method's own look."""
        place = self._place[name]
        dash = _DASHES[place // len(LIGHT) % len(_DASHES)]
        return Style(LIGHT[place % len(LIGHT)], dash, _SYMBOLS[place % len(_SYMBOLS)])

    def ratio(self, method: str, ratio: str) -> Style:
        """A shade of the method's colour: the larger the ratio, the stronger."""
        i = self._ratios.index(ratio)
        colour = self._shades(method, 0)[i]
        return Style(colour, _DASHES[i % len(_DASHES)], _SYMBOLS[i % len(_SYMBOLS)])

    @property
    def swap(self) -> dict[str, str]:
        """Light colour -> its dark partner, for every colour that figures use."""
        pairs = dict(zip(LIGHT, DARK, strict=True))
        for method in self._place:
            pairs |= zip(self._shades(method, 0), self._shades(method, 1), strict=True)
        return pairs

    def _shades(self, method: str, theme: int) -> list[str]:
        colour = (LIGHT, DARK)[theme][self._place[method] % len(LIGHT)]
        count = len(self._ratios)
        if count == 1:
            return [colour]
        # From a part towards the background, through the colour, to a quarter towards ink.
        faint = (0.6, 0.72)[theme]
        places = [i / (count - 1) for i in range(count)]
        return [
            _mix(colour, BACKGROUND[theme], faint + 2 * (1 - faint) * p)
            if p < 0.5
            else _mix(colour, BACKGROUND[1 - theme], 1 - 0.5 * (p - 0.5))
            for p in places
        ]


def _mix(colour: str, background: str, strength: float) -> str:
    parts = zip(_channels(colour), _channels(background), strict=True)
    return "#" + "".join(f"{round(strength * c + (1 - strength) * b):02x}" for c, b in parts)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
