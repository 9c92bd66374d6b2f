"""t-SNE of the test images' embeddings, for the confirm runs that kept them."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.manifold import TSNE

from analysis.columns import PLACE
from analysis.files import replaced
from analysis.images.roc import Judged

__all__ = ["MOST", "MOST_MAPS", "PERPLEXITY", "flat", "mapped", "maps"]

MOST = 300
"""Test images a map; half of them positives, if there are as many."""
MOST_MAPS = 24
"""Cells with a map, at most: each takes about half a second, the first time."""
PERPLEXITY = 30.0
"""About how many neighbours each image minds; at most a fourth of the images."""
LEAST = 16


def maps(judged: list[Judged], folder: Path) -> pd.DataFrame:
    """One map a cell: of its first seed that kept embeddings.

    Args:
        judged: as ``analysis.images.roc.runs`` gives it.
        folder: where maps are kept, so that the next report need not compute them again; a
            folder that cannot be written keeps none.

    Returns:
        One row an image: cell, method, task, imratio, ratio, number (the confirm row), x, y
        (without unit), positive (bool). Cells with fewer than ``LEAST`` images have none.
    """
    parts = []
    for row, said in mapped(judged)[:MOST_MAPS]:
        if said.embeddings is None or len(said.targets) < LEAST:
            continue
        positive = said.positive
        chosen = _sample(positive)
        place = _kept(said.embeddings[chosen], folder)
        part = pd.DataFrame({"x": place[:, 0], "y": place[:, 1], "positive": positive[chosen]})
        parts.append(part.assign(**{key: row[key] for key in (*PLACE, "number")}))
    names = [*PLACE, "number", "x", "y", "positive"]
    return pd.concat(parts)[names].reset_index(drop=True) if parts else pd.DataFrame(columns=names)


def mapped(judged: list[Judged]) -> list[Judged]:
    """The first trial of each cell that kept embeddings, all of them finite."""
    first: dict[str, Judged] = {}
    for each in judged:
        embeddings = each.said.embeddings
        if embeddings is not None and np.isfinite(embeddings).all():
            first.setdefault(each.row["cell"], each)
    return list(first.values())


def flat(embeddings: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """(N, 2) map of (N, D); the same for the same embeddings, started from their main axes."""
    count = len(embeddings)
    if np.ptp(embeddings, axis=0).max() == 0:
        return np.zeros((count, 2), dtype=np.float32)
    model = TSNE(
        perplexity=min(PERPLEXITY, (count - 1) / 4),
        init="pca" if embeddings.shape[1] > 1 else "random",
        learning_rate="auto",
        max_iter=400,
        random_state=0,
    )
    return np.asarray(model.fit_transform(embeddings.astype(np.float32)), dtype=np.float32)


def _sample(targets: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Up to ``MOST`` images, positives not drowned: half of them, if there are as many."""
    draw = np.random.default_rng(0)
    positive, negative = np.flatnonzero(targets), np.flatnonzero(~targets)
    wanted = min(len(positive), max(MOST // 2, MOST - len(negative)))
    chosen = [
        draw.permutation(positive)[:wanted],
        draw.permutation(negative)[: MOST - wanted],
    ]
    return np.sort(np.concatenate(chosen))


def _kept(embeddings: NDArray[np.floating[Any]], folder: Path) -> NDArray[np.float32]:
    """The map, from ``folder`` if it is there."""
    contents = np.ascontiguousarray(embeddings)
    name = hashlib.sha256(f"{contents.shape}{contents.dtype}".encode() + contents.tobytes())
    path = folder / f"tsne-{name.hexdigest()[:24]}.npy"
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32).reshape(-1, 2)
    except (OSError, ValueError, EOFError):
        place = flat(embeddings)
    try:
        with replaced(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, place)
    except OSError:
        pass
    return place
