"""Losses with a state an image against the papers' algorithms in plain loops, and LibAUC.

The loops are float64 and know nothing of matrices: of each label they hold one number an image.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.trainables.host_reads import no_host_reads
from tests.trainables.tiny import generator
from trainables.losses.average_precision import APLoss
from trainables.losses.image_state import ImageStateLoss
from trainables.losses.partial_auc import OneWayCVaRLoss, OneWayKLLoss, TwoWayKLLoss

IMAGES = 12
MARGIN, GAMMA, OUTER, BETA, ETA, KL, OUTER_KL = 0.8, 0.7, 0.6, 0.3, 0.2, 0.5, 0.8

Found = tuple[float, list[float]]
"""Value and gradient in the scores."""


class Plain:
    """One label. Batches are lists of scores, labels (None: missing) and image numbers."""

    def __init__(self) -> None:
        self.state: dict[str, dict[int, float]] = {}
        self.outer = 0.0

    def of(self, name: str, image: int) -> float:
        return self.state.setdefault(name, {}).get(image, 0.0)

    def cost(self, i: int, j: int) -> float:
        return max(0.0, MARGIN - (self.scores[i] - self.scores[j])) ** 2

    def step(self, scores: list[float], labels: list[int | None], images: list[int]) -> Found:
        self.scores, self.images = scores, images
        self.positives = [i for i, y in enumerate(labels) if y == 1]
        self.negatives = [j for j, y in enumerate(labels) if y == 0]
        if not self.positives or (not self.negatives and type(self) is not PlainAP):
            return 0.0, [0.0] * len(scores)
        return self.found()

    def found(self) -> Found:
        raise NotImplementedError

    def move(self, name: str, newest: dict[int, float], rule: Callable[..., float]) -> None:
        """Each image once, by the mean of the newest values of its places in the batch."""
        by_image: dict[int, list[float]] = {}
        for i, value in newest.items():
            by_image.setdefault(self.images[i], []).append(value)
        for image, values in by_image.items():
            old = self.of(name, image)
            self.state[name][image] = rule(old, sum(values) / len(values))

    def weighted(self, weights: dict[tuple[int, int], float], pairs: int) -> Found:
        """Sum of w_ij l_ij / pairs, and its gradient with constant weights."""
        value, slopes = 0.0, [0.0] * len(self.scores)
        for (i, j), weight in weights.items():
            value += weight * self.cost(i, j) / pairs
            slope = -2 * weight * max(0.0, MARGIN - (self.scores[i] - self.scores[j])) / pairs
            slopes[i] += slope
            slopes[j] -= slope
        return value, slopes


class PlainAP(Plain):
    def found(self) -> Found:
        known = sorted(self.positives + self.negatives)
        rule = lambda old, new: (1 - GAMMA) * old + GAMMA * new  # noqa: E731
        all_ = {i: sum(self.cost(i, j) for j in known) / len(known) for i in self.positives}
        some = {
            i: sum(self.cost(i, j) for j in self.positives) / len(known) for i in self.positives
        }
        self.move("among_all", all_, rule)
        self.move("among_positives", some, rule)
        weights = {}
        for i in self.positives:
            u1 = self.of("among_positives", self.images[i])
            u2 = self.of("among_all", self.images[i])
            for j in known:
                weights[i, j] = (u1 - (u2 if j in self.positives else 0)) / u2**2
        return self.weighted(weights, len(self.positives) * len(known))


class PlainCVaR(Plain):
    def found(self) -> Found:
        old = {i: self.of("thresholds", self.images[i]) for i in self.positives}
        weights, value = {}, 0.0
        share = {}
        for i in self.positives:
            above = [j for j in self.negatives if self.cost(i, j) > old[i]]
            share[i] = len(above) / len(self.negatives)
            weights.update({(i, j): 1 / BETA for j in above})
            excess = sum(self.cost(i, j) - old[i] for j in above) / len(self.negatives)
            value += (old[i] + excess / BETA) / len(self.positives)
        self.move("thresholds", share, lambda s, new: s - ETA * (1 - new / BETA))
        return value, self.weighted(weights, len(self.positives) * len(self.negatives))[1]


class PlainKL(Plain):
    def found(self) -> Found:
        newest = {
            i: sum(math.exp(self.cost(i, j) / KL) for j in self.negatives) / len(self.negatives)
            for i in self.positives
        }
        self.move("u", newest, lambda old, new: (1 - GAMMA) * old + GAMMA * new)
        weights = {}
        for i in self.positives:
            for j in self.negatives:
                weights[i, j] = self.weight(i, math.exp(self.cost(i, j) / KL))
        return self.weighted(weights, len(self.positives) * len(self.negatives))

    def weight(self, i: int, exponential: float) -> float:
        return exponential / self.of("u", self.images[i])


class PlainTwoWay(PlainKL):
    def weight(self, i: int, exponential: float) -> float:
        power = KL / OUTER_KL
        if i == self.positives[0]:  # v moves once, after u
            mean = sum(self.of("u", self.images[k]) ** power for k in self.positives)
            mean /= len(self.positives)
            self.outer = (1 - OUTER) * self.outer + OUTER * mean if self.first(i) else self.outer
        return self.of("u", self.images[i]) ** (power - 1) * exponential / self.outer

    def first(self, i: int) -> bool:
        self.seen = getattr(self, "seen", None)
        now = (tuple(self.scores), i)
        fresh, self.seen = self.seen != now, now
        return fresh


def ap(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return APLoss(IMAGES, MARGIN, GAMMA, score_map, labels)


def cvar(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return OneWayCVaRLoss(IMAGES, MARGIN, BETA, ETA, score_map, labels)


def one_way(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return OneWayKLLoss(IMAGES, MARGIN, KL, GAMMA, score_map, labels)


def two_way(labels: int = 1, score_map: str = "raw") -> ImageStateLoss:
    return TwoWayKLLoss(IMAGES, MARGIN, KL, OUTER_KL, GAMMA, OUTER, score_map, labels)


LOSSES: dict[str, tuple[Callable[..., ImageStateLoss], type[Plain]]] = {
    "ap": (ap, PlainAP),
    "cvar": (cvar, PlainCVaR),
    "one_way": (one_way, PlainKL),
    "two_way": (two_way, PlainTwoWay),
}


def drawn(seed: int, labels: int, size: int = 9) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, targets and indices: label 0 of an image is always the same, so that states last.

    Images come twice now and then; one label in five is missing, where there are several.
    """
    draw = generator(seed)
    indices = torch.randint(IMAGES, (size,), generator=draw)
    shape = (size, labels)
    scores = torch.randn(shape, generator=draw, dtype=torch.float64)
    targets = ((indices[:, None] + torch.arange(labels)) % 3 == 0).double()
    if labels > 1:
        gone = (indices[:, None] * 7 + torch.arange(labels) * 3) % 5 == 0
        targets = targets.masked_fill(gone, math.nan)
        return scores, targets, indices
    return scores.squeeze(1), targets.squeeze(1), indices


