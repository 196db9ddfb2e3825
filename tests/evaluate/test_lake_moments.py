"""Histories for learning are those that serving reads: newest first, no longer than H."""

from __future__ import annotations

import pandas as pd

from shoplake.evaluate.lake_moments import newest_first

TOUCHED = pd.DataFrame(
    [("b", 4, 1, 9, -5), ("a", 7, 0, 1, -9), ("a", 2, 3, 1, -9), ("a", 5, 1, 3, -7)],
    columns=["person_key", "item_index", "purchases", "days", "newest"],
)


def test_newest_first_ties_by_item_and_padded() -> None:
    keys, (items, counts, days) = newest_first(TOUCHED, 4)
    assert keys == ["a", "b"]
    assert items.tolist() == [[2, 7, 5, 0], [4, 0, 0, 0]]
    assert counts.tolist() == [[3, 0, 1, 0], [1, 0, 0, 0]]
    assert days.tolist() == [[1, 1, 3, 0], [9, 0, 0, 0]]


def test_older_items_are_left_out() -> None:
    assert newest_first(TOUCHED, 2)[1][0].tolist() == [[2, 7], [4, 0]]
