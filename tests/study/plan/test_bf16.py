"""bf16 on a CPU that has none: said before the study begins, and only then."""

import pytest
import torch
from typer.testing import CliRunner

from study.cells import cells
from study.cli import app
from study.plan import bf16
from study.plan.deciding import decided
from study.spec import StudySpec, parse_spec
from tests.study.specs import SPEC


def spec(**changes: object) -> StudySpec:
    return parse_spec({**SPEC, "precision": "bf16", **changes})


@pytest.mark.parametrize(("factor", "warned"), [(15.0, True), (1.3, True), (1.1, False)])
def test_the_warning_says_how_slow_it_is(
    monkeypatch: pytest.MonkeyPatch, factor: float, warned: bool
) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: factor)
    words = bf16.bf16_warning(spec())
    assert (words is not None) is warned
    if words is not None:
        assert f"{factor:.1f} times as long as in f32. Set precision: f32" in words


def test_what_does_not_train_on_this_cpu_is_not_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: 15.0)
    assert bf16.bf16_warning(spec(precision="f32")) is None
    assert bf16.bf16_warning(spec(resources={"gpus": 1})) is None
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    assert bf16.bf16_warning(spec()) is None


def test_measuring_leaves_threads_and_generator_as_they_are() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert bf16.cpu_slowdown() > 0
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_doctor_and_plan_say_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: 15.0)
    file = tmp_path_factory.mktemp("spec") / "study.yaml"
    file.write_text(
        "name: s\nmethods: [ce]\ntasks: [{dataset: digits, model: mlp, epochs: 1}]\n"
        "imratios: [0.1]\nsearch: {trials: 1}\nprecision: bf16\n"
    )
    for command in ("doctor", "plan"):
        done = CliRunner().invoke(app, [command, str(file)])
        assert done.exit_code == 0, done.output
        assert "15.0 times as long" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("factor", "meant", "said"),
    [
        (0.5, "bf16", "precision: auto is bf16 here."),
        (0.9, "f32", "precision: auto is f32 here: a convolution takes 0.9 times as long in bf16"),
        (15.0, "f32", "precision: auto is f32 here: a convolution takes 15.0 times as long"),
    ],
)
def test_auto_is_bf16_where_that_is_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, factor: float, meant: str, said: str
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: factor)
    told: list[str] = []
    asked = spec(precision="auto")
    assert decided(asked, told.append) == asked.model_copy(update={"precision": meant})
    (line,) = told
    assert line.startswith(said)


def test_auto_is_f32_where_the_hardware_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(bf16, "cpu_slowdown", lambda: 0.1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert decided(spec(precision="auto", resources={"gpus": 1})).precision == "f32"
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    assert decided(spec(precision="auto")).precision == "f32"


def test_a_plan_that_looks_at_no_machine_takes_auto_for_f32() -> None:
    plain, auto = (cells(spec(precision=each))[0].run for each in ("f32", "auto"))
    assert auto == plain
