"""Stages: order, decays, preparation, what is trained, save and load in the middle."""

import copy
from dataclasses import dataclass

import pytest
import torch

from tests.trainables.tiny import TinyTrial, batch, generator
from trainables.hyperparameters import hyperparameter
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import CELoss
from trainables.method import Method
from trainables.methods.parts import pesg, sgd
from trainables.models.classifier import BinaryClassifier
from trainables.optimizers.pdsca import PDSCA
from trainables.recipe import Batch, Context, Recipe, Stage, decays
from trainables.updates import Compositional, Descent, Mix, mixed, unmixed

STEPS, CE_STEPS, HEAD_STEPS = 12, 5, 4
CE_END, HEAD_END = CE_STEPS / STEPS, (CE_STEPS + HEAD_STEPS) / STEPS
FEATURES = ("features.1.weight", "features.1.bias", "features.2.weight")


@dataclass(frozen=True)
class Staged(Method):
    """CE on everything, a new head alone with AUC-M, then compositional training."""

    lr: float = hyperparameter(0.1, help="learning rate", source="this test", low=0)

    def recipe(self, context: Context) -> Recipe:
        """Three stages, each with another optimizer."""
        return Recipe(
            [
                Stage(lambda: self._ce(context), CE_END, decays=(2 / STEPS, 4 / STEPS)),
                Stage(
                    lambda: self._head(context),
                    HEAD_END,
                    decays=((CE_STEPS + 2) / STEPS,),
                    prepare=lambda: fill_head(context.model),
                ),
                Stage(lambda: self._compositional(context), batches=2),
            ]
        )

    def _ce(self, context: Context) -> Descent:
        params = context.model.parameters()
        return sgd(context, CELoss(), params, lr=self.lr, weight_decay=0.0, momentum=0.9)

    def _head(self, context: Context) -> Descent:
        return pesg(
            context,
            AUCMarginLoss(0.25),
            context.model.head.parameters(),
            lr=self.lr,
            epoch_decay=0.01,
            weight_decay=0.0,
            momentum=0.0,
            clip=None,
        )

    def _compositional(self, context: Context) -> Compositional:
        loss = AUCMarginLoss(0.25)
        return Compositional(loss, PDSCA(context.model, loss, inner_steps=2), True)


def fill_head(network: BinaryClassifier) -> None:
    with torch.no_grad():
        network.head.weight.fill_(0.25)


def snapshot(trial: TinyTrial) -> dict[str, torch.Tensor]:
    return copy.deepcopy(trial.model.state_dict())


def gradient_of(trial: TinyTrial, key: str) -> torch.Tensor:
    gradient = trial.model.get_parameter(key).grad
    assert gradient is not None
    return gradient


def test_stages_follow_each_other() -> None:
    trial = TinyTrial(Staged())
    needs = []
    for _ in range(14):
        trial.train(1)
        needs.append(trial.recipe.batches)
    assert needs == [1] * (CE_STEPS + HEAD_STEPS) + [2] * 5  # the last one goes on
    assert trial.recipe.gradient_evaluations == 16 * (CE_STEPS + HEAD_STEPS + 5 * 3)


def test_a_stage_is_prepared_at_its_first_step_and_trains_its_part_alone() -> None:
    trial = TinyTrial(Staged())
    trial.train(CE_STEPS)
    ended = snapshot(trial)
    gradients = {key: gradient_of(trial, key).clone() for key in FEATURES}
    assert not torch.equal(ended["head.weight"], torch.full((1, 5), 0.25))
    trial.train(1)
    begun = snapshot(trial)
    assert (begun["head.weight"] - 0.25).abs().max() < 0.05
    assert not torch.equal(begun["head.bias"], ended["head.bias"])
    trial.train(HEAD_STEPS - 1)
    head_trained = snapshot(trial)
    for key in FEATURES:
        assert torch.equal(head_trained[key], ended[key])
        assert torch.equal(gradients[key], gradient_of(trial, key))  # none was computed
    trial.train(1)
    assert not torch.equal(snapshot(trial)["features.1.weight"], ended["features.1.weight"])


def test_what_is_evaluated_belongs_to_the_stage_that_trained_it() -> None:
    trial = TinyTrial(Staged())
    trial.train(CE_STEPS)
    with trial.recipe.evaluating():
        assert not torch.equal(trial.model.head.weight, torch.full((1, 5), 0.25))
    trial.train(HEAD_STEPS + 2)
    own = snapshot(trial)
    with trial.recipe.evaluating():
        assert not torch.equal(trial.model.head.weight, own["head.weight"])
    assert torch.equal(trial.model.head.weight, own["head.weight"])


