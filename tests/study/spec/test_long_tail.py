"""Long tails in a spec: what cells hold of them, and what is refused in one sentence."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cells import cells
from study.cli import app
from study.errors import SpecError
from study.facts import data_facts
from study.plan.cost import plan_study
from study.plan.timing import Timing
from study.spec import changes, check_environment, dump, parse_spec
from study.spec.older import completed
from trainables.config import TrialConfig


def spec(methods: list[Any] | None = None, top: Any = None, **task: Any) -> dict[str, Any]:
    of_task = {"dataset": "digits", "model": "mlp", "epochs": 1, "long_tail": 10, **task}
    return {
        "name": "tails",
        "methods": methods or ["ce"],
        "tasks": [of_task],
        "imratios": [None],
        "search": {"trials": 0},
        **(top or {}),
    }


BINARY = {"dataset": "digits", "model": "mlp", "epochs": 1}

WRONG = [
    (spec(long_tail=0.5), r"tasks\[0\].long_tail"),
    (spec(top={"imratios": [0.1]}), "a task with long_tail has no imratio, but task .* has 0.1"),
    (spec(imratios=[0.1, None]), "task digits-mlp-lt10 has 0.1, null: write imratios"),
    (spec(positive_rate=0.5), "positive_rate is for one label, not for the classes of a task"),
    (spec(easy_positives=0.5), "easy_positives is for one label"),
    (spec(label_noise=0.1), "label_noise is for one label"),
    (
        spec(top={"tasks": [BINARY], "select": "accuracy"}),
        "select: accuracy is for tasks of classes, with long_tail, but task digits-mlp has none",
    ),
    (
        spec(top={"tasks": [BINARY], "metrics": ["auroc", "hand_till"]}),
        "metrics must suit a task, and hand_till is for tasks of classes",
    ),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
def test_a_spec_that_does_not_suit_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse_spec(wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            spec(["ce", "auc_m"]),
            r"methods\[1\]: task digits-mlp-lt10: a method must take the task's 10 classes",
        ),
        (spec(dataset={"name": "digits", "positives": ["0"]}), "three classes or more, and there"),
        (spec(long_tail=1000), "every class must keep a training image, and long_tail 1000 leaves"),
        (
            spec([{"name": "w", "method": "weighted_ce", "set": {"positive_factor": 2}}]),
            "positive_factor must be 1 for a task of 10 classes",
        ),
    ],
)
@pytest.mark.parametrize("command", ["plan", "plan --for 8xH200 --seconds-per-step 0.1"])
def test_plan_refuses_what_the_data_cannot_give_in_one_sentence(
    command: str, wrong: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tails.yaml").write_text(yaml.safe_dump(wrong))
    refused = CliRunner().invoke(app, [*command.split(), "tails.yaml"])
    assert refused.exit_code == 2
    assert len(refused.stderr.strip().splitlines()) == 1
    with pytest.raises(SpecError, match=words):
        check_environment(parse_spec(wrong))


def test_only_a_cell_with_a_long_tail_says_so() -> None:
    found = parse_spec(spec(top={"tasks": [spec()["tasks"][0], BINARY], "imratios": [None]}))
    tail, binary = cells(found)
    assert tail.task == "digits-mlp-lt10"
    assert tail.run["long_tail"] == 10
    assert "long_tail" not in binary.run
    seeds = {"data_seed": 1, "init_seed": 2, "order_seed": 3}
    assert TrialConfig(**tail.trial({}, seeds)).long_tail == 10
    assert TrialConfig(**binary.trial({}, seeds)).long_tail is None


def test_a_study_of_before_goes_on_and_takes_no_long_tail() -> None:
    found = parse_spec(spec(top={"tasks": [BINARY]}))
    new = yaml.safe_load(dump(found))
    old = {**new, "tasks": [{k: v for k, v in new["tasks"][0].items() if k != "long_tail"}]}
    assert changes(completed(old, found.methods), new) == []
    tailed = {**new, "tasks": [{**new["tasks"][0], "long_tail": 10.0}]}
    assert changes(old, tailed) == ["long_tail of task digits-mlp was null and is now 10.0."]
    assert changes(new, tailed) == changes(old, tailed)


def test_plans_and_provenance_count_by_class() -> None:
    found = parse_spec(spec(["ce", "ct_ce"]))
    check_environment(found)
    timings = dict.fromkeys([(m, "digits-mlp-lt10") for m in ("ce", "ct_ce")], Timing(1, 1, 128))
    plan = plan_study(found, timings, 1)
    train = (129, 99, 77, 59, 46, 35, 27, 21, 16, 12)
    assert plan.cells[0].train.positives == train
    assert plan.data["digits-mlp-lt10"].labels == tuple(map(str, range(10)))
    facts = data_facts(found)["digits-mlp-lt10"]
    assert facts["labels"] == [str(digit) for digit in range(10)]
    assert facts["positives"] == []
    assert tuple(facts["parts"]["natural"]["train"]["positives"]) == train
    assert "fall exponentially, by 10 in all" in facts["notes"][-1]


def test_without_data_the_benchmarks_sizes_are_known_by_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from study.plan.images import published, trained

    monkeypatch.chdir(tmp_path)
    found = parse_spec(spec(dataset="cifar100", top={"data_root": str(tmp_path)}))
    shown = trained(found.tasks[0], published(found.tasks[0].dataset, tmp_path))
    assert len(shown.labels) == 100
    assert shown.train_labels.sum(0).tolist() == [500] * 100
    assert shown.test_labels.shape == (10_000, 100)
