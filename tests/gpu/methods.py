"""Every method on a GPU, on the tiny model: the CPU's run, no waiting, files that travel."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tests.trainables.tiny import IMAGES, STEPS, TinyTrial, batch, generator, model
from trainables.batches.mixes.mixup import Mixup
from trainables.batches.mixes.shares import beta_draws
from trainables.methods import METHODS
from trainables.recipe import Batch, Context, Recipe

__all__ = [
    "check_mixup_draws",
    "check_never_waits",
    "check_resumes_on_both",
    "check_same_as_on_the_cpu",
    "comparable",
]


def comparable() -> list[str]:
    """Methods that draw nothing where mixup is off: generators differ by device."""
    return [name for name in METHODS if name not in ("two_stage", "ts_dec")]


def check_same_as_on_the_cpu(name: str) -> None:
    values = {"mixup_alpha": 0} if "mixup" in name else {}
    trial = TinyTrial(METHODS[name](**values))
    expected = trial.train(STEPS)

    network, recipe = _on_the_gpu(name, **values)
    draw = generator(1)
    losses = []
    for done in range(STEPS):
        recipe.advance(done / STEPS)
        losses.append(recipe.step([_to_gpu(batch(draw)) for _ in range(recipe.batches)]))
    torch.testing.assert_close(
        torch.stack(losses).cpu(), torch.tensor(expected), rtol=1e-3, atol=1e-5
    )
    torch.testing.assert_close(_state(network), _state(trial.model), rtol=1e-3, atol=1e-4)


def check_never_waits(name: str) -> None:
    _, recipe = _on_the_gpu(name)
    draw = generator(1)
    pairs = [[_to_gpu(batch(draw)) for _ in range(recipe.batches)] for _ in range(4)]
    recipe.step(pairs[0])
    with _waiting_is_an_error():
        for pair in pairs[1:]:
            recipe.step(pair)


def check_resumes_on_both(name: str) -> None:
    """A file from a GPU, read onto the CPU, goes on there and on a GPU."""
    network, recipe = _on_the_gpu(name)
    draw = generator(1)
    recipe.step([_to_gpu(batch(draw)) for _ in range(recipe.batches)])
    state = recipe.state_dict()
    for device in ("cpu", "cuda"):
        other = model().to(device)
        other.load_state_dict(network.state_dict())
        generator_ = torch.Generator(device).manual_seed(2)
        resumed = METHODS[name]().recipe(Context(other, 0.25, generator_, IMAGES))
        resumed.load_state_dict(state)
        for _ in range(8):
            pair = [_moved(batch(draw), device)] * resumed.batches
            assert bool(torch.isfinite(resumed.step(pair)))


def check_mixup_draws() -> None:
    draws = beta_draws(0.4, 20_000, torch.Generator("cuda").manual_seed(0))
    assert draws.is_cuda
    assert abs(float(draws.mean()) - 0.5) < 0.02
    assert abs(float(draws.var()) - 0.25 / 1.8) < 0.005
    given = _to_gpu(batch(generator(0)))
    mixed = [Mixup(1.0, True, torch.Generator("cuda").manual_seed(3))(given) for _ in range(2)]
    assert torch.equal(mixed[0].images, mixed[1].images)


def _on_the_gpu(name: str, **values: float) -> tuple[torch.nn.Module, Recipe]:
    network = model().cuda()
    context = Context(network, 0.25, torch.Generator("cuda").manual_seed(2), IMAGES)
    return network, METHODS[name](**values).recipe(context)


def _to_gpu(given: Batch) -> Batch:
    return _moved(given, "cuda")


def _moved(given: Batch, device: str) -> Batch:
    assert given.indices is not None
    images, targets = given
    return Batch(images.to(device), targets.to(device), given.indices.to(device))


def _state(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([each.flatten().float() for each in network.state_dict().values()]).cpu()


@contextmanager
def _waiting_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls itself a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")