@pytest.mark.parametrize("stop", [0, 3, CE_STEPS, CE_STEPS + 1, CE_STEPS + HEAD_STEPS, 11])
def test_save_and_load_in_any_stage_continue_bit_for_bit(stop: int) -> None:
    """Also exactly between two stages; a stage begun is not prepared again."""
    through = TinyTrial(Staged())
    losses = through.train(13)

    first = TinyTrial(Staged())
    first.train(stop)
    saved = copy.deepcopy((first.recipe.state_dict(), first.model.state_dict()))

    second = TinyTrial(Staged(), seed=9)
    second.recipe.load_state_dict(saved[0])
    second.model.load_state_dict(saved[1])
    second.draws.set_state(first.draws.get_state())
    assert second.train(13 - stop, done=stop) == losses[stop:]
    assert torch.equal(second.weights(), through.weights())
    assert second.recipe.gradient_evaluations == through.recipe.gradient_evaluations


@pytest.mark.parametrize(("step", "rate"), [(0, 0.1), (1, 0.1), (2, 0.01), (3, 0.001)])
def test_the_learning_rate_decays_after_the_given_steps(step: int, rate: float) -> None:
    """With momentum off a step of SGD shows its rate: change = rate x gradient."""

    @dataclass(frozen=True)
    class Plain(Method):
        def recipe(self, context: Context) -> Recipe:
            params = list(context.model.parameters())
            return Recipe(
                [
                    Stage(
                        lambda: sgd(context, CELoss(), params, lr=0.1, weight_decay=0, momentum=0),
                        decays=(0.5, 0.75),
                    )
                ]
            )

    trial = TinyTrial(Plain(), steps=4)
    trial.train(step)
    before = trial.model.head.weight.detach().clone()
    trial.train(1)
    gradient = trial.model.head.weight.grad
    assert gradient is not None
    torch.testing.assert_close(before - rate * gradient, trial.model.head.weight.detach())


def test_decays_lie_at_50_and_75_percent_of_their_part() -> None:
    assert decays() == (0.5, 0.75)
    assert decays(0.2, 0.6) == pytest.approx((0.4, 0.5))


def test_what_a_long_step_passes_over_is_still_done() -> None:
    """Where the budget is seconds one step may go past a decay, or past a whole stage."""
    trial = TinyTrial(Staged())
    trial.recipe.advance(0.95)
    assert trial.recipe.batches == 2
    assert torch.equal(trial.model.head.weight, torch.full((1, 5), 0.25))  # it was prepared
    recipes = [TinyTrial(Staged()).recipe for _ in range(2)]
    recipes[0].advance(4 / STEPS)
    for done in range(5):
        recipes[1].advance(done / STEPS)
    assert recipes[0].state_dict()["decayed"] == recipes[1].state_dict()["decayed"] == 2


def test_a_recipe_without_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one stage"):
        Recipe([])


def test_batches_keep_their_given_order() -> None:
    """S1 trains the inner steps, S2 the outer one: swapping them is another step."""
    results = []
    for order in (1, -1):
        trial = TinyTrial(Staged())
        trial.train(CE_STEPS + HEAD_STEPS)
        trial.recipe.advance(HEAD_END)
        pair = [batch(generator(30)), batch(generator(31))][::order]
        results.append(trial.recipe.step(pair).item())
    assert results[0] != results[1]


HALF_OF_THEM: Mix = lambda each: Batch(each.images[::2], each.targets[::2])  # noqa: E731


@pytest.mark.parametrize(
    ("mix", "kept"),
    [
        (unmixed, [5, 6, 7, 8]),
        (lambda each: Batch(2 * each.images, each.targets), [5, 6, 7, 8]),
        (lambda each: each._replace(images=2 * each.images), [5, 6, 7, 8]),
        (lambda each: Batch(each.images, each.targets, each.indices.flip(0)), [8, 7, 6, 5]),
        (HALF_OF_THEM, None),
    ],
)
def test_indices_survive_a_mix_that_does_not_know_of_them(mix: Mix, kept: list[int] | None) -> None:
    """And metadata; one that makes fewer images has none, rather than others'."""
    columns = torch.rand(4, 2, generator=generator(1))
    given = Batch(*batch(generator(0), size=4), torch.tensor([5, 6, 7, 8]), columns)
    found = mixed(mix, given)
    assert (None if found.indices is None else found.indices.tolist()) == kept
    assert found.metadata is (None if kept is None else columns)


def test_a_batch_unpacks_in_two() -> None:
    images, targets = Batch(torch.zeros(2, 1, 1, 1), torch.zeros(2), torch.arange(2))
    assert (images.shape, targets.shape) == ((2, 1, 1, 1), (2,))
