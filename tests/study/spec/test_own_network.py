"""A network of the user's own: taken if it is sound, else refused before anything is written."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner

from study.cli import app
from study.errors import SpecError
from study.spec import check_environment, parse_spec

MODULE = """
import torch
from torch import nn
from trainables.models.classifier import BinaryClassifier
from trainables.models.small_cnn import small_cnn


def flat(image_size):
    return nn.Sequential(nn.Flatten(), nn.Linear(image_size**2, 5), nn.BatchNorm1d(5), nn.ReLU())


def sound(in_channels, image_size):
    return BinaryClassifier(flat(image_size), nn.Linear(5, 1))


class Classifier(BinaryClassifier):
    def __init__(self, in_channels, image_size):
        super().__init__(flat(image_size), nn.Linear(5, 1))


def frozen_features(in_channels, image_size):
    model = sound(in_channels, image_size)
    model.features.requires_grad_(False)
    return model


def spare_weights(in_channels, image_size):
    model = sound(in_channels, image_size)
    model.spare = nn.Linear(5, 1)
    return model


def materialised(in_channels, image_size):
    features = nn.Sequential(nn.Flatten(), nn.LazyLinear(5))
    features(torch.zeros(2, in_channels, image_size, image_size))
    return BinaryClassifier(features, nn.Linear(5, 1))


def plain(in_channels, image_size):
    return nn.Sequential(flat(image_size), nn.Linear(5, 1), nn.Flatten(0))


def nothing(in_channels, image_size):
    pass


def without_arguments():
    return sound(1, 8)


class Unfinished(BinaryClassifier):
    def __init__(self, in_channels, image_size):
        nn.Module.__init__(self)
        self.net = flat(image_size)


def two_outputs(in_channels, image_size):
    return BinaryClassifier(flat(image_size), nn.Linear(5, 2))


def lazy(in_channels, image_size):
    return BinaryClassifier(nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), nn.Linear(5, 1))


def fixed(in_channels, image_size):
    return sound(in_channels, image_size).requires_grad_(False)


def weightless_path(in_channels, image_size):
    model = sound(in_channels, image_size).requires_grad_(False)
    model.spare = nn.Linear(5, 1)
    return model


class Auxiliary(Classifier):
    def forward(self, images):
        logits = super().forward(images)
        return (logits, logits) if self.training else logits


class Wide(Classifier):
    def forward(self, images):
        return self.head(self.features(images))


class Squeezed(Classifier):
    def forward(self, images):
        return self.head(self.features(images)).squeeze()


class Probability(Classifier):
    def forward(self, images):
        logits = super().forward(images)
        return logits if self.training else logits.sigmoid()


class Double(Classifier):
    def forward(self, images):
        return super().forward(images).double()


class Unflattened(BinaryClassifier):
    def __init__(self, in_channels, image_size):
        features = nn.Sequential(nn.Conv2d(in_channels, 5, 3), nn.AdaptiveAvgPool2d(1))
        super().__init__(features, nn.Linear(5, 1))

    def forward(self, images):
        return self.head(self.features(images).flatten(1)).squeeze(1)


def needs_224(in_channels, image_size):
    raise ValueError("needs 224 pixels")


def fails_in_training(in_channels, image_size):
    norm = nn.InstanceNorm2d(1, track_running_stats=True)
    features = nn.Sequential(nn.AdaptiveAvgPool2d(1), norm, nn.Flatten())
    return BinaryClassifier(features, nn.Linear(1, 1))
"""

TAKEN = ["sound", "Classifier", "small_cnn", "materialised", "frozen_features"]

WRONG = {
    "plain": "must give a trainables.models.classifier.BinaryClassifier, .*, not Sequential",
    "nothing": "must give a trainables.models.classifier.BinaryClassifier, .*, not None",
    "without_arguments": r"must take images of 1 channels and 8x8 pixels.*fails.*TypeError",
    "Unfinished": "must call BinaryClassifier.__init__",
    "two_outputs": r"must give one logit an image, \(B,\), not \(1, 2\) for 1 in evaluation",
    "lazy": r"must have all its weights once it is built, and features.1.weight has no shape",
    "fixed": "must have weights that can be trained",
    "weightless_path": "in training its logits do not depend on weights with a gradient",
    "Auxiliary": r"one logit an image, a tensor \(B,\), not a tuple in training",
    "Wide": r"one logit an image, \(B,\), not \(1, 1\) for 1 in evaluation",
    "Squeezed": r"one logit an image, \(B,\), not \(\) for 1 in evaluation",
    "Probability": "in evaluation it gives other logits",
    "Double": "must give logits in float32, not torch.float64 in evaluation",
    "Unflattened": r"must turn an image into the 5 features .*gives \(1, 5, 1, 1\)",
    "needs_224": "fails on them .ValueError: needs 224 pixels",
    "fails_in_training": "fails on them .ValueError: Expected more than 1",
    "spare_weights": "must be trained by ct_auc, whose training step fails .RuntimeError",
}


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("own_network.py").write_text(MODULE)


def spec(network: str, **changes: Any) -> dict[str, Any]:
    task = {"dataset": "digits", "model": f"own_network:{network}", "epochs": 2}
    return {
        "name": "own",
        "methods": [
            "ce",
            "two_stage",
            "ts_dec",
            "ct_auc",
            "auc_mixup",
            {"name": "balanced", "method": "auc_m", "set": {"mix": "balanced_mixup"}},
        ],
        "tasks": [task],
        "imratios": [0.2],
        "search": {"trials": 1},
        "confirm": {"seeds": 1},
        **changes,
    }


@pytest.mark.parametrize("network", TAKEN)
def test_a_sound_network_is_taken(network: str) -> None:
    before = torch.random.get_rng_state()
    check_environment(parse_spec(spec(network)))
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_network_is_taken_by_the_methods_that_can_train_it() -> None:
    check_environment(parse_spec(spec("spare_weights", methods=["ce", "two_stage"])))


@pytest.mark.parametrize("network", WRONG)
def test_what_is_wrong_is_one_sentence(network: str) -> None:
    words = rf"tasks\[0\].model: own_network:{network} .*{WRONG[network]}.*\(images of digits\)"
    with pytest.raises(SpecError, match=words) as refusal:
        check_environment(parse_spec(spec(network)))
    assert len(str(refusal.value).splitlines()) == 1


def test_it_is_tried_at_the_precision_of_its_trials() -> None:
    check_environment(parse_spec(spec("sound", precision="bf16")))


def test_batches_of_one_image_are_tried_as_such() -> None:
    task = {"dataset": "digits", "model": "small_cnn", "epochs": 1, "batch_size": 1}
    check_environment(parse_spec(spec("sound", tasks=[task])))
    task["model"] = "own_network:sound"
    with pytest.raises(SpecError, match="Expected more than 1 value per channel when training"):
        check_environment(parse_spec(spec("sound", tasks=[task])))


@pytest.mark.parametrize("command", ["run", "plan"])
def test_nothing_is_written_for_it(command: str, tmp_path: Path) -> None:
    Path("own.yaml").write_text(yaml.safe_dump(spec("Auxiliary")))
    refused = CliRunner().invoke(app, [command, "own.yaml"])
    assert refused.exit_code == 2
    assert "not a tuple in training" in refused.stderr
    assert not (tmp_path / "studies").exists()
