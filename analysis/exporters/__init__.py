"""A study for the trackers that people use: one file each, over the same runs."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from analysis.errors import AnalysisError
from analysis.exporters import mlflow, tensorboard, wandb
from analysis.exporters.runs import Run, fresh, runs
from study.records import StudyRecord

__all__ = ["EXPORTERS", "export_to"]

EXPORTERS = MappingProxyType[str, Callable[[str, Sequence[Run], Path], str]](
    {"tensorboard": tensorboard.write, "mlflow": mlflow.write, "wandb": wandb.write}
)
"""By name: writes runs of a study (its name, its runs, a folder), and says how to look at them."""


LIBRARIES = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}
"""What each imports."""


def export_to(tracker: str, study: StudyRecord, folder: Path) -> tuple[str, list[str]]:
    """Write every trial of ``study`` as a run of ``tracker`` into ``folder``.

    An earlier export there is replaced; nothing is sent anywhere.

    Args:
        tracker: a key of ``EXPORTERS``.
        study: finished or not.
        folder: its own; anything else in it is refused.

    Returns:
        How to look at it, and a sentence for each file that is left out.

    Raises:
        AnalysisError: the tracker's library is not installed, or the folder holds something else
            or cannot be written.
    """
    if find_spec(LIBRARIES[tracker]) is None:
        raise AnalysisError(
            f"An export to {tracker} needs its library: pip install 'aucstudy[{tracker}]'."
        )
    found, missing = runs(study)
    try:
        fresh(folder)
        return EXPORTERS[tracker](study.name, found, folder), missing
    except OSError as error:
        raise AnalysisError(
            f"An export needs a folder that can be written; {folder} gave: {error}. "
            "Make room, or name another with --out."
        ) from error
