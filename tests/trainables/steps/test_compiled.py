"""A compiled network trains as the eager one, the same way every time, and leaves no trace."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters
from torch._inductor.runtime import cache_dir_utils

from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.config import TrialConfig
from trainables.loop import EVALUATION_BATCH, TrainingRun
from trainables.methods import METHODS
from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU
from trainables.models.mlp import mlp
from trainables.steps.compiled import cache_folder, compile_now, compiled, compiler
from trainables.steps.compiling import compile_network

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(compiler() is None, reason="no C++ compiler"),
]

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in METHODS),
    ("ct_auc", {"inner": "looks_ahead", "inner_steps": 2}),
    ("auc_m", {"momentum": 0.9, "clip": 1.0}),
    ("ce", {"optimizer": "sam"}),
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is compiled here is kept apart from the user's."""
    folder = tmp_path_factory.mktemp("compiled") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(folder))
        compiled.cache_clear()
        yield folder
    compiled.cache_clear()


def config(method: str, **changes: Any) -> TrialConfig:
    fields: dict[str, Any] = {
        "method": method,
        "dataset": "digits",
        "model": "mlp",
        "imratio": 0.1,
        "epochs": 2,
        "batch_size": 64,
        "intervals": 2,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "compile": True,
    }
    return TrialConfig(**{**fields, **changes})


def steps(run: TrainingRun) -> list[float]:
    return [run.train_step().item() for _ in range(run.steps)]


def weights(run: TrainingRun) -> Tensor:
    return torch.cat([each.flatten().double() for each in run._model.state_dict().values()])


def graphs() -> int:
    """Networks that torch has compiled in this process."""
    return int(counters["stats"]["unique_graphs"])


@pytest.mark.parametrize(("method", "params"), VARIANTS)
def test_a_compiled_network_trains_as_the_eager_one(method: str, params: dict[str, Any]) -> None:
    ours = TrainingRun(config(method, params=params))
    eager = TrainingRun(config(method, params=params, compile=False))
    before = graphs()
    # SOPA's thresholds step by whether a cost lies above them: one that rounding moves across it
    # makes a jump of its own.
    far = 1e-3 if method == "sopa" else 1.3e-6
    torch.testing.assert_close(
        torch.tensor(steps(ours)), torch.tensor(steps(eager)), rtol=far, atol=1e-5
    )
    assert graphs() == before  # no step compiles
    assert ours.validate() == pytest.approx(eager.validate(), abs=1e-3)
    assert (ours.execution, eager.execution) == ("compiled", "eager")
    assert ours.gradient_evaluations == eager.gradient_evaluations


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_convolutions_too_in_every_precision_and_layout(
    precision: str, channels_last: bool
) -> None:
    changes = {"model": "small_cnn", "precision": precision, "channels_last": channels_last}
    before = graphs()
    ours = TrainingRun(config("auc_m", **changes))
    assert graphs() == before + 1
    eager = TrainingRun(config("auc_m", **changes, compile=False))
    apart = {"f32": 1e-4, "bf16": 0.02}[precision]
    torch.testing.assert_close(
        torch.tensor(steps(ours)), torch.tensor(steps(eager)), rtol=apart, atol=apart
    )


@pytest.mark.parametrize(
    ("method", "params"),
    [("auc_m", {}), ("ct_auc", {"inner_steps": 2}), ("ct_mixup", {"inner": "looks_ahead"})],
)
def test_resumed_in_the_middle_of_an_interval_it_goes_on_bit_for_bit(
    method: str, params: dict[str, Any], tmp_path: Path
) -> None:
    chosen = config(method, params=params)
    through = TrainingRun(chosen)
    losses = steps(through)

    first = TrainingRun(chosen)
    half = first.steps // 4
    begun = [first.train_step().item() for _ in range(half)]
    save_checkpoint(tmp_path / "c.pt", first.state_dict())
    state = load_checkpoint(tmp_path / "c.pt", "cpu")
    assert state is not None
    second = TrainingRun(chosen)
    second.load_state_dict(state)
    begun += [second.train_step().item() for _ in range(second.steps - half)]
    assert begun == losses
    assert torch.equal(weights(second), weights(through))


