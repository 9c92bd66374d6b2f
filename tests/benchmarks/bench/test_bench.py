"""The benchmark: its arithmetic by hand, and a tiny run of the whole."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.benchmarks.bench import __main__ as command
from tests.benchmarks.bench.contenders import OURS, PEER, PLAIN, contender
from tests.benchmarks.bench.figures import Found, Machine, changes, limit, load, trial_seconds
from tests.benchmarks.bench.measure import LEAST, machine
from tests.benchmarks.bench.parts import CONVOLUTIONS, REST, kind
from tests.benchmarks.bench.peak import PRODUCT, flops_an_image
from tests.benchmarks.bench.plain_loop import TensorByTensorPESG
from tests.benchmarks.bench.side_by_side import together, workers
from tests.benchmarks.bench.tables import report, section
from tests.benchmarks.bench.work import METHODS, Work, random_images
from trainables.datasets.source import Source
from trainables.optimizers.pesg import PESG


def test_plain_optimizer_is_pesg() -> None:
    generator = torch.Generator().manual_seed(0)

    def parameters() -> tuple[list[torch.Tensor], torch.Tensor]:
        return [torch.ones(3, 4), torch.full((5,), 2.0)], torch.tensor(0.01)

    ours, our_alpha = parameters()
    plain, plain_alpha = parameters()
    pesg = PESG(ours, [our_alpha], lr=0.1, epoch_decay=0.3, weight_decay=0.05)
    loop = TensorByTensorPESG(plain, plain_alpha, lr=0.1, epoch_decay=0.3, decay=0.05)
    for _ in range(5):
        rows = zip([*ours, our_alpha], [*plain, plain_alpha], strict=True)
        for mine, theirs in rows:
            mine.grad = theirs.grad = torch.randn(mine.shape, generator=generator)
        pesg.step()
        loop.step()
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(our_alpha, plain_alpha)


MINE = "ours, f32"

# Figures that can be worked by hand.
FOUND = Found(
    kind="2 x AVX-512 bf16 cores",
    when="2026-01-02 03:04 UTC",
    torch="2.12",
    data="cifar10",
    left_out=["One is left out: it is not here."],
    rounds=3,
    images={"auc_m": 2},
    steps=1000,
    evaluations=10,
    evaluated={PEER: 300, MINE: 100},
    precisions={PEER: "f32", MINE: "f32"},
    flops=1e9,
    peaks={"f32": 2e10, "bf16": 5e10},
    devices=2,
    step={"auc_m": {PEER: [0.4, 0.6, 0.5], MINE: [0.2, 0.2, 0.8]}},
    evaluation={"auc_m": {PEER: [0.1, 0.1, 0.2], MINE: [0.1, 0.1, 0.1]}},
    alone={"a batch, ours": 0.0012},
    profiled={"auc_m": {PEER: {}, MINE: {CONVOLUTIONS: 0.5, "normalisation": 0.2, REST: 0.3}}},
    machines=[
        Machine(
            2,
            "cores",
            {
                "auc_m": {
                    PEER: [[[0.5, 0.1], [0.7, 0.1]]],
                    MINE: [[[0.26, 0.1], [0.35, 0.1]]],
                }
            },
        )
    ],
)


def test_a_trial_is_its_steps_and_its_evaluations() -> None:
    # 1000 x 0.5 + 10 x 300 x 0.1 and 1000 x 0.2 + 10 x 100 x 0.1.
    assert trial_seconds(1000, 0.5, 10, 300, 0.1) == pytest.approx(800)
    assert FOUND.rate("auc_m", PEER).trial == pytest.approx(800)
    assert FOUND.rate("auc_m", MINE).trial == pytest.approx(300)


def test_the_share_of_the_peak_is_of_its_precision() -> None:
    # Two images of 1e9 in 0.2 s are 1e10 a second, of 2e10; bf16 has more to reach.
    assert FOUND.rate("auc_m", MINE).images == pytest.approx(10)
    assert FOUND.rate("auc_m", MINE).of_peak == pytest.approx(0.5)
    bf16 = replace(FOUND, precisions={MINE: "bf16"})
    assert bf16.rate("auc_m", MINE).of_peak == pytest.approx(0.2)


def test_the_limit_is_the_whole_machine_at_its_best_peak() -> None:
    # A trial of 2000 images is 2e12 operations: 40 s at 5e10, so 90 an hour on a core.
    assert limit(1000, 2, 1e9, {"f32": 2e10, "bf16": 5e10}, 2) == pytest.approx(180)
    assert FOUND.limit("auc_m") == pytest.approx(180)


def test_trials_an_hour_of_processes_add_up() -> None:
    (machine,) = FOUND.machines
    # The peer: 800 and 1000 s a trial; ours: 360 and 450 s.
    assert FOUND.trials_an_hour(machine, "auc_m", PEER) == pytest.approx([4.5 + 3.6])
    assert FOUND.trials_an_hour(machine, "auc_m", MINE) == pytest.approx([10 + 8])
    assert FOUND.images_a_second(machine, "auc_m", MINE) == pytest.approx(2 / 0.26 + 2 / 0.35)


def test_the_table_says_all_of_that() -> None:
    text = section(FOUND)
    # Ratios are medians of those within a round: of 2, 3 and .625; 700/300, 900/300, 1100/900.
    assert f"| auc_m | {PEER} | 500.00 | 4 | 1.00 | 800 | 4.50 | 1.00 | 20% |" in text
    assert f"| auc_m | {MINE} | 200.00 | 10 | 2.00 | 300 | 12.00 | 2.33 | 50% |" in text
    assert f"| auc_m | {PEER} | 2 by cores | 7 | 8.10 | 1.00 | 4% |" in text
    assert f"| auc_m | {MINE} | 2 by cores | 13 | 18.00 | 2.22 | 10% |" in text
    # Half of a step at half of the peak are convolutions, at the peak.
    assert f"| auc_m | {MINE} | 50% | 20% | 30% | 100% |" in text
    assert f"| auc_m | {PEER} | 50%" not in text
    assert "1,000 steps and 10 evaluations" in text
    assert "20 in f32, 50 in bf16 GFLOP/s" in text
    assert "One is left out" in text
    assert "a batch, ours 1.20 ms" in text
    assert "first run on this kind" in text


def test_a_run_is_compared_with_the_one_before() -> None:
    then = {"when": "before", "trials": {"auc_m": {PEER: 4.5, MINE: 10.0, "ours, old": 3.0}}}
    new = {**FOUND.step["auc_m"], "ours, new": [0.2] * 3}
    now = replace(
        FOUND,
        before=then,
        step={"auc_m": new},
        evaluation={"auc_m": {name: [0.1] * 3 for name in new}},
        evaluated={**FOUND.evaluated, "ours, new": 100},
        precisions={**FOUND.precisions, "ours, new": "f32"},
    )
    assert list(changes(now)) == [
        ("auc_m", PEER, 4.5, pytest.approx(4.5)),
        ("auc_m", MINE, 10.0, pytest.approx(12)),
        ("auc_m", "ours, old", 3.0, None),
        ("auc_m", "ours, new", None, pytest.approx(12)),
    ]
    text = section(now)
    assert f"| auc_m | {MINE} | 10.00 | 12.00 | 1.20 |" in text
    assert "| auc_m | ours, old | 3.00 | left out |  |" in text
    assert "| auc_m | ours, new | not there | 12.00 |  |" in text


def test_every_kind_of_machine_has_its_file(tmp_path: Path) -> None:
    other = replace(FOUND, kind="NVIDIA H200")
    for each in (FOUND, other, replace(other, rounds=7)):
        each.store(tmp_path)
    names = ["bench-2-x-avx-512-bf16-cores.json", "bench-nvidia-h200.json"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert load(tmp_path) == [FOUND, replace(other, rounds=7)]
    text = report(load(tmp_path))
    assert text.index("## 2 x AVX-512") < text.index("## NVIDIA H200")


@pytest.mark.parametrize(
    ("kernel", "what"),
    [
        ("aten::mkldnn_convolution", CONVOLUTIONS),
        ("sm90_xmma_gemm_bf16bf16_bf16f32", CONVOLUTIONS),
        ("aten::addmm", CONVOLUTIONS),
        ("aten::native_batch_norm_backward", "normalisation"),
        ("aten::elu_", "the rest"),
        ("aten::_foreach_add_", "the rest"),
    ],
)
def test_kernels_are_told_by_their_names(kernel: str, what: str) -> None:
    assert kind(kernel) == what


def bright(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Small images; positives are a little brighter."""
    generator = torch.Generator().manual_seed(0)

    def part(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.arange(n) % 2
        images = torch.randint(0, 200, (n, 3, 8, 8), generator=generator)
        return (images + 50 * labels.view(-1, 1, 1, 1)).to(torch.uint8), labels

    return Source(*part(1000), *part(40), n_classes=2, augmentation="crop_flip")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [PEER, PLAIN, MINE])
