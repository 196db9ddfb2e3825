"""Planted leaks are found, and named by example, column and time."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from days import day
from pyspark.sql import functions as F
from world import END, HORIZON, Built, build, happenings

from shoplake.errors import GovernanceError
from shoplake.features.leakage import check_no_peeking
from shoplake.features.training import item_snapshots


@pytest.fixture(scope="module")
def built(view, labels) -> Built:
    made = build(view(*happenings()), labels)
    return dataclasses.replace(
        made, examples=made.examples.localCheckpoint(), snapshots=made.snapshots.localCheckpoint()
    )


@pytest.fixture
def check(labels):
    def run(made: Built, as_of: float = END, horizon_days: int = HORIZON) -> None:
        check_no_peeking(
            made.examples,
            made.snapshots,
            made.interactions,
            made.index,
            as_of=day(as_of),
            horizon_days=horizon_days,
            settings=labels.interest,
        )

    return run


def test_honest_training_set_passes(built, check) -> None:
    assert check(built) is None


def test_history_with_an_item_from_after_the_cut_is_found(built, check) -> None:
    target = F.col("target_index")
    peeking = F.concat(F.array(target), F.slice("history", 1, F.size("history") - 1))
    history = F.when((F.col("snapshot") == 1) & (F.col("is_purchase") == 1), peeking)
    leaky = built.examples.withColumn("history", F.coalesce(history, "history"))
    with pytest.raises(GovernanceError, match=r"example [0-9a-f]{32}: history item \d+") as caught:
        check(dataclasses.replace(built, examples=leaky))
    assert "before the cut at 2024-02-10 00:00:00" in str(caught.value)


@pytest.mark.parametrize(
    "column", ["log_popularity", pytest.param("log_recent", marks=pytest.mark.slow)]
)
def test_popularity_of_after_the_cut_is_found(built, check, column) -> None:
    late = [dataclasses.replace(c, at=c.at + timedelta(days=5)) for c in built.cuts]
    late_rows = item_snapshots(built.interactions, built.index, late)
    peeked = late_rows.select("snapshot", "item_index", F.col(column).alias("later"))
    keys = ["snapshot", "item_index"]
    leaky = built.snapshots.join(peeked, keys).withColumn(column, F.col("later")).drop("later")
    with pytest.raises(GovernanceError, match=rf"item_index \d+: {column} is [\d.]+ in snapshot"):
        check(dataclasses.replace(built, snapshots=leaky))


def test_label_window_that_overlaps_the_test_is_found(built, check) -> None:
    later = F.expr(f"INTERVAL {HORIZON // 2} DAYS")
    as_of = F.when(F.col("snapshot") == 1, F.col("as_of") + later).otherwise(F.col("as_of"))
    leaky = dataclasses.replace(
        built,
        examples=built.examples.withColumn("as_of", as_of),
        snapshots=built.snapshots.withColumn("as_of", as_of),
    )
    with pytest.raises(GovernanceError, match=r"as_of, label; examples [0-9a-f]{32}") as caught:
        check(leaky)
    assert "cut at 2024-02-15 00:00:00, reach to 2024-02-25" in str(caught.value)
    assert "past the test cut at 2024-02-20" in str(caught.value)


@pytest.mark.slow
def test_label_from_beyond_the_horizon_is_found(built, check) -> None:
    with pytest.raises(GovernanceError, match=r"(label|is_purchase) is .* in \(.*\] makes"):
        check(built, horizon_days=HORIZON - 3)


def test_label_window_beyond_the_end_of_the_data_is_found(built, check) -> None:
    with pytest.raises(GovernanceError, match="past the end of the data at 2024-02-29"):
        check(built, as_of=END - 1)


def test_wrong_is_new_is_found(built, check) -> None:
    leaky = built.examples.withColumn("is_new", 1 - F.col("is_new"))
    with pytest.raises(GovernanceError, match="is_new is"):
        check(dataclasses.replace(built, examples=leaky))


def test_snapshot_with_two_instants_is_found(built, check) -> None:
    moved = built.snapshots.withColumn("as_of", F.col("as_of") - F.expr("INTERVAL 1 DAY"))
    with pytest.raises(GovernanceError, match="more than one as_of"):
        check(dataclasses.replace(built, snapshots=moved))