def test_another_process_trains_the_same_bits_whether_it_compiles_or_finds_it(
    cache: Path, tmp_path: Path
) -> None:
    losses = steps(TrainingRun(config("auc_m")))
    code = (
        "import torch; torch.set_num_threads(1)\n"
        "from tests.trainables.steps.test_compiled import config, steps, TrainingRun\n"
        "print(steps(TrainingRun(config('auc_m'))))"
    )
    for folder in (cache, tmp_path / "empty"):
        env = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(folder)}
        words = [sys.executable, "-W", "ignore", "-c", code]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(losses)


@pytest.mark.parametrize("branch", ["joint", "after"])
def test_so_does_one_with_a_branch_whose_image_network_is_compiled(branch: str) -> None:
    changes: dict[str, Any] = {
        "dataset": "tests.trainables.metadata:read",
        "imratio": 0.3,
        "batch_size": 32,
        "epochs": 4,
        "network": {"branch": branch, "branch_from": 0.5}
        if branch == "after"
        else {"branch": branch},
    }
    before = graphs()
    ours = TrainingRun(config("auc_m", **changes))
    eager = TrainingRun(config("auc_m", **changes, compile=False))
    assert graphs() > before
    before = graphs()
    torch.testing.assert_close(torch.tensor(steps(ours)), torch.tensor(steps(eager)))
    assert graphs() == before  # no step compiles
    assert ours.validate() == pytest.approx(eager.validate(), abs=1e-3)
    assert ours.execution == "compiled"


def test_second_derivatives_stay_eager() -> None:
    params = {"inner": "exact"}
    ours = TrainingRun(config("ct_auc", params=params))
    eager = TrainingRun(config("ct_auc", params=params, compile=False))
    assert steps(ours) == steps(eager)
    assert ours.execution.startswith("eager: ")
    assert "second derivatives" in ours.execution


def test_compiling_leaves_no_trace() -> None:
    torch.manual_seed(0)
    features = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    model = BinaryClassifier(features, nn.Linear(3, 1))
    model.compiled_for = frozenset({5})
    before = {name: each.clone() for name, each in model.state_dict().items()}
    images = torch.rand(5, 1, 2, 2)
    drawn = torch.get_rng_state()
    compile_now(model, images)
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())
    assert torch.equal(torch.get_rng_state(), drawn)


def test_whole_parts_of_an_evaluation_are_compiled_and_nothing_else_is() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = mlp(1, 4)
        images = torch.rand(12, 1, 4, 4)
    model.eval()
    with torch.no_grad():
        eager, few = model(images), model(images[:5])
    model.compiled_for = frozenset({12})
    before = graphs()
    compile_now(model, images)
    assert graphs() == before + 1
    with torch.no_grad():
        torch.testing.assert_close(model(images), eager)
        assert torch.equal(model(images[:5]), few)
    model(images)  # with gradients, as a method's own figures may need them
    model.train()
    with torch.no_grad():
        model(images)
    assert graphs() == before + 1


def test_a_trial_compiles_evaluation_where_its_sets_fill_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert TrainingRun(config("ce"))._model.compiled_for == {64, EVALUATION_BATCH}
    monkeypatch.setattr("trainables.loop.EVALUATION_BATCH", 100)
    before = graphs()
    ours = TrainingRun(config("ce"))
    assert graphs() == before + 1  # for 64 images it is there
    eager = TrainingRun(config("ce", compile=False))
    steps(ours), steps(eager)
    before = graphs()
    found, plain = ours.test(), eager.test()
    assert graphs() == before
    np.testing.assert_allclose(found["scores"], plain["scores"], atol=1e-4)


