"""From a spec to its ordered cells."""

from study.cell import Cell, cell_id
from study.spec import (
    Network,
    StudySpec,
    Task,
    Variant,
    data_root,
    fixed_params,
    network_of,
    option_space,
    ratios,
    tuned_space,
)
from study.spec.profile import moves_of
from study.spec.space import named_pairs

__all__ = ["cells"]


def cells(spec: StudySpec) -> list[Cell]:
    """Every method x task x imratio of ``spec``, task by task, ratio by ratio.

    With several searches a cell that has nothing to search has its one configuration in each.
    """
    grid = [
        (variant, task, imratio)
        for task in spec.tasks
        for imratio in ratios(spec, task)
        for variant in spec.methods
    ]
    networks = {task.name: network_of(spec, task) for task in spec.tasks}
    options = {task.name: option_space(spec, task) for task in spec.tasks}
    return [
        Cell(
            id=cell_id(variant.name, task.name, imratio),
            order=order,
            method=variant.name,
            task=task.name,
            dataset=task.dataset.shown,
            model=networks[task.name].shown,
            imratio=imratio,
            run=_run(spec, task, networks[task.name]),
            space=space,
            fixed=fixed_params(spec, variant),
            # None where every trial would be the same.
            trials=spec.search.trials if space else 0,
            random_trials=spec.search.random_trials,
            sampler=spec.search.sampler,
            pruner=spec.search.pruner,
            grace=spec.search.grace,
            reduction=spec.search.reduction,
            seeds=spec.confirm.seeds,
            embeddings=spec.confirm.embeddings,
            diagnostics=spec.diagnostics,
            seed=spec.seed,
            pairs=named_pairs(variant.method),
            repeats=spec.search.repeats,
            moves=moves_of(spec, variant, task),
            variant_of=None if variant.plain else variant.method,
            neighbour=_neighbour(spec, variant, task, imratio),
        )
        for order, (variant, task, imratio) in enumerate(grid)
        for space in [{**tuned_space(spec, variant), **options[task.name]}]
    ]


def _neighbour(spec: StudySpec, variant: Variant, task: Task, imratio: float | None) -> str | None:
    """The cell at the next larger ratio, so that warm starts form chains, from the most positives
    to the fewest. The data set's own ratio, which only its data know, is in none."""
    if not spec.search.warm_start or imratio is None:
        return None
    larger = [ratio for ratio in ratios(spec, task) if ratio is not None and ratio > imratio]
    return cell_id(variant.name, task.name, min(larger)) if larger else None


def _run(spec: StudySpec, task: Task, network: Network) -> dict[str, object]:
    evaluation = spec.evaluation.model_dump()
    return {
        "dataset": task.dataset.name,
        **({"data": task.dataset.options} if task.dataset.options else {}),
        "model": network.name,
        **({"network": network.options} if network.options else {}),
        "epochs": task.epochs,
        "batch_size": task.batch_size,
        "intervals": task.intervals,
        "validation": task.validation,
        **({"long_tail": task.long_tail} if task.long_tail is not None else {}),
        "positive_rate": task.positive_rate,
        "augmentation": task.augmentation,
        "easy_positives": task.easy_positives,
        "label_noise": task.label_noise,
        "ablation_seed": task.ablation_seed,
        "budget": task.budget,
        "seconds": task.seconds,
        "select": spec.select,
        "execution": spec.execution,
        # "auto" is decided before a study begins (`study.plan.deciding`); a plan that looks at no
        # machine takes it for the default.
        "precision": "f32" if spec.precision == "auto" else spec.precision,
        "compile": spec.compile is True,
        "channels_last": spec.channels_last,
        **({"evaluation": evaluation} if evaluation else {}),
        "data_root": str(data_root(spec)),
        "device": "cuda" if spec.resources.gpus > 0 else "cpu",
    }
