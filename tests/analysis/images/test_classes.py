"""Metrics of classes against scikit-learn, and their resamples against resampling itself."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

from analysis.images.classes import Classes, of_classes
from analysis.images.metrics import whole
from analysis.images.predictions import Predictions

NAMES = ("a", "b", "c", "d")


def drawn(images: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of four classes, and the true ones, falling in number."""
    rng = np.random.default_rng(3)
    true = rng.choice(4, images, p=(0.5, 0.3, 0.15, 0.05))
    logits = rng.normal(size=(images, 4)) + 1.2 * np.eye(4)[true]
    p = np.exp(logits.round(1) if ties else logits)
    return p / p.sum(1, keepdims=True), true


def ready(p: np.ndarray, true: np.ndarray) -> Classes:
    return of_classes(p, np.eye(4)[true], NAMES)


def test_they_are_scikit_learns() -> None:
    p, true = drawn(300, ties=False)
    found = ready(p, true).metrics(["accuracy", "hand_till", "auprc"])
    assert set(found) == {"", *NAMES}
    assert set(found[""]) == {"accuracy", "hand_till"}
    assert found[""]["accuracy"][0] == pytest.approx(accuracy_score(true, p.argmax(1)))
    wanted = roc_auc_score(true, p, multi_class="ovo", average="macro")
    assert found[""]["hand_till"][0] == pytest.approx(wanted, abs=1e-12)
    recalls = recall_score(true, p.argmax(1), average=None)
    assert [found[name]["accuracy"][0] for name in NAMES] == pytest.approx(recalls)


def test_a_class_has_the_mean_over_its_pairs_with_ties_as_a_half() -> None:
    p, true = drawn(200, ties=True)
    scores = p.round(1)
    area = {}
    for one, other in combinations(range(4), 2):
        here = (true == one) | (true == other)
        areas = [roc_auc_score(true[here] == c, scores[here, c]) for c in (one, other)]
        area[one, other] = area[other, one] = np.mean(areas)
    found = ready(scores, true).metrics(["hand_till"])
    for place, name in enumerate(NAMES):
        wanted = np.mean([value for (one, _), value in area.items() if one == place])
        assert found[name]["hand_till"][0] == pytest.approx(wanted, abs=1e-12)
    assert found[""]["hand_till"][0] == pytest.approx(np.mean([*area.values()]), abs=1e-12)


def test_resamples_spread_as_if_images_were_drawn_again() -> None:
    p, true = drawn(300, ties=False)
    weights = np.random.default_rng(0).multinomial(300, np.full(300, 1 / 300), 300).T
    quick = ready(p, true).metrics(["accuracy", "hand_till"], weights.astype(float))
    again = []
    for column in weights.T:
        chosen = np.repeat(np.arange(300), column)
        own = ready(p[chosen], true[chosen]).metrics(["accuracy", "hand_till"])[""]
        again.append((own["accuracy"][0], own["hand_till"][0]))
    accuracy, hand_till = np.array(again).T
    np.testing.assert_allclose(quick[""]["accuracy"], accuracy, atol=1e-12)
    assert np.corrcoef(quick[""]["hand_till"], hand_till)[0, 1] > 0.93
    assert quick[""]["hand_till"].std() == pytest.approx(hand_till.std(), rel=0.1)


def test_a_class_without_test_images_is_left_out() -> None:
    p, true = drawn(100, ties=False)
    true[true == 3] = 2
    found = ready(p, true).metrics(["accuracy", "hand_till"])
    assert set(found) == {"", "a", "b", "c"}
    assert found[""]["accuracy"][0] == pytest.approx(accuracy_score(true, p.argmax(1)))


def test_all_metrics_of_a_run_stand_together() -> None:
    p, true = drawn(200, ties=False)
    targets = np.eye(4, dtype=np.float32)[true]
    said = Predictions(np.log(p / (1 - p)), targets, None, labels=NAMES, classes=True)
    found = whole(said).metrics(["auprc", "accuracy", "hand_till"])
    for label in ("", *NAMES):
        assert set(found[label]) == {"auprc", "accuracy", "hand_till"}
    np.testing.assert_array_equal(said.positive, true >= 2)
    several = whole(Predictions(said.scores, targets, None, labels=NAMES))
    assert set(several.metrics(["auprc", "accuracy"])[""]) == {"auprc"}
