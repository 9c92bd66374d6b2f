"""The ranking metrics against scikit-learn and against the definition."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor

from trainables.metrics import auprc, auroc, over_labels

Metric = Callable[[Tensor, Tensor], float]
SCORES = st.one_of(
    st.integers(-3, 3).map(float),  # many ties
    st.floats(-1e6, 1e6, width=32),
    st.sampled_from([0.0, -0.0, 1e-30, -1e-30]),
)
EXAMPLES = st.lists(st.tuples(SCORES, st.integers(0, 1)), min_size=2, max_size=80).filter(
    lambda rows: len({target for _, target in rows}) == 2
)


@settings(deadline=None)
@given(rows=EXAMPLES, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_equal_scikit_learn(rows: list[tuple[float, int]], dtype: torch.dtype) -> None:
    scores = torch.tensor([score for score, _ in rows], dtype=dtype)
    targets = torch.tensor([target for _, target in rows])
    reference = scores.double().numpy()
    assert auroc(scores, targets) == pytest.approx(roc_auc_score(targets, reference), abs=1e-12)
    expected = average_precision_score(targets, reference)
    assert auprc(scores, targets.float()) == pytest.approx(expected, abs=1e-12)


def test_definition_over_all_pairs() -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 20, 300).astype(np.float32)
    targets = generator.integers(0, 2, 300)
    gaps = scores[targets == 1][:, None] - scores[targets == 0][None, :]
    expected = ((gaps > 0) + 0.5 * (gaps == 0)).mean()
    assert auroc(torch.from_numpy(scores), torch.from_numpy(targets)) == pytest.approx(
        expected, abs=1e-12
    )


def test_ten_thousand_scores() -> None:
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(10_000, generator=generator) < 0.1).float()
    scores = torch.randn(10_000, generator=generator) + targets
    assert auroc(scores, targets) == pytest.approx(roc_auc_score(targets, scores), abs=1e-12)
    expected = average_precision_score(targets, scores)
    assert auprc(scores, targets) == pytest.approx(expected, abs=1e-12)


def test_known_values() -> None:
    targets = torch.tensor([0, 0, 1, 1])
    assert auroc(torch.tensor([1.0, 2.0, 3.0, 4.0]), targets) == 1
    assert auroc(torch.tensor([4.0, 3.0, 2.0, 1.0]), targets) == 0
    assert auroc(torch.zeros(4), targets) == 0.5
    assert auprc(torch.zeros(4), targets) == 0.5
    assert auprc(torch.tensor([1.0, 2.0, 3.0, 4.0]), targets) == 1
    assert auroc(torch.tensor([-torch.inf, 0.0, 0.0, torch.inf]), targets) == 0.875


def test_scores_with_a_gradient_and_in_bfloat16() -> None:
    targets = torch.tensor([0, 1, 1, 0])
    scores = torch.tensor([0.1, 0.2, 0.3, 0.25], requires_grad=True)
    assert auroc(scores, targets) == 0.75
    assert auroc(scores.bfloat16(), targets) == 0.75


@pytest.mark.parametrize("metric", [auroc, auprc])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_one_class_is_not_defined(metric: Metric, target: float) -> None:
    with pytest.raises(ValueError, match=r"needs positives and negatives, but got \d positives"):
        metric(torch.rand(5), torch.full((5,), target))


@pytest.mark.parametrize("metric", [auroc, auprc])
def test_nan_is_refused(metric: Metric) -> None:
    with pytest.raises(ValueError, match="NaN"):
        metric(torch.tensor([0.0, torch.nan]), torch.tensor([0, 1]))


@pytest.mark.parametrize(
    ("metric", "reference"), [(auroc, roc_auc_score), (auprc, average_precision_score)]
)
def test_labels_are_scikit_learns_on_what_is_known_of_each(
    metric: Metric, reference: Callable[..., float]
) -> None:
    """The last two labels have one class, and nothing: they are in no mean."""
    generator = np.random.default_rng(1)
    scores = generator.normal(size=(60, 5)).astype(np.float32)
    targets = (generator.random((60, 5)) < 0.3).astype(np.float32)
    targets[generator.random((60, 5)) < 0.4] = np.nan
    targets[:, 3] = np.where(targets[:, 3] == 1, np.nan, targets[:, 3])
    targets[:, 4] = np.nan
    mean, labels = over_labels(
        metric, torch.from_numpy(scores), torch.from_numpy(targets), ["a", "b", "c", "d", "e"]
    )
    expected = []
    for column in range(3):
        known = ~np.isnan(targets[:, column])
        expected.append(reference(targets[known, column], scores[known, column]))
    assert labels == pytest.approx(dict(zip("abc", expected, strict=True)), abs=1e-12)
    assert mean == pytest.approx(np.mean(expected), abs=1e-12)


def test_one_label_is_the_metric_itself() -> None:
    scores, targets = torch.tensor([1.0, 3.0, 2.0]), torch.tensor([0.0, 1.0, 1.0])
    assert over_labels(auroc, scores, targets, []) == (auroc(scores, targets), {})


def test_no_label_with_both_classes_is_an_error() -> None:
    targets = torch.tensor([[1.0, 0.0], [float("nan"), 0.0]])
    with pytest.raises(ValueError, match="mean over 2 labels needs one with positives and neg"):
        over_labels(auroc, torch.zeros(2, 2), targets, ["a", "b"])
