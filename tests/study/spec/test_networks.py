"""A network in a spec: its name, or its name and options."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from study.cells import cells
from study.errors import SpecError
from study.spec import check_environment, dump, parse_spec
from trainables.config import TrialConfig
from trainables.loop import TrainingRun


def spec(model: object, **task: Any) -> dict[str, Any]:
    return {
        "name": "s",
        "methods": ["ce"],
        "tasks": [{"dataset": "digits", "model": model, "epochs": 1, **task}],
        "imratios": [0.1],
        "search": {"trials": 0},
    }


def test_a_network_is_written_as_it_is_read_and_reaches_the_trial() -> None:
    options = {"name": "resnet20", "activation": "relu"}
    study = parse_spec(spec(options))
    assert yaml.safe_load(dump(study))["tasks"][0]["model"] == options
    (cell,) = cells(study)
    assert (cell.task, cell.model) == ("digits-resnet20", "resnet20 (activation relu)")
    (plain,) = cells(parse_spec(spec("resnet20")))
    assert cell.run == {**plain.run, "network": {"activation": "relu"}}


def test_an_option_changes_what_is_trained(tmp_path: Path) -> None:
    def scores(**network: str) -> list[float]:
        run = TrainingRun(
            TrialConfig(
                method="ce",
                dataset="digits",
                model="resnet20",
                network=dict(network),
                imratio=0.1,
                epochs=1,
                batch_size=256,
                intervals=1,
                data_root=str(tmp_path),
                data_seed=1,
                init_seed=2,
                order_seed=3,
            )
        )
        return [float(each) for each in run.test()["scores"][:5]]

    assert scores() == scores(activation="elu")
    assert scores() != scores(activation="relu")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"name": "resnet20", "activaton": "relu"}, r"no option 'activaton' \(did you mean 'activ"),
        ({"name": "mlp", "depth": 3}, "mlp has no option 'depth': its options are weights, freeze"),
        ({"activation": "relu"}, "must have a name beside its options"),
        ("timm:resnet20000", r"timm.list_models\(\), such as resnet200"),
    ],
)
def test_a_wrong_network_is_refused(model: object, words: str) -> None:
    pytest.importorskip("timm")
    with pytest.raises(SpecError, match=rf"tasks\[0\]\.model.*{words}"):
        parse_spec(spec(model))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"name": "resnet20", "activation": "tanh"}, ": activation must be one of elu, relu"),
        ({"name": "mlp", "freeze": "9"}, ": freeze must be features or a layer of the network"),
        ({"name": "mlp", "layer_lr_decay": 2}, r": layer_lr_decay must be a number in \(0, 1\]"),
        ("convnext_tiny", "pixels, as these are, and fails on them .*; it takes 32x32"),
        ("timm:test_vit", "pixels, as these are, and fails on them .*; it takes 32x32"),
    ],
)
def test_what_cannot_take_the_images_says_what_it_takes(model: object, words: str) -> None:
    with pytest.raises(SpecError, match=rf"tasks\[0\]\.model.*{words}"):
        check_environment(parse_spec(spec(model)))


def test_weights_are_a_part_of_a_study(tmp_path: Path) -> None:
    from torchvision import models

    from study.fingerprints import fingerprints
    from trainables.files import checksum

    file = tmp_path / "w.pth"
    torch.save(models.resnet18().state_dict(), file)
    data = {**spec({"name": "resnet18", "weights": "w.pth"}), "data_root": str(tmp_path)}
    study = parse_spec(data)
    check_environment(study)
    found = fingerprints(cells(study))["weights"]
    assert found == {"resnet18 (weights w.pth)": {"w.pth": checksum(file)}}
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(SpecError, match=r"tasks\[0\]\.model.*w.pth cannot be read .*: fetch it"):
        check_environment(study)
    file.unlink()
    with pytest.raises(SpecError, match=r"tasks\[0\]\.model: weights must be a file or imagenet"):
        check_environment(study)
