"""Presets: each is a valid spec, says what it is, and searches what its head claims."""

from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution

from analysis.compare.published import published
from study.cells import cells
from study.spec import fixed_params, load_spec, preset_names, tuned_space
from study.spec.text import preset_text
from tests.study.specs import plain

PAPERS = {
    "iccv21-benchmarks": 48,
    "iccv21-benchmarks-4-sets": 64,
    "iclr22-benchmarks": 54,
    "iclr22-benchmarks-4-sets": 72,
    "iclr22-ablation": 9,
    "iclr22-ablation-4-sets": 12,
    "equal-time": 18,
    "equal-time-4-sets": 24,
    "margin-sensitivity": 4,
    "mixup-alpha-sensitivity": 6,
    "bsn-ablation": 4,
    "noise-robustness": 15,
    "alpha-constraint": 1,
    "iclr22-ablation-variants": 48,
    "bsn-ablation-variants": 12,
    "alpha-constraint-variants": 2,
    "margin-alpha-profile": 8,
    "auc-mixup-breastmnist": 6,
    "auc-mixup-pneumoniamnist": 6,
    "iclr22-cat-and-dog": 6,
    "iclr22-cat-and-dog-relu": 6,
    "iclr22-cat-and-dog-200": 2,
    "iclr22-cat-and-dog-xavier": 6,
    "iclr22-cat-and-dog-near-zero": 4,
    "cat-and-dog-searched": 2,
    "cat-and-dog-searched-xavier": 2,
    "cat-and-dog-positive-rate": 2,
    "iclr22-cifar10": 3,
    "iclr22-cifar10-relu": 3,
    "iclr22-cifar10-libauc": 3,
    "iclr22-cifar10-near-zero": 3,
    "medmnist-resnet18": 2,
    "iccv21-benchmarks-tuned": 60,
    "iccv21-benchmarks-tuned-4-sets": 80,
    "iclr22-benchmarks-tuned": 63,
    "iclr22-benchmarks-tuned-4-sets": 84,
    "equal-time-tuned": 21,
    "equal-time-tuned-4-sets": 28,
    "noise-robustness-tuned": 20,
}
"""Cells of every preset that reproduces a paper's table or figure."""

