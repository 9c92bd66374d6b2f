"""Frozen features in a spec: how they are written, what reaches a trial, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from study.cells import cells
from study.errors import SpecError
from study.spec import check_environment, dump, load_spec, parse_spec
from tests.study.spec.test_networks import spec
from trainables.models import builder

FEATURES = {"features": "resnet20", "weights": "none"}


def test_it_is_written_as_it_is_read_and_reaches_the_trial() -> None:
    options = {**FEATURES, "activation": "relu", "head": "mlp", "hidden": 16, "views": 4}
    study = parse_spec(spec(options, augmentation="flip"))
    assert yaml.safe_load(dump(study))["tasks"][0]["model"] == options
    (cell,) = cells(study)
    assert cell.task == "digits-features"
    assert cell.model == (
        "features (resnet20, weights none, activation relu, head mlp, hidden 16, views 4)"
    )
    assert (cell.run["model"], cell.run["network"]) == ("features", options)
    (frozen,) = cells(parse_spec(spec({"name": "features", **FEATURES})))
    assert frozen.run["network"] == FEATURES


def test_the_preset_has_6000_trials() -> None:
    study = load_spec("frozen-features")
    assert sum(cell.trials + cell.seeds for cell in cells(study)) == 6000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"weights": None},
            "features need weights: give a file or imagenet, or say .* `weights: ",
        ),
        ({"features": "resnet21"}, r"not 'resnet21'"),
        ({"activaton": "relu"}, r"resnet20 has no option 'activaton' \(did you mean 'activation'"),
        (
            {"freeze": "features"},
            "resnet20 has no option 'freeze'.*: its options are activation, init, ",
        ),
        ({"head": "tree"}, "head must be one of linear, mlp, not 'tree'"),
        ({"views": 0}, "views must be a whole number of at least 1, not 0"),
        ({"hidden": 1.5}, r"hidden must be a whole number of at least 1, not 1\.5"),
        ({"weights": 3}, "weights must be a text, not 3"),
    ],
)
def test_wrong_options_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=rf"tasks\[0\]\.model.*{words}"):
        parse_spec(spec({**FEATURES, **change}))


@pytest.mark.parametrize(
    ("options", "task", "words"),
    [
        ({"views": 2}, {}, "2 views of an image need an augmentation that makes them"),
        ({}, {"augmentation": "flip"}, "augmentation flip changes no image that was embedded"),
        ({"features": "convnext_tiny"}, {}, "pixels, as these are, and fails .*; it takes 32x32"),
        ({"weights": "w.pth", "features": "resnet32"}, {}, "weights must be those of the network"),
        ({"weights": "no.pth"}, {}, r"no\.pth is no file"),
    ],
)
def test_what_does_not_suit_the_data_is_refused(
    tmp_path: Path, options: dict[str, Any], task: dict[str, Any], words: str
) -> None:
    torch.save(builder("resnet20")(1, 8).features.state_dict(), tmp_path / "w.pth")
    wrong = {**spec({**FEATURES, **options}, **task), "data_root": str(tmp_path)}
    with pytest.raises(SpecError, match=words):
        check_environment(parse_spec(wrong))


@pytest.mark.parametrize("space", [{}, {"ce_tuned": {"cutout": 0.25}}])
def test_a_hyperparameter_of_images_is_refused(space: dict[str, Any]) -> None:
    asked = {**spec(FEATURES), "methods": ["ce_tuned"], "search": {"trials": 3}, "space": space}
    with pytest.raises(SpecError, match=r"cutout changes images.*`space: {ce_tuned: {cutout: 0}}`"):
        check_environment(parse_spec(asked))
    check_environment(parse_spec({**asked, "space": {"ce_tuned": {"cutout": 0}}}))


def test_copies_of_an_image_are_refused() -> None:
    asked = {**spec({**FEATURES, "views": 2}, augmentation="flip"), "evaluation": {"tta": 4}}
    with pytest.raises(SpecError, match=r"evaluation\.tta.*has frozen features"):
        check_environment(parse_spec(asked))


def test_the_head_alone_is_searched() -> None:
    head = {"model": {"head": "mlp", "hidden": {"low": 8, "high": 16}}}
    asked = {**spec({"features": "resnet20", "weights": "none"}), "search": {"trials": 3}}
    (cell,) = cells(parse_spec({**asked, "methods": ["ce"], "space": head}))
    assert cell.run["network"]["head"] == "mlp"
    made = cell.trial({"model.hidden": 9}, {})
    assert made["network"]["hidden"] == 9
    for option in ("freeze", "views"):
        with pytest.raises(SpecError, match="no task's network has such an option"):
            parse_spec({**asked, "space": {"model": {option: 2}}})
