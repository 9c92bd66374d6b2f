"""What ``aucstudy list`` says of networks: how large they are, their options, their libraries."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from study.command.datasets import NEEDED, meanings
from study.command.tables import text_table
from study.errors import SpecError
from study.words import setting
from trainables.models import GENERAL, MODELS, NAMES, builder
from trainables.models.branch import METADATA
from trainables.models.size import Size, size_of
from trainables.models.weights import IMAGENET, has_imagenet
from trainables.options import options_of

__all__ = ["Images", "extras", "model_data", "model_details", "models_tables", "names_of"]

MEANINGS = {
    "weights": "a file of weights to begin with, or `imagenet`",
    "freeze": "`features`, or the first layer that is trained: those before it stay as they are",
    "head_lr_factor": "the head's learning rate, by that of the other layers",
    "layer_lr_decay": "the learning rate of each layer, by that of the layer behind it",
    "branch": "a network of the metadata beside it, trained together (`joint`) or `after` it",
    "merge": "weight of the branch's logit, in (0, 1); 0.5 if not said",
    "branch_from": "share of the trial at which a branch `after` it begins; 0.8 if not said",
}
"""Of the options that every network has (``trainables.models.GENERAL``)."""

MEASURED = 40
"""Networks of a library that are counted at once; of more only the names are shown."""


@dataclass(frozen=True)
class Images:
    """For which networks are counted: their channels, and pixels a side (None: by default)."""

    channels: int = 3
    size: int | None = None


def names_of(pattern: str | None) -> list[str]:
    """The networks whose names match; None: ours.

    Args:
        pattern: with `*` and `?`, of ours or, as in ``timm:*resnet*``, of a library; without
            either it may stand anywhere in the name.

    Raises:
        SpecError: none does.
        UnknownNameError: the library is not installed.
    """
    if pattern is None:
        return list(MODELS)
    library, colon, inside = pattern.partition(":")
    if colon and library not in NAMES:
        raise SpecError(
            f"Names are looked up among our own or those of {', '.join(NAMES)}, as in "
            f"timm:*resnet*, not of {library!r}."
        )
    names = [f"{library}:{each}" for each in NAMES[library]()] if colon else list(MODELS)
    wanted = inside if colon else pattern
    if not set(wanted) & {"*", "?", "["}:
        wanted = f"*{wanted}*"
    found = [n for n in names if fnmatchcase(n.removeprefix(f"{library}:"), wanted)]
    if not found:
        where = library if colon else "ours; those of libraries are looked up by timm:*NAME*"
        raise SpecError(f"No network matches {pattern!r} among {len(names)} of {where}.")
    return found


def model_data(name: str, images: Images, *, counted: bool = True) -> dict[str, Any]:
    """What can be said of a network.

    Returns:
        "image": shape of what an image of it was counted with, "parameters", "gflop" (see
        ``trainables.models.size``) and "why" the latter are None, all None or "" unless
        ``counted``; "options": name to default, those that all have left out; "weights": where
        they may come from.
    """
    build = builder(name)
    size = Size((), why="" if name != METADATA else "it hangs on the columns of the metadata")
    if counted and name != METADATA:
        size = size_of(build, images.channels, images.size)
    return {
        "image": size.shape or None,
        "parameters": size.parameters,
        "gflop": None if size.flop is None else size.flop / 1e9,
        "why": size.why,
        "options": {
            option: None if each.default is NEEDED else each.default
            for option, each in options_of(build).items()
        },
        "weights": [IMAGENET, "file"] if has_imagenet(name) else ["file"],
    }


@dataclass(frozen=True)
class Extra:
    """An extra of the package that brings networks.

    Attributes:
        name: of the extra, and of its library.
        version: that is installed; None: none is.
        networks: how many it brings; None: not installed.
        install: the line that installs it.
    """

    name: str
    version: str | None
    networks: int | None
    install: str


def extras() -> list[dict[str, Any]]:
    """`Extra` of each library of networks, as plain data."""
    return [asdict(_extra(name)) for name in NAMES]


def _extra(name: str) -> Extra:
    install = f"pip install 'aucstudy[{name}]'"
    if find_spec(name) is None:
        return Extra(name, None, None, install)
    return Extra(name, version(name), len(NAMES[name]()), install)


def models_tables(
    title: str, entries: list[dict[str, Any]], brought: list[dict[str, Any]]
) -> Iterator[RenderableType]:
    """A line a network, from its "name", "summary" and ``model_data``; then what extras bring."""
    shapes = dict.fromkeys("x".join(map(str, e["image"])) for e in entries if e["image"])
    if shapes:
        columns = ("name", "what it is", ">parameters", ">GFLOP", "options", "weights")
        rows = [
            (
                *(each["name"], each["summary"], *_counts(each)),
                *(_defaults(each["options"]), " or ".join(each["weights"])),
            )
            for each in entries
        ]
        yield text_table(f"{title}, of images of {' and '.join(shapes)}", columns, rows)
        yield Text(
            "GFLOP: of one image forward, two for each multiply-add of convolutions, matrix "
            "products and attention. Other images: --image-size, --channels.\n"
        )
    else:
        yield text_table(
            f"{title} ({len(entries)}; at most {MEASURED} are counted)",
            ("name", "weights"),
            [(each["name"], " or ".join(each["weights"])) for each in entries],
        )
    yield Text(f"All take {', '.join(GENERAL)}, too.")
    for each in brought:
        name = each["name"]
        if each["networks"] is None:
            words = f"not installed; it brings networks as {name}:NAME: {each['install']}"
        else:
            words = (
                f"{each['version']} brings {each['networks']} networks as {name}:NAME; to look "
                f"them up: aucstudy list models '{name}:*resnet*'"
            )
        yield Text(f"{name} {words}")


def model_details(entry: dict[str, Any]) -> Iterator[RenderableType]:
    """All of a network, from its "name", "text" and ``model_data``."""
    yield Text(f"{entry['name']}: {entry['text']}")
    parameters, gflop = _counts(entry)
    if entry["image"] is None:
        yield Text(f"Its size: {entry['why']}.")
    else:
        shape = "x".join(map(str, entry["image"]))
        why = f" (it cannot take one: {entry['why']})" if entry["why"] else ""
        yield Text(f"{parameters} parameters, {gflop} GFLOP an image of {shape}{why}.")
    yield Text(f"Weights: drawn, or from {' or '.join(entry['weights'])}.")
    build = builder(entry["name"])
    own = {
        name: "needed" if each.default is NEEDED else setting(each.default)
        for name, each in options_of(build).items()
    }
    known = MEANINGS | meanings(build)
    defaults = own | {name: setting(None) for name in GENERAL if name not in own}
    rows = [(name, default, known.get(name, "")) for name, default in defaults.items()]
    yield text_table("", ("option", "default", "meaning"), rows)
    yield Text("Each may be searched: `space: {model: {OPTION: {low: ..., high: ...}}}`.")


def _counts(entry: dict[str, Any]) -> tuple[str, str]:
    parameters, gflop = entry["parameters"], entry["gflop"]
    return (
        "-" if parameters is None else f"{parameters:,}",
        "-" if gflop is None else f"{gflop:.3g}",
    )


def _defaults(options: dict[str, Any]) -> str:
    return ", ".join(f"{name} {setting(default)}" for name, default in options.items())
