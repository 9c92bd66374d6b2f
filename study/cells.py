"""From a spec to its ordered cells."""

from study.cell import Cell, cell_id
from study.spec import StudySpec, Task, data_root, fixed_params, search_trials, tuned_space
from study.spec.space import named_pairs

__all__ = ["cells"]


def cells(spec: StudySpec) -> list[Cell]:
    """Every method x task x imratio of ``spec``, task by task, ratio by ratio."""
    grid = [
        (method, task, imratio)
        for task in spec.tasks
        for imratio in spec.imratios
        for method in spec.methods
    ]
    return [
        Cell(
            id=cell_id(method, task.name, imratio),
            order=order,
            method=method,
            task=task.name,
            dataset=task.dataset,
            model=task.model,
            imratio=imratio,
            run=_run(spec, task),
            space=tuned_space(spec, method),
            fixed=fixed_params(spec, method),
            trials=search_trials(spec, method),
            random_trials=spec.search.random_trials,
            sampler=spec.search.sampler,
            pruner=spec.search.pruner,
            grace=spec.search.grace,
            reduction=spec.search.reduction,
            seeds=spec.confirm.seeds,
            embeddings=spec.confirm.embeddings,
            seed=spec.seed,
            pairs=named_pairs(method),
        )
        for order, (method, task, imratio) in enumerate(grid)
    ]


def _run(spec: StudySpec, task: Task) -> dict[str, object]:
    return {
        "dataset": task.dataset,
        "model": task.model,
        "epochs": task.epochs,
        "batch_size": task.batch_size,
        "intervals": task.intervals,
        "validation": task.validation,
        "positive_rate": task.positive_rate,
        "augmentation": task.augmentation,
        "easy_positives": task.easy_positives,
        "label_noise": task.label_noise,
        "ablation_seed": task.ablation_seed,
        "budget": task.budget,
        "seconds": task.seconds,
        "precision": spec.precision,
        "execution": spec.execution,
        "data_root": str(data_root(spec)),
        "device": "cuda" if spec.resources.gpus > 0 else "cpu",
    }
