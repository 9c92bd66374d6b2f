"""Event files for TensorBoard: a folder a trial, with curves and hyperparameters."""

import re
from collections.abc import Sequence
from pathlib import Path

from analysis.exporters.runs import Run

__all__ = ["write"]


def write(study: str, found: Sequence[Run], folder: Path) -> str:  # noqa: ARG001
    """Write ``<cell>/<phase>/<number>/events...`` below ``folder``.

    Steps are intervals. Final figures stand as ``final/...`` beside the hyperparameters, in the
    tab HPARAMS. TensorBoard keeps no files, so that predictions are left out.
    """
    from tensorboardX import FileWriter  # type: ignore[import-untyped]
    from tensorboardX.summary import hparams, scalar  # type: ignore[import-untyped]

    for run in found:
        # Names in a ledger are not trusted to be names of files.
        parts = [re.sub(r"[^\w.-]|^\.+", "-", part) for part in run.trial.split("/")]
        writer = FileWriter(str(folder.joinpath(*parts)))
        try:
            final = {f"final/{name}": value for name, value in run.metrics.items()}
            for summary in hparams(_flat(run), final):
                writer.add_summary(summary, walltime=run.started)
            for point in run.curve:
                for name, value in point.metrics.items():
                    writer.add_summary(scalar(name, value), point.interval, point.time)
            last = run.curve[-1].interval if run.curve else 0
            for name, value in final.items():
                writer.add_summary(scalar(name, value), last, run.finished)
        finally:
            writer.close()
    return f"tensorboard --logdir {folder}"


def _flat(run: Run) -> dict[str, str | float | bool]:
    """Hyperparameters, and the tags to sort and filter by."""
    kept = ("method", "task", "ratio", "phase", "state")
    params = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in run.params.items()
    }
    return {**{name: run.tags[name] for name in kept}, **params}
