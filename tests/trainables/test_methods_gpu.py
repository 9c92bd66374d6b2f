"""Every method on a GPU: nothing in a step waits for the device, and the run is the CPU's."""

import pytest
import torch

from tests.trainables.tiny import STEPS, TinyTrial, batch, generator, model
from trainables.methods import METHODS
from trainables.mixup import Mixup, beta_draws
from trainables.recipe import Batch, Context

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def to_gpu(given: Batch) -> Batch:
    return Batch(*(each.cuda() for each in given))


def gpu_run(name: str, steps: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    network = model().cuda()
    context = Context(network, 0.25, torch.Generator("cuda").manual_seed(2))
    recipe = METHODS[name](**undrawn(name)).recipe(context)
    draw = generator(1)
    losses = []
    for done in range(steps):
        recipe.advance(done / STEPS)
        batches = [to_gpu(batch(draw)) for _ in range(recipe.batches)]
        losses.append(recipe.step(batches))
    return losses, torch.cat([each.flatten().float() for each in network.state_dict().values()])


DRAWS_A_HEAD = ("two_stage", "ts_dec")


def undrawn(name: str) -> dict[str, float]:
    """Without mixup: generators differ by device."""
    return {"mixup_alpha": 0} if "mixup" in name else {}


@pytest.mark.parametrize("name", [name for name in METHODS if name not in DRAWS_A_HEAD])
def test_a_run_on_the_gpu_is_that_on_the_cpu(name: str) -> None:
    trial = TinyTrial(METHODS[name](**undrawn(name)))
    expected = trial.train(STEPS)
    losses, weights = gpu_run(name, STEPS)
    torch.testing.assert_close(
        torch.stack(losses).cpu(), torch.tensor(expected), rtol=1e-3, atol=1e-5
    )
    own = torch.cat([each.flatten().float() for each in trial.model.state_dict().values()])
    torch.testing.assert_close(weights.cpu(), own, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_never_waits_for_the_device(name: str) -> None:
    network = model().cuda()
    context = Context(network, 0.25, torch.Generator("cuda").manual_seed(2))
    recipe = METHODS[name]().recipe(context)
    draw = generator(1)
    pairs = [[to_gpu(batch(draw)) for _ in range(recipe.batches)] for _ in range(4)]
    recipe.step(pairs[0])
    torch.cuda.set_sync_debug_mode("error")
    try:
        for pair in pairs[1:]:
            recipe.step(pair)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", METHODS)
def test_save_on_the_gpu_and_load_elsewhere(name: str) -> None:
    """A file from a GPU, read onto the CPU, goes on there and on a GPU."""
    network = model().cuda()
    context = Context(network, 0.25, torch.Generator("cuda").manual_seed(2))
    recipe = METHODS[name]().recipe(context)
    draw = generator(1)
    recipe.step([to_gpu(batch(draw)) for _ in range(recipe.batches)])
    state = recipe.state_dict()
    for device in ("cpu", "cuda"):
        other = model().to(device)
        other.load_state_dict(network.state_dict())
        generator_ = torch.Generator(device).manual_seed(2)
        resumed = METHODS[name]().recipe(Context(other, 0.25, generator_))
        resumed.load_state_dict(state)
        for _ in range(8):
            pair = [Batch(*(each.to(device) for each in batch(draw)))] * resumed.batches
            assert bool(torch.isfinite(resumed.step(pair)))


def test_mixup_draws_on_the_gpu() -> None:
    draws = beta_draws(0.4, 20_000, torch.Generator("cuda").manual_seed(0))
    assert draws.is_cuda
    assert abs(float(draws.mean()) - 0.5) < 0.02
    assert abs(float(draws.var()) - 0.25 / 1.8) < 0.005
    given = to_gpu(batch(generator(0)))
    mixed = [Mixup(1.0, True, torch.Generator("cuda").manual_seed(3))(given) for _ in range(2)]
    assert torch.equal(mixed[0].images, mixed[1].images)