def test_every_contender_learns(name: str, method: str) -> None:
    if name == PEER:
        pytest.importorskip("libauc")
    work = Work("tests.benchmarks.bench.test_bench:bright", "unused", "cpu", "mlp", batch=20)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one = contender(name, method, work)
        before = one.evaluate(100)
        for _ in range(120):
            one.step()
        after = one.evaluate(100)
    assert one.images == (40 if method == "ct_auc" else 20)
    assert one.evaluated == (500 + 40 if name == PEER else 100)
    assert after > max(0.85, before + 0.1)


def few_images(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Random ones."""
    return random_images(400, 40, n_classes=2)


WORK = Work(
    "tests.benchmarks.bench.test_bench:few_images", "unused", "cpu", model="small_cnn", batch=16
)


def test_an_image_costs_what_its_products_do() -> None:
    # 40.55 million multiplications forward, as by hand: layers of 16, 32 and 64 channels.
    first, last = 3 * 16 * 9 * 32**2, 64
    same = [6 * 16**2 * 9 * 32**2, 5 * 32**2 * 9 * 16**2, 5 * 64**2 * 9 * 8**2]
    wider = [16 * 32 * 9 * 16**2, 32 * 64 * 9 * 8**2]
    forward = first + sum(same) + sum(wider) + last
    # A multiplication counts two; backward goes to weights and to what came in, but not to images.
    assert flops_an_image(replace(WORK, model="resnet20")) == 2 * (3 * forward - first)


def test_a_process_that_dies_is_said() -> None:
    with (
        pytest.raises(RuntimeError, match=r"a process that trained ce \(nobody\) ended"),
        workers(1, {}) as processes,
    ):
        together(processes, "nobody", "ce", WORK, least=0.0, evaluated=10)


def test_a_tiny_run_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("libauc")
    monkeypatch.setitem(LEAST, "cpu", 0.0)
    monkeypatch.setitem(PRODUCT, "cpu", 64)
    monkeypatch.setitem(OURS, "cpu", {MINE: {}, "ours, bf16": {"precision": "bf16"}})
    monkeypatch.setattr(command, "work_here", lambda device: replace(WORK, device=device))
    last = replace(FOUND, kind=machine("cpu")[0])
    last.store(tmp_path)
    command.main(["--device", "cpu", "--rounds", "1", "--out", str(tmp_path)])
    (found,) = load(tmp_path)
    assert (found.steps, found.evaluations) == (100 * 12, 100)  # 180 + 20 images, 16 a batch
    assert found.images == {"ce": 16, "auc_m": 16, "ct_auc": 32}
    assert found.evaluated == {name: 240 if name == PEER else 40 for name in found.evaluated}
    assert found.before == last.summary()
    assert found.first == PEER
    assert {PEER, PLAIN, MINE} <= found.step["ce"].keys()
    (cores,) = found.machines
    assert {len(found.trials_an_hour(cores, "ce", name)) for name in cores.timed["ce"]} == {1}
    assert {len(each) for each in cores.timed["ct_auc"][PEER]} == {found.devices}
    text = capsys.readouterr().out
    assert text.rstrip().endswith(section(found).rstrip())
    assert (tmp_path / "bench.md").read_text() == report([found])
    assert (tmp_path / "bench.png").stat().st_size > 10_000
