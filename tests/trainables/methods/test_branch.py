"""What every method must keep on a network with a branch of metadata, of which it knows nothing."""

import math
from typing import Any

import pytest
import torch

from tests.trainables.methods.contract_values import SHORT
from tests.trainables.tiny import STEPS, TinyTrial, context, generator
from tests.trainables.tiny import model as image_network
from trainables.batches.mixes.mixup import Mixup
from trainables.branch_after import recipe_of
from trainables.methods import METHODS
from trainables.models.branch import Branch, Branched, branched
from trainables.recipe import Batch
from trainables.updates import mixed

COLUMNS = 3
PLANS = {"joint": Branch(0.25, None), "after": Branch(0.25, 0.5)}
LONGER = 2 * STEPS
"""Steps of a trial whose branch comes after: each part has its twelve."""

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in METHODS),
    ("ct_auc", {"inner": "looks_ahead", "inner_steps": 2}),
    ("ct_auc", {"inner": "exact", "evaluate": "u"}),
    ("ct_mixup", {"inner": "looks_ahead", "evaluate": "u"}),
]


class BranchedTrial(TinyTrial):
    """A tiny trial whose batches have metadata: columns of noise, the first one told by targets."""

    model: Branched

    def __init__(self, name: str, plan: str, *, seed: int = 0, **values: Any) -> None:
        method = METHODS[name](**{**SHORT.get(name, {}), **values})
        super().__init__(method, seed=seed, steps=LONGER)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = branched(image_network(seed), PLANS[plan], COLUMNS)
        self.recipe = recipe_of(method, context(self.model, self.mixup))

    def drawn(self) -> list[Batch]:
        """As without metadata, and these from draws of their own."""
        found = super().drawn()
        for each in found:
            draw = generator(self.done)
            each.metadata = torch.randn(len(each.targets), COLUMNS, generator=draw)
            each.metadata[:, 0] += each.targets
            each.with_metadata = True
        return found

    def image(self) -> torch.Tensor:
        """All that the image network is, as one vector."""
        return torch.cat([e.flatten().float() for e in self.model.image.state_dict().values()])


@pytest.mark.parametrize(("name", "values"), VARIANTS)
def test_together_both_are_trained(name: str, values: dict[str, Any]) -> None:
    trial = BranchedTrial(name, "joint", **values)
    before = {key: each.clone() for key, each in trial.model.named_parameters()}
    assert all(math.isfinite(loss) for loss in trial.train(LONGER))
    for key, each in trial.model.named_parameters():
        assert not torch.equal(each, before[key]), key


@pytest.mark.parametrize(("name", "values"), VARIANTS)
def test_the_branch_after_it_finds_the_image_network_of_a_trial_without_and_leaves_it(
    name: str, values: dict[str, Any]
) -> None:
    alone = TinyTrial(METHODS[name](**{**SHORT.get(name, {}), **values}))
    alone.train(STEPS)
    trial = BranchedTrial(name, "after", **values)
    trial.train(STEPS)
    network = torch.cat([e.flatten().float() for e in alone.model.state_dict().values()])
    assert torch.equal(trial.image(), network)
    assert trial.recipe.gradient_evaluations == alone.recipe.gradient_evaluations
    with trial.recipe.evaluating(), alone.recipe.evaluating(), torch.no_grad():
        batch = trial.drawn()[0]
        assert torch.equal(trial.model.eval()(*batch.inputs), alone.model.eval()(batch.images))
    trial.model.train()
    before = {key: each.clone() for key, each in trial.model.named_parameters()}
    assert all(math.isfinite(loss) for loss in trial.train(LONGER - STEPS))
    assert torch.equal(trial.image(), network)
    assert float(trial.model.merge) == 0.25
    for key, each in trial.model.named_parameters():
        assert torch.equal(each, before[key]) == key.startswith("image."), key
    assert trial.recipe.gradient_evaluations == 2 * alone.recipe.gradient_evaluations
    assert all(module.training for module in trial.model.image.modules())


@pytest.mark.parametrize("stop", [3, 12, 15, 20])
@pytest.mark.parametrize(
    ("name", "values"), [v for v in VARIANTS if v[0] in ("two_stage", "ts_dec", "ct_auc", "auc_m")]
)
def test_save_and_load_continue_bit_for_bit(name: str, values: dict[str, Any], stop: int) -> None:
    through = BranchedTrial(name, "after", **values)
    losses = through.train(LONGER)
    first = BranchedTrial(name, "after", **values)
    first.train(stop)
    second = BranchedTrial(name, "after", seed=5, **values)
    second.train(2)  # its own past must leave no trace
    second.go_on_from(first)
    assert second.train(LONGER - stop, done=stop) == losses[stop:]
    assert torch.equal(second.weights(), through.weights())
    assert second.recipe.gradient_evaluations == through.recipe.gradient_evaluations


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", METHODS)
def test_a_step_reads_nothing_of_the_host_and_leaves_its_state_in_its_place(
    name: str, plan: str
) -> None:
    trial = BranchedTrial(name, plan)
    for stage in range(len(trial.recipe._stages)):
        trial.recipe._enter(stage)
        assert trial.out_of_place() is None


def test_metadata_are_mixed_with_the_images_partner_and_weight() -> None:
    draw = generator(0)
    images = torch.randn(6, 1, 2, 3, generator=draw)
    batch = Batch(images, torch.zeros(6), None, images.flatten(1)[:, :COLUMNS].clone())
    batch.with_metadata = True
    found = mixed(Mixup(1.0, True, draw), batch)
    assert not torch.equal(found.images, images)
    taken, metadata = found.inputs
    assert torch.equal(taken, found.images)
    torch.testing.assert_close(metadata, taken.flatten(1)[:, :COLUMNS])
