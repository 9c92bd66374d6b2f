"""How fast do the methods learn, at their papers' defaults, beside their authors' own code?

    python -m tests.benchmarks.learning train --out DIR [--device cuda --jobs 8 ...]
    python -m tests.benchmarks.learning show DIR [DIR ...] --figure FILE.png > table.md

``train`` trains rows (methods with settings) on Cat&Dog and appends a line of JSON a trial to
DIR/trials.jsonl; what is there already is not trained again. A line an epoch goes to
DIR/epochs.jsonl as it comes, so that what was stopped in the middle can be told. One seed means the
same split, initial weights and batches for every row, the peers' included. ``show`` makes the table
and the figure. Nothing here touches Ray or a ledger: it runs wherever PyTorch does.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

from trainables.config import TrialConfig
from trainables.errors import DivergedError
from trainables.loop import TrainingRun

PEERS = "tests.benchmarks.peers"

ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "CE": ("ce", {}),
    "CE, momentum .9": ("ce", {"momentum": 0.9}),
    "focal": ("focal", {}),
    "AUC-S": ("auc_s", {}),
    "AUC-M": ("auc_m", {}),
    "AUC-M, clip 1": ("auc_m", {"clip": 1.0}),
    "AUC-M, lr 1": ("auc_m", {"lr": 1.0}),
    "AUC-M, prior of the batch": ("auc_m", {"prior": "batch"}),
    "AUC-M, LibAUC": (f"{PEERS}:TheirAUCM", {}),
    "AUC-M, LibAUC, no clip, no average": (f"{PEERS}:TheirAUCM", {"clip": 1e9, "momentum": 0.0}),
    "AUC-M, LibAUC, alpha by its gradient": (f"{PEERS}:TheirAUCM", {"dual": "gradient"}),
    "AUC-CE": ("auc_ce", {}),
    "two-stage": ("two_stage", {}),
    "TS-DRW": ("ts_drw", {}),
    "TS-DEC": ("ts_dec", {}),
    "CT, moves": ("ct_auc", {}),
    "CT, moves, inner_lr constant": ("ct_auc", {"inner_lr_decays": False}),
    "CT, moves, one batch": ("ct_auc", {"same_batch": True}),
    "CT, moves, k = 2": ("ct_auc", {"inner_steps": 2}),
    "CT, moves, k = 3": ("ct_auc", {"inner_steps": 3}),
    "CT, moves, beta0 = 1": ("ct_auc", {"beta0": 1.0}),
    "CT, moves, evaluated at u": ("ct_auc", {"evaluate": "u"}),
    "CT, looks ahead": ("ct_auc", {"inner": "looks_ahead"}),
    "CT, looks ahead, evaluated at u": ("ct_auc", {"inner": "looks_ahead", "evaluate": "u"}),
    "CT, exact": ("ct_auc", {"inner": "exact"}),
    "CT, exact, evaluated at u": ("ct_auc", {"inner": "exact", "evaluate": "u"}),
    "CT, LibAUC": (f"{PEERS}:TheirCT", {}),
    "CT, LibAUC, alpha's gradient cleared": (f"{PEERS}:TheirCT", {"clear_alpha": True}),
    "CE-mixup": ("ce_mixup", {}),
    "AUC-mixup": ("auc_mixup", {}),
    "CT-mixup": ("ct_mixup", {}),
}
"""By name: a method and what differs from its defaults."""

TRIAL = (
    "row",
    "seed",
    "dataset",
    "model",
    "imratio",
    "epochs",
    "batch_size",
    "precision",
    "device",
)
"""What tells one trial from another."""


def trial(row: str, seed: int, options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Train one row with one seed; what came of it, as plain JSON.

    Every epoch is a line of ``folder``/epochs.jsonl.
    """
    torch.set_num_threads(1)
    method, params = ROWS[row]
    config = TrialConfig(
        method=method,
        params=params,
        intervals=options["epochs"],
        data_seed=seed,
        init_seed=seed,
        order_seed=seed,
        # Theirs keeps counters of its own, which a captured step would not advance.
        execution="eager" if method.startswith(PEERS) else "auto",
        **options,
    )
    started = time.perf_counter()
    run = TrainingRun(config)
    result: dict[str, Any] = {"row": row, "seed": seed, **config.to_json()}
    del result["data_root"]  # where the data lie does not matter
    about = {name: result[name] for name in TRIAL}
    try:
        while not run.finished:
            point = run.train_interval()
            epoch = about | {"epoch": point["interval"], "val_auroc": point["val_auroc"]}
            with (folder / "epochs.jsonl").open("a") as file:
                file.write(f"{json.dumps(epoch)}\n")  # at once: others write to it, too
        tested = run.test()
        result |= {name: tested[name] for name in ("test_auroc", "test_auprc")}
    except DivergedError as error:
        result["reason"] = str(error)
    return result | {
        "curve": [point["val_auroc"] for point in run.curve],
        "losses": [point["loss"] for point in run.curve],
        "gradient_evaluations": run.gradient_evaluations,
        "seconds": run.seconds,
        "wall": time.perf_counter() - started,
        "ran": run.execution,
        "device_name": torch.cuda.get_device_name() if config.device == "cuda" else "cpu",
        "torch": torch.__version__,
    }


