"""What is for one label is refused on several, in one sentence, before anything is written."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner

from study.cli import app
from study.errors import SpecError
from study.spec import check_environment, parse_spec
from study.spec.own_network import untrained
from trainables.methods import METHODS as KINDS

MODULE = """
import torch
from dataclasses import dataclass, replace
from torch import nn
from optuna.distributions import FloatDistribution
from search_spaces.ranges import Range
from trainables.datasets.source import Source
from trainables.methods.api import CELoss, Method, fields, one_stage, sgd
from trainables.models.classifier import BinaryClassifier


def images(root, download):
    pixels = torch.arange(60 * 64).reshape(60, 1, 8, 8).to(torch.uint8)
    labels = torch.stack([torch.arange(60) % n == 0 for n in (2, 3, 4)], 1).float()
    names = ("left", "right", "rare")
    return Source(pixels, labels, pixels, labels, 2, labels=names)


def uncertain(root, download):
    found = images(root, download)
    return replace(found, train_labels=found.train_labels.clamp(0.2, 0.8))


class First(BinaryClassifier):
    def forward(self, images):
        return self.head(self.features(images))[:, 0]


def network(in_channels, image_size):
    return BinaryClassifier(nn.Flatten(), nn.Linear(in_channels * image_size**2, 1))


def first(in_channels, image_size):
    return First(nn.Flatten(), nn.Linear(in_channels * image_size**2, 1))


@dataclass(frozen=True)
class Own(Method):
    lr: float = fields.lr()
    SPACE = {"lr": Range(FloatDistribution(0.01, 1.0, log=True), (0.1,), "ours")}

    def recipe(self, context):
        parameters = context.model.parameters()
        return one_stage(lambda: sgd(context, CELoss(), parameters, lr=self.lr, weight_decay=0.0))
"""


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("three_labels.py").write_text(MODULE)


def spec(methods: list[str], **task: Any) -> dict[str, Any]:
    return {
        "name": "three",
        "methods": methods,
        "tasks": [{"dataset": "three_labels:images", "model": "mlp", "epochs": 1, **task}],
        "imratios": [None],
        "search": {"trials": 0},
    }


WRONG = [
    (
        spec(["ce", "three_labels:Own"]),
        r"methods\[1\]: task three_labels-images-mlp: a method must take the task's 3 labels at "
        "once, and Own takes one: name one in the data set's `labels`, or take another method; "
        "of the study's methods ce can",
    ),
    (
        spec(["three_labels:Own"]),
        r"takes one: .*; of the study's methods none can \(see `aucstudy list methods`\)",
    ),
    (
        spec(["soap", "ce", "focal", "auc_m"], dataset="three_labels:uncertain"),
        r"methods\[0\]: task three_labels-uncertain-mlp: SOAP takes labels of 0 and 1, and the "
        r"data set has some between, .*; of the study's methods ce, auc_m can\.\n"
        r".*methods\[2\].*Focal",
    ),
    (
        spec(["ce"], positive_rate=0.5),
        r"tasks\[0\].positive_rate: positive_rate is for one label, not for the 3 of "
        "three_labels:images: leave it out, or name one in the data set's `labels`",
    ),
    (spec(["ce"], easy_positives=0.1), r"tasks\[0\].easy_positives: easy_positives is for one"),
]

METHODS = ["ce", "auc_m", "ct_auc", "ts_dec", "auc_mixup"]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
@pytest.mark.parametrize("command", ["run", "plan", "plan --for 4x64cores"])
def test_it_is_refused_in_one_sentence(
    command: str, wrong: dict[str, Any], words: str, tmp_path: Path
) -> None:
    Path("three.yaml").write_text(yaml.safe_dump(wrong))
    refused = CliRunner().invoke(app, [*command.split(), "three.yaml"])
    assert refused.exit_code == 2
    lines = refused.stderr.strip().splitlines()
    assert len(lines) == (2 if "SOAP" in words else 1)
    assert re.search(words, refused.stderr)
    with pytest.raises(SpecError, match=words):
        check_environment(parse_spec(wrong))
    assert not (tmp_path / "studies").exists()


def test_one_of_the_labels_takes_them() -> None:
    dataset = {"name": "three_labels:images", "labels": ["right"]}
    for methods in (["focal"], ["three_labels:Own"]):
        check_environment(parse_spec(spec(methods, dataset=dataset, positive_rate=0.5)))


def images() -> torch.Tensor:
    return torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_a_network_of_ones_own_is_tried_with_as_many_outputs() -> None:
    built = import_module("three_labels")
    methods = [(name, KINDS[name]()) for name in METHODS]
    assert untrained(built.network, images(), methods, "f32", labels=3) is None
    assert untrained(built.first, images(), methods, "f32") is None
    said = untrained(built.first, images(), methods, "f32", labels=3)
    assert said is not None
    assert re.search(r"by ce, whose training step fails .*not \(2,\) and \(2, 3\)", said)