@pytest.mark.parametrize("labels", [1, 3])
@pytest.mark.parametrize("name", LOSSES)
def test_value_gradient_and_state_are_those_of_plain_loops(name: str, labels: int) -> None:
    """Over twelve batches, with images that come twice, missing labels and a batch of no pair."""
    make, kind = LOSSES[name]
    loss, plain = make(labels).double(), [kind() for _ in range(labels)]
    for step in range(12):
        scores, targets, indices = drawn(step, labels)
        if step == 5:
            targets = targets * 0
        scores.requires_grad_()
        value = loss(scores, targets, indices)
        (slope,) = torch.autograd.grad(value, scores)
        found = [
            each.step(
                scores.view(-1, labels)[:, label].tolist(),
                [None if math.isnan(y) else int(y) for y in targets.view(-1, labels)[:, label]],
                indices.tolist(),
            )
            for label, each in enumerate(plain)
        ]
        assert value.item() == pytest.approx(sum(v for v, _ in found) / labels, rel=1e-10)
        for label, (_, slopes) in enumerate(found):
            mine = (slope.view(-1, labels)[:, label] * labels).tolist()
            assert mine == pytest.approx(slopes, rel=1e-9, abs=1e-13)
    state = loss.state_dict()
    for label, each in enumerate(plain):
        for key, values in each.state.items():
            mine = state["log_averages"].exp() if key == "u" else state[key]
            wanted = [values.get(image, 0.0) for image in range(IMAGES)]
            assert mine[:, label].tolist() == pytest.approx(wanted, rel=1e-10)
        if name == "two_way":
            assert float(state["log_outer"][label].exp()) == pytest.approx(each.outer, rel=1e-10)


