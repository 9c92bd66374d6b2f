"""What a spec refuses, and in which words."""

from pathlib import Path
from typing import Any

import pytest

from study.errors import SpecError
from study.spec import load_spec, parse_spec
from tests.study.specs import SPEC, edited

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": (edited("serach", value=1), "did you mean 'search'.*name, seed, methods"),
    "unknown key below": (
        edited("search", "trails", value=1),
        "trials, random_trials, repeats, sampler",
    ),
    "unknown key of a task": (edited("tasks", 0, "epoch", value=1), "did you mean 'epochs'"),
    "unknown key of a range": (
        edited("space", "ce", "lr", value={"low": 1, "high": 2, "lgo": True}),
        "space.ce.lr.lgo: .*low, high, log, step",
    ),
    "unknown key of choices": (
        edited("space", "ce", "lr", value={"choices": [0.1], "log": True}),
        "space.ce.lr.log: is not a known key: allowed here are choices",
    ),
    "missing key": ({k: v for k, v in SPEC.items() if k != "imratios"}, "imratios: is missing"),
    "unknown method": (
        edited("methods", value=["ce", "auc_mix"]),
        r"methods\[1\]: .*ce, .*package.module:object.*'auc_mix' \(did you mean 'auc_mixup'\?\)",
    ),
    "unknown data set": (
        edited("tasks", 0, "dataset", value="cifar11"),
        r"tasks\[0\].dataset: .*digits, cifar10.*'cifar11'",
    ),
    "unknown model": (edited("tasks", 0, "model", value="resnet"), "resnet20.*'resnet'"),
    "module that is not there": (edited("methods", value=["no_such.thing:x"]), "no_such"),
    "imratio of 0": (edited("imratios", value=[0]), r"imratios\[0\]: .*above 0 and at most 0.5"),
    "imratio above a half": (edited("imratios", value=[0.1, 0.6]), r"imratios\[1\]: .*not 0.6"),
    "imratio that is no number": (edited("imratios", value=["x"]), "must be a number, not 'x'"),
    "imratio that is true": (edited("imratios", value=[True]), "must be a number, not True"),
    "imratio twice": (edited("imratios", value=[0.1, 0.1]), "must not name 0.1 twice"),
    "fewer cores than Ray counts": (
        edited("resources", "cpus", value=0.00001),
        "resources.cpus: must be at least 0.0001, .*Ray counts, not 1e-05",
    ),
    "less of a GPU than Ray counts": (
        edited("resources", "gpus", value=0.00001),
        "resources.gpus: must be at least 0.0001, .*Ray counts, not 1e-05",
    ),
    "memory in no unit": (
        edited("resources", "data_memory", value="4 gigs"),
        "resources.data_memory: must be bytes, or a number with one of B, .*GiB.*such as 4 GiB",
    ),
    "memory below nothing": (
        edited("resources", "data_memory", value=-1),
        "resources.data_memory: must be .*not -1",
    ),
    "a directory's name that no file system takes": (
        edited("directory", value=f"studies/{'x' * 256}"),
        "directory: must be a path of at most 4000 bytes, each name in it of at most 255",
    ),
    "a path that no system takes": (
        edited("data_root", value="data/" * 801),
        "data_root: must be a path of at most 4000 bytes",
    ),
    "a method and a task whose names no file can have": (
        edited("methods", value=[f"{'package.' * 30}module:Mine"]),
        r"methods\[0\]: files are named after .* at most 200 letters together, .* have 261",
    ),
    "natural ratio twice": (edited("imratios", value=[None, None]), "must not name null twice"),
    "no imratios": (edited("imratios", value=[]), "imratios: must not be empty"),
    "no methods": (edited("methods", value=[]), "methods: must not be empty"),
    "method twice": (edited("methods", value=["ce", "ce"]), "must not name 'ce' twice"),
    "methods that are no list": (edited("methods", value="ce"), "must be a list.*not 'ce'"),
    "no tasks": (edited("tasks", value=[]), "tasks: must not be empty"),
    "two tasks of one name": (edited("tasks", value=SPEC["tasks"] * 2), "two tasks called"),
    "half an epoch": (edited("tasks", 0, "epochs", value=0.5), "must be a whole number, not 0.5"),
    "no epochs": (edited("tasks", 0, "epochs", value=0), "epochs: must be at least 1, not 0"),
    "epochs as a word": (edited("tasks", 0, "epochs", value="many"), "whole number, not 'many'"),
    "true epochs": (edited("tasks", 0, "epochs", value=True), "must be a number, not True"),
    "negative trials": (edited("search", "trials", value=-1), "search.trials: must be at least 0"),
    "nothing to run": (
        {
            **edited("space", "ce", value={"lr": 0.1, "weight_decay": 0}),
            "confirm": {"seeds": 0},
        },
        r"methods\[0\]: ce would not run at all: it has nothing to search, and confirm.seeds is 0",
    ),
    "range without a search": (
        {**SPEC, "search": {"trials": 0}, "space": {"ce": {"lr": {"low": 0.1, "high": 1}}}},
        "space.ce.lr: must be one value where search.trials is 0, not several",
    ),
    "choices without a search": (
        {**SPEC, "search": {"trials": 0}, "space": {"auc_m": {"margin": {"choices": [0.5, 1]}}}},
        "space.auc_m.margin: must be one value where search.trials is 0, not several",
    ),
    "negative seeds": (edited("confirm", "seeds", value=-1), "must be at least 0, not -1"),
    "sampler": (
        edited("search", "sampler", value="grid"),
        "must be 'tpe', 'gp' or 'random', not 'grid'",
    ),
    "reduction": (edited("search", "reduction", value=1), "must be at least 2, not 1"),
    "grace too long": (edited("search", "grace", value=9), "search.grace must be at most.*has 3"),
    "seconds without their budget": (
        edited("tasks", 0, "seconds", value=60),
        "seconds must be given with budget: seconds and with no other, but budget is epochs",
    ),
    "budget of seconds without any": (
        edited("tasks", 0, "budget", value="seconds"),
        "but budget is seconds and seconds is null",
    ),
    "negative easy positives": (
        edited("tasks", 0, "easy_positives", value=-1),
        "easy_positives: must be at least 0, not -1",
    ),
    "half the labels wrong": (
        edited("tasks", 0, "label_noise", value=0.5),
        "label_noise: must be at least 0 and below 0.5.*not 0.5",
    ),
    "budget": (edited("tasks", 0, "budget", value="steps"), "'gradient_evaluations' or 'seconds'"),
    "positive rate": (edited("tasks", 0, "positive_rate", value=1), "above 0 and below 1"),
    "range reversed": (
        edited("space", "auc_m", "margin", value={"low": 1, "high": 0.1}),
        "space.auc_m.margin: low must be below high, but 1 is not below 0.1",
    ),
    "range of one point": (
        edited("space", "auc_m", "margin", value={"low": 1, "high": 1}),
        "low must be below high",
    ),
    "range outside": (
        edited("space", "auc_m", "margin", value={"low": -1, "high": 1}),
        r"space.auc_m.margin.low: margin must be .*\(0, inf\).*not -1",
    ),
    "range without an end": (
        edited("space", "auc_m", "margin", value={"low": 0.1}),
        "space.auc_m.margin.high: is missing",
    ),
    "log range from 0": (
        edited("space", "ce", "weight_decay", value={"low": 0, "high": 1, "log": True}),
        "a log range must begin above 0",
    ),
    "log and step": (
        edited("space", "ce", "lr", value={"low": 1, "high": 2, "log": True, "step": 1}),
        "log and step exclude each other",
    ),
    "step that does not divide": (
        edited("space", "ce", "lr", value={"low": 0.1, "high": 1, "step": 0.4}),
        "a high that is low plus a whole number of steps",
    ),
    "step lost in rounding": (
        edited("space", "ce", "lr", value={"low": 0.1, "high": 1, "step": 1e-30}),
        "large enough to tell two values .* apart, and 1e-30 from 0.1 to 1 is not",
    ),
    "choice outside": (
        edited("space", "auc_m", "score_map", value={"choices": ["sigmoid", "softmax"]}),
        r"space.auc_m.score_map.choices\[1\]: .*'bsn'.*not 'softmax'",
    ),
    "no choices": (edited("space", "ce", "lr", value={"choices": []}), "must not be empty"),
    "value outside": (edited("space", "ce", "lr", value=-1), "space.ce.lr: lr must be.*not -1"),
    "value of another type": (edited("space", "ce", "lr", value="fast"), "not 'fast'"),
    "list for a value": (
        edited("space", "ce", "lr", value=[0.1, 0.2]),
        r"space.ce.lr: must be a value, \{low: ..., high: ...\} or \{choices: \[...\]\}",
    ),
    "range for a word": (
        edited("space", "auc_m", "score_map", value={"low": 0, "high": 1}),
        "score_map is not a number",
    ),
    "hyperparameter of another method": (
        edited("space", "ce", "margin", value=0.5),
        "space.ce.margin: ce has no such hyperparameter.*lr, weight_decay",
    ),
    "space of a method that is not searched": (
        edited("space", "focal", "lr", value=0.5),
        r"space: must only name methods of this study \(ce, auc_m\), or model for .*, not 'focal'",
    ),
    "name with a folder": (edited("name", value="../up"), "name: becomes part of a file name"),
    "name that is a folder": (edited("name", value=".."), "name: becomes part of a file name"),
    "name that is empty": (edited("name", value=""), "name: becomes part of a file name"),
    "name that is a number": (edited("name", value=7), "must be text .in quotes"),
    "task's name": (edited("tasks", 0, "name", value="a/b"), r"tasks\[0\].name: becomes part"),
    "gpus": (edited("resources", "gpus", value=1.5), "a whole number, or a share of one GPU"),
    "cpus": (edited("resources", "cpus", value=0), "resources.cpus: must be above 0, not 0"),
    "precision": (
        edited("precision", value="f16"),
        "must be 'f32', 'tf32', 'bf16' or 'auto', not 'f16'",
    ),
    "tf32 on the CPU": (
        edited("precision", value="tf32"),
        "precision: tf32 needs trials on a GPU, but resources.gpus is 0: raise it, or leave",
    ),
    "metric that is not known": (
        edited("metrics", value=["auroc", "f1"]),
        r"metrics\[1\]: must be one of auroc, auprc, .*not 'f1'",
    ),
    "metric twice": (edited("metrics", value=["brier", "brier"]), "must not name 'brier' twice"),
    "no metric": (edited("metrics", value=[]), "metrics: "),
    "a margin of equality that is none": (
        edited("equivalence", value=0),
        "equivalence: must be above 0 and below 0.5, a difference of AUROCs, not 0",
    ),
    "execution": (
        edited("execution", value="cuda"),
        "execution: must be 'auto', 'graph' or 'eager', not 'cuda'",
    ),
    "graph on the CPU": (
        edited("execution", value="graph"),
        "execution: graph needs trials on a GPU, but resources.gpus is 0: raise it, or leave",
    ),
    "compile": (
        edited("compile", value="yes please"),
        "compile: must be true, false or 'auto', not 'yes please'",
    ),
    "compile on a GPU": (
        {**edited("compile", value=True), "resources": {"gpus": 0.5}},
        "compile: true is for trials on a CPU, but resources.gpus is 0.5: leave compile out",
    ),
    "a single copy": (
        edited("evaluation", value={"tta": 1}),
        "evaluation.tta: must be at least 2, not 1",
    ),
    "an average that forgets all": (
        edited("evaluation", value={"ema": 1}),
        "evaluation.ema: must be above 0 and below 1, such as 0.999, not 1",
    ),
    "a share of nothing": (
        edited("evaluation", value={"swa": 0}),
        "evaluation.swa: must be above 0 and at most 1, the share of a trial at its end, not 0",
    ),
    "two averages": (
        edited("evaluation", value={"ema": 0.9, "swa": 0.5}),
        "evaluation: ema and swa exclude each other.*leave one of them out",
    ),
    "an evaluation that there is not": (
        edited("evaluation", value={"emo": 0.9}),
        "evaluation.emo: .*did you mean 'ema'",
    ),
    "channels_last": (edited("channels_last", value="last"), "must be true or false"),
    "storage": (edited("storage", value="study.db"), "must be a database URL"),
    "download": (edited("download", value="perhaps"), "must be true or false"),
    "infinite": (
        edited("space", "ce", "lr", value={"low": 1, "high": float("inf")}),
        "must be a finite number",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_refusal_is_a_sentence(case: str) -> None:
    spec, words = WRONG[case]
    with pytest.raises(SpecError, match=words) as refusal:
        parse_spec(spec, title="file.yaml")
    message = str(refusal.value)
    assert message.startswith("file.yaml: ")
    assert message.endswith(".")
    assert "\n" not in message, "one thing is wrong, so one sentence"
    assert "pydantic" not in message


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        "name: two\nmethods: [ce]\ntasks:\n- {dataset: digits, model: mlp, epochs: 0}\n"
        "imratios: [0.1,\n  0.9]\nsearch: {trials: 3}\nsede: 1\n"
    )
    with pytest.raises(SpecError) as refusal:
        load_spec(str(file))
    lines = str(refusal.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"{file}, line {number}" for number in (4, 6, 8)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [a", "line 1: is not valid YAML"),
        ("name: a\n\tmethods: b", "line 2: is not valid YAML"),
        ("name: a\nname: b", "line 2: is not valid YAML: the key 'name' stands twice"),
        ("", "must hold the keys of a study"),
        ("- a", "must hold the keys of a study"),
        ("name: !!python/object/apply:os.system ['true']", "is not valid YAML"),
        ("name: a\nimratios: &a [*a]", "imratios"),
        ("a: b\x00", "is not valid YAML"),
        ("[" * 5000, "is not valid YAML"),
        ("? {a: b}\n: c", "is not valid YAML"),
        ("name: 2026-99-99", "is not valid YAML"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=words):
        load_spec(str(file))


def test_not_found(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"quickstart.*no file quickstrat .did you mean 'quickst"):
        load_spec("quickstrat")
    with pytest.raises(SpecError, match=r"holds no study.yaml"):
        load_spec(str(tmp_path))
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SpecError, match=r"latin.yaml cannot be read as UTF-8"):
        load_spec(str(tmp_path / "latin.yaml"))
