"""The published figures: all there, in range, and spot-checked against the papers."""

import math

import pytest

from analysis.compare.published import COLUMNS, METHODS, published
from search_spaces import SPACES
from study.spec import load_spec

TABLE = published()


def test_every_row_is_there_and_every_column_explained() -> None:
    assert len(TABLE) == 301
    assert list(TABLE.columns) == list(COLUMNS)
    assert all(COLUMNS.values())
    keys = ["source", "table", "dataset", "model", "imratio", "method", "metric"]
    assert not TABLE.duplicated(keys).any()


def test_an_auc_is_an_auc() -> None:
    aucs = TABLE[TABLE.metric.str.contains("AUC") & (TABLE.note != "not an AUC")]
    assert len(aucs) > 280
    assert aucs["mean"].between(0.5, 1).all()
    known = aucs["std"].dropna()
    assert known.between(0, 0.2).all()


def test_imratios_and_names() -> None:
    ratios = TABLE.imratio.dropna()
    assert ratios.between(0, 0.5, inclusive="neither").all()
    assert set(METHODS) <= set(TABLE.method)
    variants = {variant.name for variant in load_spec("iclr22-ablation-variants").methods}
    assert set(METHODS.values()) <= set(SPACES) | variants
    assert set(TABLE.ours) == {*METHODS.values(), ""}


@pytest.mark.parametrize(
    ("table", "dataset", "model", "imratio", "method", "mean", "std"),
    [
        ("Table 1", "CIFAR10", "DenseNet121", 0.01, "AUC-M", 0.760, 0.006),
        ("Table 1", "STL10", "DenseNet121", 0.01, "CE", 0.641, 0.032),
    ],
)
def test_figures_of_the_papers(
    table: str, dataset: str, model: str, imratio: float, method: str, mean: float, std: float
) -> None:
    (row,) = TABLE[
        TABLE.source.str.startswith("ICCV2021")
        & (TABLE.table == table)
        & (TABLE.dataset == dataset)
        & (TABLE.model == model)
        & (TABLE.imratio == imratio)
        & (TABLE.method == method)
    ].itertuples()
    assert (row.mean, row.std) == (mean, std)


def test_the_misprints_are_noted_at_their_rows() -> None:
    note = TABLE.note.str
    assert set(TABLE[note.contains("sec 4.1 quotes the CatvsDog row")].table) == {"Table 5"}
    ddsm = TABLE[(TABLE.dataset == "DDSM+") & note.contains("test imratio 4%")]
    assert set(ddsm.table) == {"Table 5"}
    assert math.isclose(ddsm.imratio.unique()[0], 0.13)
    assert set(TABLE[note.contains("paper inconsistency")].table) == {"Table 2"}
