"""Pairs are counted within baskets, before an instant."""

from __future__ import annotations

from typing import Any

import pytest
from days import day
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.neighbours import pair_counts


@pytest.fixture
def counts(view):
    def build(*rows: tuple[str, str, str, float], largest: int = 10) -> dict[Any, tuple[int, ...]]:
        """(basket, product, kind, day) -> counts of each pair."""
        made: DataFrame = view(*((b, p, k, at) for b, p, k, at in rows))
        made = made.withColumn("basket", F.col("person_key"))
        found = pair_counts(made, day(30), largest_basket=largest, least=1).collect()
        return {
            (r.together, r.product_id, r.neighbour_id): (r.n, r.own, r.theirs, r.baskets)
            for r in found
        }

    return build


def test_both_directions_are_counted_once_a_basket_by_kind(counts) -> None:
    found = counts(
        ("one", "A", "purchase", 1),
        ("one", "A", "purchase", 1),
        ("one", "B", "purchase", 1),
        ("two", "A", "purchase", 2),
        ("two", "C", "view", 2),
        ("two", "D", "click", 2),
    )
    assert found == {
        ("purchase", "s:A", "s:B"): (1, 2, 1, 2),
        ("purchase", "s:B", "s:A"): (1, 1, 2, 2),
        ("view", "s:C", "s:D"): (1, 1, 1, 1),
        ("view", "s:D", "s:C"): (1, 1, 1, 1),
    }


def test_a_later_basket_and_the_rest_of_a_large_one_do_not_count(counts) -> None:
    rows = [("big", p, "purchase", 1.0) for p in "ABCDE"]
    late = [("late", p, "purchase", 30.0) for p in "FG"]
    found = counts(*rows, *late, largest=3)
    assert len(found) == 6
    assert not {p for _, p, _ in found} & {"s:F", "s:G"}
