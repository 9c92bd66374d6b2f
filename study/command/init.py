"""What ``aucstudy init`` asks, and the YAML that it writes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from study.errors import SpecError
from study.spec import parse_spec
from trainables.datasets import (
    DATASETS,
)
from trainables.methods import METHODS
from trainables.models import MODELS

__all__ = ["Answers", "ask", "spec_text", "write"]

RATIO_OF_THE_SET = "own"
"""For imratio null."""


@dataclass(frozen=True)
class Answers:
    """What ``init`` asks for, and what it takes where nothing is said.

    Attributes:
        name: of the study.
        dataset, model: of its one task.
        epochs: passes over the training set.
        methods: names.
        imratios: shares of positives; None: the set's own.
        trials: search trials a cell; 0: no search.
        seeds: confirm seeds.
        gpus: a trial.
    """

    name: str = "my-study"
    dataset: str = "digits"
    model: str = "small_cnn"
    epochs: int = 20
    methods: tuple[str, ...] = ("ce", "ce_tuned", "auc_m", "ct_auc")
    imratios: tuple[float | None, ...] = (0.02, 0.1)
    trials: int = 12
    seeds: int = 5
    gpus: float = 0.0


QUESTIONS = {
    "name": "Name of the study",
    "dataset": f"Data set ({', '.join(DATASETS)}, or package.module:object)",
    "model": f"Model ({', '.join(MODELS)}, or package.module:object)",
    "epochs": "Epochs a trial",
    "methods": f"Methods, with commas ({', '.join(METHODS)})",
    "imratios": f"Shares of positives, with commas; `{RATIO_OF_THE_SET}` for the data set's own",
    "trials": "Search trials a method and setting (0: no search)",
    "seeds": "Seeds on which the winner is trained again (a test takes 3 or more)",
    "gpus": "GPUs a trial (0.25: four trials share one; 0: the CPU)",
}

YAML = """\
# Written by `aucstudy init`. Every key: docs/guide/7-every-key.md; every name: aucstudy list.
#   aucstudy plan {file}    what it runs, about how long it takes, what it will be able to show
#   aucstudy run {file}     start it; the same command resumes and extends it
name: {name}
# What is compared. ce_tuned is cross entropy with all that one tunes in plain training.
methods: {methods}
tasks:
  # A data set, a network and a budget. More lines are more tasks.
  - {{dataset: {dataset}, model: {model}, epochs: {epochs}}}
# Share of positives among the training images; null: the data set's own.
imratios: {imratios}
# Trials that each method gets in each setting to find its hyperparameters, on validation data.
search: {{trials: {trials}}}
# The best configuration is trained again on so many fresh seeds; only these meet the test set.
confirm: {{seeds: {seeds}}}
# Of one trial.
resources: {{cpus: 1, gpus: {gpus}}}
# Where the search is not to be the method's own (options of networks stand under `model`, as
# `aucstudy list NAME` shows them), for example:
# space:
#   auc_m: {{margin: {{low: 0.1, high: 1.0}}, momentum: 0.9}}
"""


def ask(answer: Callable[[str], str] = input) -> Answers:
    """Ask every question; an empty line, and the end of the input, take the default.

    What is not allowed is said on stderr and asked again.

    Args:
        answer: from a prompt to a line; raises EOFError at the end.
    """
    found = Answers()
    for field in fields(Answers):
        while True:
            default = _shown(getattr(found, field.name))
            try:
                said = answer(f"{QUESTIONS[field.name]} [{default}]: ").strip()
            except EOFError:
                return found
            if not said:
                break
            try:
                found = _with(found, field.name, said)
            except SpecError as error:
                print(error, file=sys.stderr)
                continue
            break
    return found


def spec_text(answers: Answers, file: Path) -> str:
    """The answers as commented YAML.

    Raises:
        SpecError: they make no sound spec.
    """
    text = YAML.format(
        file=file,
        **{field.name: _flow(getattr(answers, field.name)) for field in fields(Answers)},
    )
    parse_spec(yaml.safe_load(text), "these answers")
    return text


def write(text: str, file: Path) -> None:
    """Write the spec; what is there stays.

    Raises:
        SpecError: the file is there, or cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise SpecError(f"`aucstudy init` writes a new file, but {file} is there.") from error
    except OSError as error:
        raise SpecError(f"{file} cannot be written: {error.strerror}. Name another.") from error


def _with(answers: Answers, name: str, said: str) -> Answers:
    """The answers with one more, which must leave the spec sound."""
    several = isinstance(getattr(answers, name), tuple)
    value: Any = said
    if several:
        value = tuple(_plain(part.strip()) for part in said.split(",") if part.strip())
    elif name != "name":
        value = _plain(said)
    made = replace(answers, **{name: value})
    spec_text(made, Path("study.yaml"))
    return made


def _plain(word: str) -> object:
    """What YAML makes of a word; what a key may hold is the spec's to say."""
    if word == RATIO_OF_THE_SET:
        return None
    try:
        return yaml.safe_load(word)
    except yaml.YAMLError:
        return word


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(RATIO_OF_THE_SET if each is None else _shown(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flow(value: object) -> str:
    """A YAML value on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    return (
        yaml.safe_dump(plain, default_flow_style=True, width=10_000).removesuffix("...\n").strip()
    )
