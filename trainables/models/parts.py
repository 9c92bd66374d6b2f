"""The parts of a network, also of one that other modules are wrapped around."""

from collections.abc import Callable, Iterable

from torch import nn

__all__ = ["parts_of"]


def parts_of(
    features: nn.Module, parts: Callable[[nn.Module, str], Iterable[tuple[str, nn.Module]]]
) -> list[tuple[str, nn.Module]]:
    """Parts of the features with their names; of a module around a network those of the network.

    Args:
        features: of a network.
        parts: of a module, and what stands before their names ("net." of the module "net").
    """
    path, inside = "", features
    while len(found := list(parts(inside, path))) == 1:
        ((name, only),) = found
        if not any(True for _ in only.children()):
            break
        path, inside = f"{name}.", only
    return found