EARLIER = ("cifar10-methods", "cifar10-small", "cifar10-small-tuned", "medmnist-mixup")
"""Those whose figures are older than ``inner``."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset that was run here would mean the study that it began."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_a_valid_spec_of_its_own_name(name: str) -> None:
    spec = load_spec(name)  # names, hyperparameters and values are all looked at
    assert spec.name == name
    found = cells(spec)
    assert len({cell.id for cell in found}) == len(found)
    assert len(found) == PAPERS.get(name, len(found))
    assert spec.confirm.seeds >= 3


@pytest.mark.parametrize("name", PAPERS)
def test_a_preset_says_what_it_reproduces_where_and_how_long(name: str) -> None:
    head = " ".join(
        line.removeprefix("#").strip()
        for line in preset_text(name).splitlines()
        if line.startswith("#")
    )
    assert "et al., " in head or "Xv, Li, Yang" in head
    assert "Hardware: " in head
    assert "Estimated" in head
    assert " hour" in head


@pytest.mark.parametrize(
    ("name", "method", "key", "values"),
    [
        ("iclr22-ablation", "ct_auc", "inner_steps", (1, 2, 3)),
        ("iclr22-ablation", "ct_auc", "same_batch", (False, True)),
        ("iclr22-ablation-4-sets", "ct_auc", "inner_steps", (1, 2, 3)),
        ("margin-sensitivity", "auc_m", "margin", (0.1, 0.3, 0.5, 0.7, 1.0)),
        ("mixup-alpha-sensitivity", "ct_mixup", "mixup_alpha", (0.0, 0.1, 0.2, 0.4, 1.0, 2.0)),
        ("bsn-ablation", "auc_s", "score_map", ("bsn", "sigmoid", "raw")),
        ("alpha-constraint", "auc_m", "project_alpha", (True, False)),
    ],
)
def test_an_ablation_compares_choices_without_pruning(
    name: str, method: str, key: str, values: tuple[object, ...]
) -> None:
    spec = load_spec(name)
    distribution = tuned_space(spec, plain(method))[key]
    assert isinstance(distribution, CategoricalDistribution)
    assert distribution.choices == values
    assert (spec.search.sampler, spec.search.pruner) == ("random", "none")


@pytest.mark.parametrize("name", ["iclr22-ablation-variants", "ablation-digits"])
def test_the_rows_of_the_papers_ablation_are_variants_with_its_figures_beside(name: str) -> None:
    spec = load_spec(name)
    theirs = published()
    rows = theirs[(theirs["table"] == "Table 2") & theirs["method"].str.startswith("CT ")]
    assert [variant.name for variant in spec.methods] == [*dict.fromkeys(rows["ours"])]
    same, two, one, below = spec.methods
    assert tuned_space(spec, same).keys() == tuned_space(spec, two).keys()
    assert "inner_steps" in tuned_space(spec, same)
    assert tuned_space(spec, below).keys() - tuned_space(spec, one).keys() == {"beta0"}
    assert [fixed_params(spec, each)["inner_steps"] for each in (one, below)] == [1, 1]


def test_what_the_presets_ask_of_their_tasks() -> None:
    assert {(t.budget, t.seconds) for t in load_spec("equal-time").tasks} == {("seconds", 1000)}
    noise = {t.name: (t.easy_positives, t.label_noise) for t in load_spec("noise-robustness").tasks}
    assert noise == {
        "plain": (0, 0),
        "easy-10": (0.1, 0),
        "easy-20": (0.2, 0),
        "noise-1": (0, 0.01),
        "noise-5": (0, 0.05),
    }
    (task,) = load_spec("alpha-constraint").tasks
    assert (task.easy_positives, task.label_noise) == (0.2, 0.05)
    iclr22 = fixed_params(load_spec("iclr22-benchmarks"), plain("ct_auc"))
    assert iclr22 == {"margin": 1.0, "inner": "moves"}
    assert fixed_params(load_spec("iccv21-benchmarks"), plain("auc_s")) == {"score_map": "bsn"}


@pytest.mark.parametrize("name", [name for name in PAPERS if name.endswith("-4-sets")])
def test_four_sets_are_the_three_and_cat_and_dog(name: str) -> None:
    three, four = load_spec(name.removesuffix("-4-sets")), load_spec(name)
    added = four.tasks[len(three.tasks) :]
    assert {task.dataset.name for task in added} == {"cat_and_dog"}
    assert {task.model.name for task in added} == {task.model.name for task in three.tasks}
    own = {"name", "tasks", "directory"}
    assert four.tasks[: len(three.tasks)] == three.tasks
    assert four.model_dump(exclude=own) == three.model_dump(exclude=own)
    assert f"`{name}` has it" in preset_text(name.removesuffix("-4-sets"))


@pytest.mark.parametrize("name", [name for name in preset_names() if "-tuned" in name])
def test_a_tuned_one_is_that_before_and_plain_training_tuned(name: str) -> None:
    before, tuned = load_spec(name.replace("-tuned", "")), load_spec(name)
    assert [each for each in tuned.methods if each.name != "ce_tuned"] == list(before.methods)
    own = {"name", "methods", "directory"}
    assert tuned.model_dump(exclude=own) == before.model_dump(exclude=own)
    (added,) = (each for each in tuned.methods if each.name == "ce_tuned")
    assert len(tuned_space(tuned, added)) == 9


@pytest.mark.parametrize("name", preset_names())
def test_only_presets_with_earlier_figures_look_ahead(name: str) -> None:
    """Their commands give those figures again; the others take the default."""
    spec = load_spec(name)
    methods = [each for each in spec.methods if each.method in ("ct_auc", "ct_mixup")]
    expected = "looks_ahead" if name in EARLIER else "moves"
    assert {fixed_params(spec, method)["inner"] for method in methods} <= {expected}
