"""Blocked top-k equals sorting everything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.serve.settings import ServeError
from shoplake.serve.topk import TopK, top_k


def brute_force(
    people: np.ndarray,
    items: np.ndarray,
    k: int,
    history: np.ndarray,
    adjustment: np.ndarray,
    excluded: np.ndarray,
    allowed: np.ndarray,
) -> tuple[list[list[int]], list[list[float]]]:
    indices, scores = [], []
    for person in range(len(people)):
        own = dict(zip(history[person], adjustment[person], strict=True))
        ranked = sorted(
            (-(float(people[person] @ items[item]) + float(own.get(item, 0))), item)
            for item in range(1, len(items))
            if allowed[item] and item not in excluded[person]
        )[:k]
        short = k - len(ranked)
        indices.append([item for _, item in ranked] + [0] * short)
        scores.append([-score for score, _ in ranked] + [-np.inf] * short)
    return indices, scores


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 7),
    columns=st.integers(1, 12),
    k=st.integers(1, 14),
    people_block=st.integers(1, 8),
    item_block=st.integers(1, 13),
)
def test_equals_brute_force(
    seed: int, size: int, columns: int, k: int, people_block: int, item_block: int
) -> None:
    random = np.random.default_rng(seed)
    people = random.integers(-1, 2, (size, 2)).astype(np.float32)  # few values: many ties
    items = random.integers(-1, 2, (columns, 2)).astype(np.float32)
    width = random.integers(0, columns) if columns > 1 else 0
    history = np.zeros((size, width + 1), dtype=np.int64)
    history[:, :width] = [random.permutation(np.arange(1, columns))[:width] for _ in range(size)]
    adjustment = random.integers(-1, 3, history.shape).astype(np.float32)
    excluded = random.integers(0, columns, (size, random.integers(0, 4)))
    allowed = random.random(columns) < 0.8
    expected = brute_force(people, items, k, history, adjustment, excluded, allowed)
    found = top_k(
        people,
        items,
        k,
        history=history,
        adjustment=adjustment,
        excluded=excluded,
        allowed=allowed,
        people_block=people_block,
        item_block=item_block,
    )
    assert (found.indices.tolist(), found.scores.tolist()) == expected


def plain(people: np.ndarray, items: np.ndarray, k: int, **changes: object) -> TopK:
    nothing = np.zeros((len(people), 0))
    asked = {
        "history": nothing.astype(np.int64),
        "adjustment": nothing.astype(np.float32),
        "excluded": nothing.astype(np.int64),
        "allowed": np.ones(len(items), dtype=bool),
        **changes,
    }
    return top_k(people, items, k, **asked)


def test_scores_do_not_depend_on_who_is_scored_beside_you() -> None:
    random = np.random.default_rng(0)
    people = random.standard_normal((67, 33)).astype(np.float32)
    items = random.standard_normal((501, 33)).astype(np.float32)
    together = plain(people, items, 20, people_block=64)
    for at in (0, 31, 66):
        alone = plain(people[at : at + 1], items, 20, people_block=64)
        np.testing.assert_array_equal(alone.indices[0], together.indices[at])
        np.testing.assert_array_equal(alone.scores[0], together.scores[at])


def test_all_tied_takes_the_lowest_indices() -> None:
    found = plain(np.ones((3, 1), np.float32), np.ones((50, 1), np.float32), 4, item_block=7)
    assert found.indices.tolist() == [[1, 2, 3, 4]] * 3


def test_all_excluded_is_all_padding() -> None:
    found = plain(
        np.ones((1, 1), np.float32), np.ones((4, 1), np.float32), 2, allowed=np.zeros(4, dtype=bool)
    )
    assert found.indices.tolist() == [[0, 0]]
    assert np.isneginf(found.scores).all()


def test_a_later_block_with_the_same_score_does_not_displace_an_earlier_item() -> None:
    items = np.array([[9], [1], [0], [-0.0], [2], [0], [1], [2]], dtype=np.float32)
    found = plain(np.ones((1, 1), np.float32), items, 6, item_block=3)
    assert found.indices.tolist() == [[4, 7, 1, 6, 2, 3]]


def test_more_asked_for_than_there_is_ends_in_padding() -> None:
    found = plain(np.ones((2, 1), np.float32), np.ones((3, 1), np.float32), 5)
    assert found.indices.tolist() == [[1, 2, 0, 0, 0]] * 2
    assert np.isneginf(found.scores[:, 2:]).all()


def test_nobody_is_no_rows() -> None:
    assert plain(np.ones((0, 1), np.float32), np.ones((4, 1), np.float32), 2).indices.shape == (
        0,
        2,
    )


def test_vectors_that_are_not_finite_are_refused() -> None:
    people = np.array([[1.0], [np.nan]], dtype=np.float32)
    with pytest.raises(ServeError, match="1 person vectors are not finite"):
        plain(people, np.ones((4, 1), np.float32), 2)


def test_scores_beyond_float32_are_refused() -> None:
    large = np.full((2, 1), 1e30, dtype=np.float32)
    with pytest.raises(ServeError, match="too large for float32"):
        plain(large, large, 1)


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_many_columns_and_ties_equal_a_full_sort(order: str) -> None:
    random = np.random.default_rng(0)
    people = np.zeros((9, 8), dtype=np.float32)
    people[1:] = random.integers(-2, 3, (8, 8))  # the first person ties every item
    items = random.integers(-2, 3, (5000, 8)).astype(np.float32)
    if order != "shuffled":
        items = items[np.argsort(items.sum(axis=1) * (1 if order == "rising" else -1))]
    excluded = random.integers(0, 5000, (9, 40))
    allowed = random.random(5000) < 0.7
    scores = people @ items.T
    np.put_along_axis(scores, excluded, -np.inf, axis=1)
    scores[:, ~allowed] = scores[:, 0] = -np.inf
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :37]
    found = plain(people, items, 37, excluded=excluded, allowed=allowed, item_block=1300)
    np.testing.assert_array_equal(found.indices, expected)
    np.testing.assert_array_equal(found.scores, np.take_along_axis(scores, expected, axis=1))
