"""The k best of a block of scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.serve.selection import Best, best_of

VALUES = np.array([-np.inf, -2.5, -1e-45, -0.0, 0.0, 1e-45, 0.5, 3e38], dtype=np.float32)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(0, 5),
    columns=st.integers(1, 900),
    k=st.integers(1, 40),
    cut=st.integers(0, 900),
    kinds=st.integers(1, len(VALUES)),
)
def test_equals_a_stable_sort(
    seed: int, rows: int, columns: int, k: int, cut: int, kinds: int
) -> None:
    random = np.random.default_rng(seed)
    scores = random.choice(random.permutation(VALUES)[:kinds], (rows, columns))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    expected = np.full((rows, k), -np.inf, dtype=np.float32)
    expected[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    indices = np.zeros((rows, k), dtype=np.int64)
    indices[:, : order.shape[1]] = order
    indices[np.isneginf(expected)] = 0
    best = Best(rows, k)
    for first, block in ((0, scores[:, :cut]), (min(cut, columns), scores[:, cut:])):
        best.offer(block, first)
    for found in (best.top(), best_of(scores, k)):
        np.testing.assert_array_equal(found.indices, indices)
        np.testing.assert_array_equal(found.scores, expected)


def test_what_is_no_number_is_no_candidate() -> None:
    found = best_of(np.array([[np.nan, 1.0, np.inf, -np.inf]], dtype=np.float32), 3)
    assert found.indices.tolist() == [[2, 1, 0]]
    assert found.scores.tolist() == [[np.inf, 1.0, -np.inf]]
