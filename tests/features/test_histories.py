"""Histories hold what was touched strictly before a cut, newest first, in arrays of one length."""

from __future__ import annotations

from days import day
from pyspark.sql import DataFrame, SparkSession

from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.items import item_index

LENGTH = 4


def arrays(
    spark: SparkSession, rows: DataFrame, at: float, length: int | None = LENGTH, recent: int = 0
) -> dict[str, tuple[list[int], ...]]:
    cuts = cut_table(spark, [Cut(0, day(at), day(at + 10), "test")])
    items = touched_items(seen(rows, cuts), item_index(rows, day(99)))
    found = items.select("person_key", *history_arrays(length, recent)).collect()
    return {
        row["person_key"]: (row["history"], row["history_counts"], row["history_days"])
        for row in found
    }


def test_items_are_newest_first_with_counts_and_days_then_padding(spark, view) -> None:
    rows = view(
        ("ann", "A", "purchase", 1),
        ("ann", "B", "view", 2),
        ("ann", "A", "purchase", 5.5),
        ("ann", "B", "click", 8),
    )
    assert arrays(spark, rows, 10) == {"ann": ([2, 1, 0, 0], [0, 2, 0, 0], [2, 4, 0, 0])}


def test_what_happened_at_or_after_the_cut_is_unknown(spark, view) -> None:
    rows = view(("ann", "A", "view", 9.99), ("ann", "B", "view", 10), ("bob", "A", "view", 10))
    assert arrays(spark, rows, 10) == {"ann": ([1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0])}


def test_purchase_counts_until_it_was_taken_back(spark, view) -> None:
    rows = view(("ann", "A", "purchase", 1, 5), ("ann", "B", "view", 2))
    assert arrays(spark, rows, 4)["ann"][:2] == ([2, 1, 0, 0], [0, 1, 0, 0])
    assert arrays(spark, rows, 6)["ann"][:2] == ([2, 0, 0, 0], [0, 0, 0, 0])


def test_only_the_newest_items_fit(spark, view) -> None:
    rows = view(*(("ann", str(n), "view", n) for n in range(1, 7)))
    assert arrays(spark, rows, 10)["ann"][0] == [6, 5, 4, 3]


def test_all_items_are_there_where_no_length_is_asked_for(spark, view) -> None:
    rows = view(*(("ann", str(n), "purchase", n) for n in range(1, 7)), ("bob", "1", "view", 1))
    found = arrays(spark, rows, 10, None)
    assert found["ann"][:2] == ([6, 5, 4, 3, 2, 1], [1] * 6)
    assert found["bob"] == ([1], [0], [9])


def test_all_that_was_touched_of_late_is_there_beyond_the_length(spark, view) -> None:
    rows = view(
        *(("ann", str(n), "purchase", n) for n in range(1, 7)),
        *(("bob", str(n), "view", n) for n in range(1, 4)),
    )
    found = arrays(spark, rows, 7.5, 2, recent=4)
    assert found["ann"] == ([6, 5, 4], [1, 1, 1], [1, 2, 3])
    assert found["bob"] == ([3, 2], [0, 0], [4, 5])
    assert arrays(spark, rows, 7.5, 4, recent=2)["bob"] == ([3, 2, 1, 0], [0] * 4, [4, 5, 6, 0])
