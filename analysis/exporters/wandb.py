"""Offline runs of W&B: one a trial, to be sent with ``wandb sync`` if you like."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from analysis.exporters.runs import Run

__all__ = ["write"]


def write(study: str, found: Sequence[Run], folder: Path) -> str:
    """Write ``wandb/offline-run-...`` in ``folder``; steps are intervals, groups cells."""
    import wandb

    settings = wandb.Settings(
        mode="offline",
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
    )
    for number, run in enumerate(found):
        begun = wandb.init(
            project=_word(study),
            dir=str(folder),
            id=f"{number:06d}",
            name=run.trial,
            group=run.tags["cell"],
            job_type=run.tags["phase"],
            config={**run.tags, **run.params},
            settings=settings,
        )
        for point in run.curve:
            begun.log(dict(point.metrics), step=point.interval)
        begun.summary.update({f"final_{name}": value for name, value in run.metrics.items()})
        for file in run.artefacts:
            # Its own copy: W&B would only link to it.
            kept = shutil.copy(file, begun.dir)
            begun.save(kept, base_path=begun.dir, policy="now")
        begun.finish(exit_code=int(run.state == "FAIL"))
    # Its service writes the files; only when it has ended are all of them whole.
    wandb.teardown()
    return f"wandb sync {folder}/wandb/offline-run-*"


def _word(name: str) -> str:
    """A project's name, which W&B takes without some signs and up to 128 characters."""
    return "".join("-" if sign in "/\\#?%:" else sign for sign in name)[:128]