@pytest.mark.parametrize("lacking", ["positives", "negatives", "anything"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_a_pair_gives_0_and_changes_no_state(name: str, lacking: str) -> None:
    """AP needs no negative: every positive is a pair with itself."""
    loss = LOSSES[name][0](2).double()
    scores, targets, indices = drawn(0, 2)
    loss(scores, targets, indices)
    before = {key: each.clone() for key, each in loss.state_dict().items()}
    fill = {"positives": 0.0, "negatives": 1.0, "anything": math.nan}[lacking]
    scores.requires_grad_()
    value = loss(scores, torch.full_like(targets, fill), indices)
    (slope,) = torch.autograd.grad(value, scores)
    if name == "ap" and lacking == "negatives":
        assert bool(slope.isfinite().all())
        return
    assert value == 0
    assert bool((slope == 0).all())
    for key, each in loss.state_dict().items():
        assert torch.equal(each, before[key]), key


def objective(name: str, scores: Tensor, targets: Tensor) -> Tensor:
    """What the loss of a whole training set at once descends in: no average, all images known."""
    costs = (MARGIN - (scores[:, None] - scores[None])).clamp_min(0).square()
    costs = costs[targets == 1]
    if name == "ap":
        return -(costs[:, targets == 1].sum(1) / costs.sum(1)).mean()
    means = (costs[:, targets == 0] / KL).exp().mean(1)
    if name == "one_way":
        return KL * means.log().mean()
    return OUTER_KL * (means ** (KL / OUTER_KL)).mean().log()


@pytest.mark.parametrize("name", ["ap", "one_way", "two_way"])
def test_without_averages_the_gradient_is_that_of_the_objective(name: str) -> None:
    loss: ImageStateLoss = {
        "ap": APLoss(30, MARGIN, 1.0, "raw"),
        "one_way": OneWayKLLoss(30, MARGIN, KL, 1.0, "raw"),
        "two_way": TwoWayKLLoss(30, MARGIN, KL, OUTER_KL, 1.0, 1.0, "raw"),
    }[name].double()
    scores = torch.randn(30, generator=generator(3), dtype=torch.float64).requires_grad_()
    targets = (torch.arange(30) % 4 == 0).double()
    mine = torch.autograd.grad(loss(scores, targets, torch.arange(30)), scores)
    wanted = torch.autograd.grad(objective(name, scores, targets), scores)
    torch.testing.assert_close(mine, wanted, rtol=1e-10, atol=1e-14)


def test_at_the_best_thresholds_cvar_is_the_mean_of_the_costliest_pairs() -> None:
    """Of 20 negatives and beta 0.3 the 6 costliest of each positive; thresholds find them."""
    targets = (torch.arange(24) < 4).double()
    scores = torch.randn(24, generator=generator(5), dtype=torch.float64)
    costs = (1 - (scores[:4, None] - scores[None, 4:])).clamp_min(0).square()
    wanted = costs.sort(dim=1, descending=True).values[:, :6].mean()
    loss = OneWayCVaRLoss(24, 1.0, 0.3, 0.01, "raw").double()
    for _ in range(700):
        value = loss(scores, targets, torch.arange(24))
    assert value.item() == pytest.approx(wanted.item(), rel=2e-3)


@pytest.mark.parametrize("name", ["one_way", "two_way"])
def test_costs_that_overflow_their_exponential_do_not(name: str) -> None:
    """Of raw scores; the worst pair takes all the weight."""
    loss = LOSSES[name][0]()
    scores = torch.tensor([-40.0, 40.0, 0.0], requires_grad=True)
    value = loss(scores, torch.tensor([1.0, 0.0, 0.0]), torch.arange(3))
    (slope,) = torch.autograd.grad(value, scores)
    assert bool(slope.isfinite().all())
    assert float(slope[1]) > 0
    assert float(slope[2]) == 0


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_is_read_of_the_device_and_the_state_stays_in_its_place(name: str) -> None:
    loss = LOSSES[name][0](3)
    scores, targets, indices = drawn(1, 3)
    places = {key: each.data_ptr() for key, each in loss.state_dict().items()}
    logits = scores.float().requires_grad_()
    with no_host_reads():
        loss(logits, targets.float(), indices).backward()
    assert {key: each.data_ptr() for key, each in loss.state_dict().items()} == places


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_said_of_a_missing_label_changes_nothing(name: str) -> None:
    scores, targets, indices = drawn(2, 3)
    for score_map in ("raw", "bsn", "sigmoid"):
        one, other = (LOSSES[name][0](3, score_map).double() for _ in range(2))
        moved = torch.where(targets.isnan(), 1e3 * scores + 7, scores)
        assert torch.equal(one(scores, targets, indices), other(moved, targets, indices))
        for key, each in one.state_dict().items():
            assert torch.equal(each, other.state_dict()[key])


def test_indices_are_required_and_numbers_held_to_their_range() -> None:
    with pytest.raises(ValueError, match="APLoss must be told which training image each one is"):
        APLoss(4)(torch.zeros(3), torch.ones(3), None)
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("margin must be a finite number above 0, not 0", lambda: APLoss(4, 0)),
        (r"gamma must be a finite number in \(0, 1\], not 0", lambda: APLoss(4, 1, 0)),
        (r"gamma must be a finite number in \(0, 1\], not 2", lambda: OneWayKLLoss(4, 1, 1, 2)),
        (r"beta must be a finite number in \(0, 1\], not 0", lambda: OneWayCVaRLoss(4, 1, 0)),
        ("eta must be a finite number above 0, not 0", lambda: OneWayCVaRLoss(4, 1, 1, 0)),
        ("kl must be a finite number above 0, not 0", lambda: OneWayKLLoss(4, 1, 0)),
        ("outer_kl must be a finite number above 0, not 0", lambda: TwoWayKLLoss(4, 1, 1, 0)),
        (
            r"outer_gamma must be a finite number in \(0, 1\], not 0",
            lambda: TwoWayKLLoss(4, 1, 1, 1, 1, 0),
        ),
    ]
    for sentence, call in wrong:
        with pytest.raises(ValueError, match=f"^{sentence}"):
            call()


# Against LibAUC 2.0.1, on batches in which no image comes twice.


def theirs(name: str) -> Any:
    """With states in float64, as ours have here."""
    libauc = pytest.importorskip("libauc.losses.auc")
    made = {
        "ap": lambda: libauc.APLoss(IMAGES, GAMMA, MARGIN, device="cpu"),
        "cvar": lambda: libauc.pAUC_CVaR_Loss(
            IMAGES, 4, margin=MARGIN, beta=BETA, eta=ETA, device="cpu"
        ),
        "one_way": lambda: libauc.pAUC_DRO_Loss(IMAGES, GAMMA, MARGIN, KL, device="cpu"),
        "two_way": lambda: libauc.tpAUC_KL_Loss(
            IMAGES, OUTER_KL, KL, (GAMMA, OUTER), MARGIN, device="cpu"
        ),
    }[name]()
    for key in ("u_pos", "u_all"):
        if hasattr(made, key):
            setattr(made, key, getattr(made, key).double())
    return made


def distinct(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    scores, _, _ = drawn(seed, 1)
    indices = torch.randperm(IMAGES, generator=generator(seed))[:9]
    return scores, (indices % 3 == 0).double(), indices


@pytest.mark.parametrize("name", LOSSES)
def test_libauc_has_the_same_gradients_over_many_steps(name: str) -> None:
    """And values, but for SOPA's, which leaves out what is constant in the network's gradient:
    mean(p l) / beta in place of s + mean((l - s)_+) / beta.
    """
    mine, other = LOSSES[name][0]().double(), theirs(name)
    for step in range(6):
        scores, targets, indices = distinct(step)
        left, right = (scores.clone().requires_grad_() for _ in range(2))
        value, wanted = mine(left, targets, indices), other(right, targets, indices)
        if name != "cvar":
            torch.testing.assert_close(value, wanted, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(
            torch.autograd.grad(value, left),
            torch.autograd.grad(wanted, right),
            rtol=1e-9,
            atol=1e-13,
        )


def test_libauc_moves_an_image_that_comes_twice_by_its_last_place_alone() -> None:
    """Ours by the mean of both, so that the order within a batch says nothing."""
    scores, targets = torch.tensor([0.5, -0.5, 0.1]).double(), torch.tensor([1.0, 1.0, 0.0])
    indices, swapped = torch.tensor([0, 0, 1]), torch.tensor([1, 0, 2])
    states = []
    for order in (torch.arange(3), swapped):
        mine, other = one_way().double(), theirs("one_way")
        for loss in (mine, other):
            loss(scores[order], targets[order].double(), indices[order])
        states.append((mine.state_dict()["log_averages"][0], other.u_pos[0]))
    torch.testing.assert_close(states[0][0], states[1][0], rtol=1e-12, atol=0)
    assert not torch.isclose(states[0][1], states[1][1]).item()


def test_libauc_overflows_where_the_scores_have_no_bound() -> None:
    other = pytest.importorskip("libauc.losses.auc").pAUC_DRO_Loss(IMAGES, device="cpu")
    scores = torch.tensor([-40.0, 40.0, 0.0])
    assert other(scores, torch.tensor([1.0, 0.0, 0.0]), torch.arange(3)).isnan()


def test_libauc_shares_the_outer_average_of_sota_s_among_labels() -> None:
    """So its loss of several labels is not the mean of theirs alone, which ours is."""
    libauc = pytest.importorskip("libauc.losses.auc")
    scores, _, indices = distinct(0)
    scores = torch.stack([scores, scores.flip(0) / 2], 1)
    targets = torch.stack([indices % 3 == 0, indices % 4 == 1], 1).double()
    both = libauc.MultiLabelpAUCLoss(
        "SOTAs",
        2,
        device="cpu",
        data_len=IMAGES,
        tau=OUTER_KL,
        Lambda=KL,
        gammas=(GAMMA, OUTER),
        margin=MARGIN,
    )
    both.u_pos_all = both.u_pos_all.double()
    alone = sum(theirs("two_way")(scores[:, k], targets[:, k], indices) for k in range(2)) / 2
    mine = two_way(2).double()(scores, targets, indices)
    torch.testing.assert_close(mine, alone, rtol=1e-9, atol=0)
    assert not torch.isclose(both(scores, targets, indices), alone, rtol=1e-3)
