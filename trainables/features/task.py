"""The task of a trial: on images, or on what stands in their place: vectors, or metadata."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from trainables.config import TrialConfig
from trainables.datasets.cache import TASKS_KEPT, task_on_device
from trainables.datasets.cut.ablation import Ablation
from trainables.datasets.cut.task import BinaryTask
from trainables.datasets.images import Images
from trainables.features.embedding import embedding
from trainables.models.branch import METADATA, refuse_none
from trainables.models.features import EMBEDDED

__all__ = ["task_of"]


def task_of(config: TrialConfig, memory: int, *, embed: bool = True) -> BinaryTask:
    """The task on the trial's device; its tensors are shared by all who ask, and never changed.

    Args:
        config: of the trial.
        memory: bytes that images, or vectors, may take on the device; others stay on the CPU.
        embed: False: vectors that nobody has made yet are zeros, for a trial that is only timed.

    Raises:
        UnknownNameError, DataError: see `task_on_device` and `embedding`; there is no metadata.
    """
    if config.model == METADATA:
        # No image is ever looked at.
        task = _of_images(config, config.device, memory=0)
        refuse_none("model: metadata", len(task.columns))
        return task.of_metadata()
    if config.model != EMBEDDED:
        return _of_images(config, config.device, memory)
    blank = {"method": "", "params": {}, "init_seed": 0, "order_seed": 0, "diagnostics": False}
    fields = config.to_json() | blank
    return _of_vectors(json.dumps(fields, sort_keys=True), memory, embed)


def _of_images(config: TrialConfig, device: str, memory: int) -> BinaryTask:
    return task_on_device(
        config.dataset,
        config.data_root,
        download=False,
        imratio=config.imratio,
        data_seed=config.data_seed,
        validation=config.validation,
        device=device,
        ablation=Ablation(config.easy_positives, config.label_noise, config.ablation_seed),
        data=config.data,
        memory=memory,
        long_tail=config.long_tail,
    )


@lru_cache(maxsize=TASKS_KEPT)
def _of_vectors(fields: str, memory: int, embed: bool) -> BinaryTask:
    config = TrialConfig(**json.loads(fields))
    task = _of_images(config, "cpu", memory)
    made = embedding(
        config.dataset,
        config.data,
        config.network,
        config.augmentation,
        Path(config.data_root),
        config.device,
    )
    vectors = made.vectors() if embed or made.kept else made.blank()
    task = replace(
        task,
        train_images=Images(vectors.train, task.train_images.ids),
        val_images=Images(vectors.plain, task.val_images.ids),
        test_images=Images(vectors.test, task.test_images.ids),
        augmentation="none",
    )
    return task.to(config.device, images=task.image_bytes <= memory)
