"""The network, forward and backward, compiled for a CPU by torch.compile (Inductor)."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path

import torch
from platformdirs import user_cache_path
from torch import Tensor, nn

__all__ = ["cache_folder", "compile_now", "compiled", "compiler"]

_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"

KINDS = 256
"""Networks, batch shapes and precisions that one process may compile for: as many as it meets."""

Logits = Callable[[nn.Module, Tensor], Tensor]


def cache_folder() -> Path:
    """Where what was compiled is kept: $TORCHINDUCTOR_CACHE_DIR, else in the user's own cache.

    torch unpickles what lies there. So it is neither a study's directory, which may come from
    elsewhere, nor torch's own choice among the temporary files, where anybody can make it.
    """
    named = Path(os.environ.get(_VARIABLE, ""))
    # torch writes its own choice into the variable as soon as it is asked for it.
    its_own = named.parent == Path(tempfile.gettempdir()) and named.match("torchinductor_*")
    if named == Path() or its_own:
        return user_cache_path("aucstudy") / "compiled"
    return named


def compiler() -> str | None:
    """Path of the C++ compiler that torch.compile would use here; None: there is none."""
    named = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return shutil.which(named)


@cache
def compiled(logits: Logits) -> Logits:
    """``logits`` compiled at its first call for a kind of network, batch shape and precision.

    Networks of one structure share what was compiled, other processes find it in `cache_folder`.
    """
    folder = cache_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ[_VARIABLE] = str(folder)
    import torch._dynamo.config as dynamo
    import torch._inductor.config as inductor

    # By itself torch goes on eagerly from the ninth kind on, and the numbers change in silence.
    dynamo.recompile_limit = KINDS
    dynamo.fail_on_recompile_limit_hit = True
    inductor.compile_threads = 1  # a trial has one core
    found: Logits = torch.compile(logits, dynamic=False)
    return found


def compile_now(model: nn.Module, images: Tensor, *others: Tensor) -> None:
    """Compile ``model`` for batches like ``images``, so that no step or evaluation pays for it.

    They go through a copy, in training backward, too: weights, statistics and random draws stay
    as they are.

    Args:
        model: images to logits (B,), in training or in evaluation.
        images: float32 (B, C, H, W), in the layout of the batches to come.
        others: what the model takes besides.

    Raises:
        RuntimeError: torch cannot compile it here; the sentence says why.
    """
    twin = deepcopy(model)
    weights = [each for each in twin.parameters() if each.requires_grad]
    try:
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(model.training):
            logits = twin(images, *others)
            if model.training:
                torch.autograd.grad(logits.sum(), weights, allow_unused=True)
    except Exception as error:
        raise RuntimeError(
            "compile: true needs a network that torch.compile can compile and a C++ compiler, and "
            f"compiling gave {_in_short(error)}. Train with compile: false, in a study that has "
            "begun under a new name."
        ) from error


def _in_short(error: Exception) -> str:
    """Its first two lines: compilers tell of a fault on hundreds."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"