def read(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """All finished trials."""
    return _lines(folders, "trials.jsonl")


def unfinished(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Trials that began and did not end: what TRIAL names, and "curve", as far as it goes."""
    ended = {_key(each) for each in read(folders)}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in _lines(folders, "epochs.jsonl"):
        if line["epoch"] == 1:  # also where it was begun anew
            found[_key(line)] = {name: line[name] for name in TRIAL} | {"curve": []}
        found[_key(line)]["curve"].append(line["val_auroc"])
    return [each for key, each in found.items() if key not in ended]


def _lines(folders: Iterable[Path], name: str) -> list[dict[str, Any]]:
    files = [folder / name for folder in folders]
    texts = [file.read_text() for file in files if file.exists()]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def _key(trial: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(trial[name] for name in TRIAL)


def train(arguments: argparse.Namespace) -> None:
    """Train what is not there yet, as many side by side as asked for."""
    options = {
        "dataset": arguments.dataset,
        "model": arguments.model,
        "imratio": arguments.imratio,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch_size,
        "data_root": str(arguments.data_root),
        "precision": arguments.precision,
        "device": arguments.device,
        "channels_last": arguments.channels_last,
        "compile": arguments.compile,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    done = {
        (each["row"], each["seed"])
        for each in read([arguments.out])
        if all(each[name] == value for name, value in options.items() if name in each)
    }
    wanted = [
        (row, seed)
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        for row in arguments.rows
        if (row, seed) not in done
    ]
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(arguments.jobs, mp_context=context) as pool,
        (arguments.out / "trials.jsonl").open("a") as file,
    ):
        under_way = {
            pool.submit(trial, row, seed, options, arguments.out): (row, seed)
            for row, seed in wanted
        }
        for number, each in enumerate(as_completed(under_way), 1):
            row, seed = under_way[each]
            if error := each.exception():
                print(f"{number}/{len(wanted)} {row}, seed {seed}: {error!r}", flush=True)
                continue
            result = each.result()
            print(json.dumps(result), file=file, flush=True)
            figure = result.get("test_auroc", result.get("reason"))
            print(f"{number}/{len(wanted)} {row}, seed {seed}: {figure}", flush=True)


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation."""
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


def by_row(trials: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The trials of each row that did not fail, in the order of ROWS."""
    good = [each for each in trials if "test_auroc" in each]
    found = {row: [each for each in good if each["row"] == row] for row in ROWS}
    return {row: each for row, each in found.items() if each}


def table(trials: Sequence[Mapping[str, Any]], epochs: int) -> list[str]:
    """Validation AUROC on the way and test AUROC at the end, row by row."""
    rows = by_row(trials)
    shown = sorted({1, 2, 5, 10, 20, epochs // 2, epochs} & {*range(1, epochs + 1)})
    lines = [
        "| | " + " | ".join(f"{each}" for each in shown) + " | test AUROC | seeds "
        "| gradient evaluations | seconds |",
        "| --- |" + " --: |" * (len(shown) + 4),
    ]
    for row, each in rows.items():
        curve = [statistics.mean(t["curve"][epoch - 1] for t in each) for epoch in shown]
        lines.append(
            f"| {row} | "
            + " | ".join(f"{value:.3f}" for value in curve)
            + f" | {spread([t['test_auroc'] for t in each])} | {len(each)} "
            f"| {each[0]['gradient_evaluations']:,} "
            f"| {statistics.median(t['seconds'] for t in each):.0f} |"
        )
    for failed in (each for each in trials if "reason" in each):
        lines.append(f"\n{failed['row']}, seed {failed['seed']}, failed: {failed['reason']}")
    return lines


def figure(trials: Sequence[Mapping[str, Any]], rows: Sequence[str], file: Path) -> None:
    """Validation AUROC by epoch: the mean over seeds, and each seed thin behind it."""
    from matplotlib import pyplot as plt

    found = {row: each for row, each in by_row(trials).items() if row in rows}
    axes = plt.figure(figsize=(8, 5), layout="constrained").subplots()
    for number, (row, each) in enumerate(found.items()):
        curves = [t["curve"] for t in each]
        epochs = range(1, len(curves[0]) + 1)
        for curve in curves:
            axes.plot(epochs, curve, color=f"C{number}", alpha=0.25, linewidth=0.8)
        mean = [statistics.mean(values) for values in zip(*curves, strict=True)]
        axes.plot(epochs, mean, color=f"C{number}", linewidth=2, label=row)
    axes.set(xlabel="epoch", ylabel="validation AUROC")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    plt.savefig(file, dpi=120, bbox_inches="tight")


def show(arguments: argparse.Namespace) -> None:
    """The table on standard output, the figure into its file."""
    trials = [each for each in read(arguments.folders) if each["epochs"] == arguments.epochs]
    print("\n".join(table(trials, arguments.epochs)))
    stopped = [each for each in unfinished(arguments.folders) if each["epochs"] == arguments.epochs]
    for each in stopped:
        so_far = f"{len(each['curve'])} epochs, validation AUROC {each['curve'][-1]:.4f}"
        print(f"\n{each['row']}, seed {each['seed']}, not finished: {so_far}")
    if arguments.figure:
        figure(trials, arguments.rows, arguments.figure)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train")
    training.set_defaults(call=train)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--data-root", type=Path, default=Path("data"))
    training.add_argument("--dataset", default="cat_and_dog")
    training.add_argument("--model", default="resnet20")
    training.add_argument("--imratio", type=float, default=0.1)
    training.add_argument("--batch-size", type=int, default=128)
    training.add_argument("--precision", default="f32")
    training.add_argument("--channels-last", action="store_true")
    training.add_argument("--compile", action="store_true", help="on a CPU")
    training.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    training.add_argument("--jobs", type=int, default=1)
    training.add_argument("--first-seed", type=int, default=0)
    training.add_argument("--seeds", type=int, default=2)
    showing = commands.add_parser("show")
    showing.set_defaults(call=show)
    showing.add_argument("folders", type=Path, nargs="+")
    showing.add_argument("--figure", type=Path)
    for each in (training, showing):
        each.add_argument("--epochs", type=int, default=20)
        each.add_argument("--rows", nargs="+", choices=[*ROWS], default=[*ROWS], metavar="ROW")
    options = parser.parse_args(arguments)
    options.call(options)


if __name__ == "__main__":
    main(sys.argv[1:])
