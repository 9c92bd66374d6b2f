"""Studies of random searches whose truth is known, with predictions and embeddings on disk.

The validation AUROC of a trial is ``level - MARGIN_LOSS (margin - best)^2 - LR_LOSS
log10(lr / 0.1)^2`` and normal noise; ``dead`` does nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np

from study.records import CellRecord, StudyRecord, TrialRecord

__all__ = ["LR_LOSS", "MARGIN_LOSS", "NOISE", "SPACE", "random_cell", "random_study"]

MARGIN_LOSS, LR_LOSS, NOISE = 0.25, 0.02, 0.006
SPACE: dict[str, dict[str, Any]] = {
    "lr": {"low": 1e-3, "high": 1.0, "log": True, "step": None},
    "margin": {"low": 0.1, "high": 1.0, "log": False, "step": None},
    "dead": {"low": 0.0, "high": 1.0, "log": False, "step": None},
}
INTERVALS = 5


def random_cell(
    draw: np.random.Generator,
    method: str = "auc_m",
    task: str = "cifar10-resnet20",
    imratio: float | None = 0.1,
    *,
    best: float = 0.7,
    level: float = 0.9,
    trials: int = 40,
    seeds: int = 0,
    space: dict[str, dict[str, Any]] = SPACE,
) -> CellRecord:
    """A search of independent draws that all ran to their end, and ``seeds`` confirm rows."""
    search = tuple(_row(draw, n, best, level, space) for n in range(trials))
    chosen = max(search, key=lambda row: row.value or 0.0)
    name = f"{method}__{task}__{'natural' if imratio is None else f'{imratio:g}'}"
    confirm = tuple(_confirm(draw, seed, chosen, name) for seed in range(seeds))
    return CellRecord(
        id=name,
        method=method,
        task=task,
        imratio=imratio,
        run={
            "dataset": task.partition("-")[0],
            "model": task.partition("-")[2],
            "epochs": INTERVALS,
            "batch_size": 128,
            "intervals": INTERVALS,
        },
        space=space,
        fixed={},
        planned_trials=trials,
        planned_seeds=seeds,
        selected=(chosen.number,),
        search=search,
        confirm=confirm,
    )


def random_study(*cells: CellRecord, directory: Path = Path("random-study")) -> StudyRecord:
    """A study of ``cells``."""
    search = {"sampler": "random", "pruner": "none"}
    return StudyRecord("random-study", directory, {"search": search}, {}, cells)


def keep_predictions(draw: np.random.Generator, study: StudyRecord, images: int = 300) -> None:
    """Write the files that the confirm rows name, with embeddings for the first seed."""
    targets = draw.uniform(size=images) < 0.15
    for cell in study.cells:
        for row in cell.confirm:
            scores = draw.normal(1.6 * targets, 1.0).astype(np.float32)
            kept: dict[str, Any] = {"scores": scores, "targets": targets.astype(np.uint8)}
            if row.seed == 0:
                kept["embeddings"] = draw.normal(scores[:, None], 1.0, (images, 8)).astype("f4")
            path = study.directory / str(row.predictions)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, allow_pickle=False, **kept)


def _row(
    draw: np.random.Generator, number: int, best: float, level: float, space: dict[str, Any]
) -> TrialRecord:
    params = {name: _sample(draw, entry) for name, entry in space.items()}
    value = level - LR_LOSS * np.log10(params.get("lr", 0.1) / 0.1) ** 2
    value -= MARGIN_LOSS * (params.get("margin", best) - best) ** 2
    value = float(value + draw.normal(0, NOISE))
    return _trial("search", number, value, params, "random")


def _sample(draw: np.random.Generator, entry: dict[str, Any]) -> Any:
    if "choices" in entry:
        return entry["choices"][draw.integers(len(entry["choices"]))]
    if entry["log"]:
        return float(np.exp(draw.uniform(np.log(entry["low"]), np.log(entry["high"]))))
    return float(draw.uniform(entry["low"], entry["high"]))


def _confirm(draw: np.random.Generator, seed: int, chosen: TrialRecord, cell: str) -> TrialRecord:
    value = float((chosen.value or 0.0) + draw.normal(0, NOISE))
    return _trial(
        "confirm",
        seed,
        value,
        chosen.params,
        "selected",
        seed=seed,
        selected_from=chosen.number,
        test_auroc=value - 0.004,
        test_auprc=0.5,
        predictions=f"predictions/{cell}__confirm{seed}.npz",
    )


def _trial(
    phase: str, number: int, value: float, params: dict[str, Any], origin: str, **own: Any
) -> TrialRecord:
    points = [
        {
            "interval": float(i),
            "val_auroc": value - 0.2 * 0.5**i + 0.2 * 0.5**INTERVALS,
            "loss": 1.0 / i,
            "seconds": 10.0 * i,
            "gradient_evaluations": 1000.0 * i,
        }
        for i in range(1, INTERVALS + 1)
    ]
    return TrialRecord(
        phase=phase,
        number=number,
        state="COMPLETE",
        value=value,
        params=params,
        validations={int(p["interval"]): p["val_auroc"] for p in points},
        origin=origin,
        seeds={"data_seed": 1, "init_seed": number, "order_seed": number},
        reason=None,
        seconds=10.0 * INTERVALS,
        gradient_evaluations=1000 * INTERVALS,
        images=1000 * INTERVALS,
        curve=tuple(points),
        host="node1",
        device="cpu",
        started=None,
        finished=None,
        **own,
    )
