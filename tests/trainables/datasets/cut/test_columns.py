"""Metadata as float columns, against pandas and scikit-learn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from trainables.datasets.cut.columns import fitted
from trainables.datasets.metadata import Metadata
from trainables.errors import DataError

NUMBERS = st.one_of(st.integers(-10_000, 10_000).map(lambda n: n / 4), st.just(float("nan")))
WORDS = st.sampled_from(["", "female", "male", "head/neck", "ärm"])


def _metadata(ages: list[float], words: list[str]) -> Metadata:
    return Metadata({"age": np.array(ages, np.float64), "sex": np.array(words, np.str_)})


@given(
    train=st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=20),
    later=st.lists(st.tuples(NUMBERS, WORDS), max_size=8),
)
def test_columns_are_those_of_scikit_learn(
    train: list[tuple[float, str]], later: list[tuple[float, str]]
) -> None:
    fit = _metadata([age for age, _ in train], [sex for _, sex in train])
    other = _metadata([age for age, _ in later], [sex for _, sex in later])
    columns = fitted(fit)
    for metadata in (fit, other):
        table = dict(zip(columns.names, columns.encode(metadata).numpy().T, strict=True))
        age, sex = metadata.columns["age"], metadata.columns["sex"]
        assert ("age missing" in table) == bool(np.isnan(fit.columns["age"]).any())
        assert ("sex missing" in table) == bool((fit.columns["sex"] == "").any())
        if "age missing" in table:
            np.testing.assert_array_equal(table["age missing"], np.isnan(age))
        if "sex missing" in table:
            np.testing.assert_array_equal(table["sex missing"], sex == "")
        known = np.array([each for each, _ in train if not np.isnan(each)])
        if len(known) and float(np.ptp(known)) > 0:
            scaler = StandardScaler().fit(known[:, None])
            if len(age):
                expected = np.nan_to_num(scaler.transform(age[:, None])[:, 0])
                np.testing.assert_allclose(table["age"], expected, rtol=1e-4, atol=1e-4)
        met = sorted(set(fit.columns["sex"].tolist()) - {""})
        assert [name for name in table if name.startswith("sex: ")] == [f"sex: {m}" for m in met]
        if met and len(sex):
            encoder = OneHotEncoder(categories=[met], handle_unknown="ignore", sparse_output=False)
            expected = encoder.fit(np.array(met)[:, None]).transform(sex[:, None])
            found = np.stack([table[f"sex: {m}"] for m in met], 1)
            np.testing.assert_array_equal(found, expected)


def test_a_column_of_one_value_or_of_none_stays_finite() -> None:
    same = np.array([7.0, 7.0, np.nan])
    none = np.full(3, np.nan)
    columns = fitted(Metadata({"same": same, "none": none, "word": np.array(["", "", ""])}))
    assert columns.names == ("same", "same missing", "none", "none missing", "word missing")
    assert columns.encode(
        Metadata({"same": same, "none": none, "word": np.array(["a"] * 3)})
    ).T.tolist() == [
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
        [1, 1, 1],
        [0, 0, 0],
    ]


def test_no_column_at_all() -> None:
    columns = fitted(Metadata({}))
    assert columns.names == ()
    assert columns.encode(Metadata({})).shape == (0, 0)


def test_infinite_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="must be finite, and age holds an infinite one"):
        fitted(Metadata({"age": np.array([1.0, np.inf])}))


def test_real_columns_of_melanoma(real_data: Path) -> None:
    """Against pandas' get_dummies and its mean and deviation."""
    file = real_data / "siim-isic" / "train.csv"
    if not file.is_file():
        pytest.skip("the real SIIM-ISIC train.csv is not there")
    table = pd.read_csv(file).rename(columns={"anatom_site_general_challenge": "site"})
    words = {name: table[name].fillna("").to_numpy(np.str_) for name in ("sex", "site")}
    metadata = Metadata({"age": table.age_approx.to_numpy(np.float64, copy=True), **words})
    columns = fitted(metadata)
    found = pd.DataFrame(columns.encode(metadata).numpy(), columns=list(columns.names))
    dummies = pd.get_dummies(table[["sex", "site"]], prefix_sep=": ", dtype=np.float32)
    expected = dummies.assign(
        age=((table.age_approx - table.age_approx.mean()) / table.age_approx.std(ddof=0)).fillna(0),
        **{f"{n} missing": table[c].isna() for n, c in (("age", "age_approx"), ("sex", "sex"))},
        **{"site missing": table.site.isna()},
    ).astype(np.float32)
    pd.testing.assert_frame_equal(found, expected[list(columns.names)], rtol=1e-4, atol=1e-6)
    assert set(expected) == set(columns.names)
    assert torch.isfinite(columns.encode(metadata)).all()
