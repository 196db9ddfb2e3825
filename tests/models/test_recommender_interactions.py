from __future__ import annotations

import numpy as np

from shoplake.models.recommenders.interactions import Interactions

SEEN = Interactions.of([[2, 0, 2], [1], [3, 1]], catalogue=4)


def test_age_counts_from_the_end_of_each_row() -> None:
    assert SEEN.age.tolist() == [2, 1, 0, 0, 1, 0]


def test_a_matrix_adds_up_repeats_and_leaves_the_order_of_the_rows_alone() -> None:
    assert SEEN.matrix().toarray().tolist() == [[1, 0, 2, 0], [0, 1, 0, 0], [0, 1, 0, 1]]
    assert SEEN.items.tolist() == [2, 0, 2, 1, 3, 1]


def test_blocks_and_chosen_rows_hold_what_the_whole_holds() -> None:
    blocks = [block.items.tolist() for _, block in SEEN.blocks(2)]
    assert blocks == [[2, 0, 2, 1], [3, 1]]
    assert SEEN.take(np.array([2, 0])).items.tolist() == [3, 1, 2, 0, 2]


def test_without_the_last_item_a_row_may_be_empty() -> None:
    past, last = SEEN.without_last()
    assert last.tolist() == [2, 1, 1]
    assert past.lengths.tolist() == [2, 0, 1]


def test_days_rule_over_places_where_they_are_known() -> None:
    days = np.array([60, 30, 0, 0, 0, 0], dtype=np.float32)
    dated = Interactions(SEEN.items, SEEN.offsets, 4, days)
    assert dated.recency(0.5)[:3].tolist() == [0.25, 0.5, 1.0]
    assert SEEN.recency(0.5)[3:].tolist() == [1.0, 0.5, 1.0]
