from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.exposure import coverage, exposure_share, gini, item_exposure
from shoplake.evaluate.fairness import _most_exposed

SELLERS = np.array([None, "a", "a", "b", None], dtype=object)
SHOWN = np.array([[1, 3], [1, 0]])


def test_a_higher_place_gets_more_attention() -> None:
    assert item_exposure(SHOWN, 5).tolist() == pytest.approx([0, 2, 0, 1 / np.log2(3), 0])


def test_share_of_exposure_beside_share_of_catalogue() -> None:
    table = exposure_share(SHOWN, SELLERS).set_index("group")
    total = 2 + 1 / np.log2(3)
    assert table["exposure_share"].to_dict() == pytest.approx(
        {"a": 2 / total, "b": 1 - 2 / total, "(none)": 0}
    )
    assert table["catalogue_share"].to_dict() == {"a": 0.5, "b": 0.25, "(none)": 0.25}
    assert table.loc["a", "ratio"] == pytest.approx(4 / total)


def test_coverage_counts_items_somebody_gets() -> None:
    assert coverage(SHOWN, np.array([False, True, True, True, True])) == 0.5


def test_gini_of_equal_and_of_one() -> None:
    assert gini(np.ones(5)) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8.0])) == pytest.approx(0.75)
    assert np.isnan(gini(np.zeros(3)))


def test_the_most_exposed_groups_are_told_beside_their_share_of_the_catalogue() -> None:
    groups = np.array(["a", "a", "b", ""], dtype=object)
    told = "a 76.0% with 50.0% of items, b 24.0% with 25.0% of items, (none) 0.0% with 25.0%"
    assert _most_exposed(SHOWN, groups) == f"{told} of items"
