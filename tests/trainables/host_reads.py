"""A guard for a training step: it fails where a GPU would have to wait for the host or tell it.

On a CPU nothing waits, so it looks at what is called: at tensors' methods in Python, and at the
operators beneath, which C++ and the backward pass call too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["HostReadError", "no_host_reads"]

METHODS = {"cpu", "numpy", "tolist", "item", "__array__", "__bool__", "__float__", "__int__"}
"""Of tensors, by name: on the CPU most of them call no operator."""

OPERATORS = {
    "_local_scalar_dense",
    "allclose",
    "bincount",
    "equal",
    "histc",
    "is_nonzero",
    "lift_fresh",  # torch.tensor(...): a copy of the host's memory
    "masked_select",
    "nonzero",
    "repeat_interleave",
    "unique_consecutive",
    "unique_dim",
    "_unique",
    "_unique2",
}
"""Of aten, by name: they give a value to the host, or a shape that depends on values."""

INDEXED = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
"""With a mask as an index they ask how many of its entries are true."""


class HostReadError(AssertionError):
    """A step did what only the host can do."""


class _Methods(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in METHODS:
            raise HostReadError(f"Tensor.{name} in a step")
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):
    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in OPERATORS:
            raise HostReadError(f"aten.{name} in a step")
        if name in INDEXED and any(_is_mask(each) for each in args[1] if each is not None):
            raise HostReadError(f"aten.{name} with a mask in a step")
        if "copy" in name:
            self._refuse_other_devices(name, args, kwargs)
        return func(*args, **kwargs)

    @staticmethod
    def _refuse_other_devices(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        devices = {each.device.type for each in args if isinstance(each, Tensor)}
        if kwargs.get("device") is not None:
            devices.add(torch.device(kwargs["device"]).type)
        if len(devices) > 1:
            raise HostReadError(f"aten.{name} from device to device in a step")


def _is_mask(index: Tensor) -> bool:
    return index.dtype in (torch.bool, torch.uint8)


@contextmanager
def no_host_reads() -> Iterator[None]:
    """Within it a read of the host, or a shape that depends on values, raises.

    Raises:
        HostReadError: it names the method or the operator.
    """
    with _Methods(), _Operators():
        yield