def test_elu_is_that_of_torch_within_rounding_also_where_exp_overflows() -> None:
    x = torch.tensor([-200.0, -20.0, -1.0, -1e-3, -1e-6, 0.0, 1e-6, 0.5, 3.0, 100.0, 1e30])

    def logits(layer: nn.Module, x: Tensor) -> Tensor:
        found: Tensor = layer(x * 1)
        return found

    ours, plain = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, expected = compiled(logits)(ELU(), ours), nn.functional.elu(plain)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1.2e-7)
    torch.testing.assert_close(
        torch.autograd.grad(found.sum(), ours), torch.autograd.grad(expected.sum(), plain)
    )
    assert torch.equal(ELU()(x.clone()), nn.functional.elu(x))  # eager: torch's own


def test_every_shape_is_compiled_however_many_there_are() -> None:
    """torch by itself gives up after eight and goes on eagerly."""
    network = nn.Linear(2, 1)

    def logits(model: nn.Module, images: Tensor) -> Tensor:
        found: Tensor = model(images)
        return found.squeeze(1)

    before = graphs()
    for size in range(2, 12):
        with torch.no_grad():
            assert compiled(logits)(network, torch.ones(size, 2)).shape == (size,)
    assert graphs() == before + 10


def test_without_a_compiler_it_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "from tests.trainables.steps.test_compiled import config, TrainingRun\n"
        "try: TrainingRun(config('ce'))\n"
        "except RuntimeError as error: print(error)"
    )
    env = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "CXX": "no-such-compiler"}
    words = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("compile: true needs a network that torch.compile can compile")
    assert "no-such-compiler" in done.stdout
    assert "compile: false" in done.stdout
    assert len(done.stdout) < 1000


def test_on_a_gpu_it_is_refused() -> None:
    run = TrainingRun(config("ce", compile=False))
    parts = run._model, run._task, run._inputs
    asked = config("ce", device="cuda")
    with pytest.raises(ValueError, match="compile: true is for trials on a CPU"):
        compile_network(asked, METHODS["ce"](), *parts, 64, EVALUATION_BATCH)


def test_what_was_compiled_lies_in_the_users_own_cache(
    monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    model = BinaryClassifier(nn.Flatten(), nn.Linear(4, 1))
    model.compiled_for = frozenset({2})
    compile_now(model, torch.rand(2, 1, 2, 2))
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = tmp_path / "aucstudy" / "compiled"
    assert cache_folder() == own
    cache_dir_utils.cache_dir()  # as torch does whenever it is asked for it
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] != str(own)
    assert cache_folder() == own
    code = (
        "from tests.trainables.steps.test_compiled import config, steps, TrainingRun\n"
        "steps(TrainingRun(config('ce', compile=False)))  # imports what asks for it\n"
        "TrainingRun(config('ce', model='tests.trainables.steps.test_compiled:linear'))"
    )
    env = {n: value for n, value in os.environ.items() if n != "TORCHINDUCTOR_CACHE_DIR"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=env, check=True)
    assert [*own.iterdir()]


def linear(channels: int, size: int) -> BinaryClassifier:
    return BinaryClassifier(nn.Flatten(), nn.Linear(channels * size**2, 1))


def test_channels_last_is_how_weights_and_images_lie() -> None:
    run = TrainingRun(config("auc_m", model="small_cnn", compile=False, channels_last=True))
    usual = TrainingRun(config("auc_m", model="small_cnn", compile=False))
    kernels = [each for each in run._model.parameters() if each.dim() == 4]
    assert all(each.is_contiguous(memory_format=torch.channels_last) for each in kernels)
    drawn = run._samplers[0].draw()
    assert torch.equal(usual._samplers[0].draw(), drawn)
    images, same = (
        run._inputs.augmented(drawn, run._inputs.pixels(drawn)).images,
        usual._inputs.augmented(drawn, usual._inputs.pixels(drawn)).images,
    )
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, same)
    torch.testing.assert_close(torch.tensor(steps(run)), torch.tensor(steps(usual)))
