from __future__ import annotations

import math

import numpy as np
import pytest
from pyspark.sql import SparkSession

from shoplake.evaluate.holdout import load_holdout
from shoplake.evaluate.metrics import EvaluationError

EXAMPLE = (
    "person_key string, split string, target_index int, is_purchase int, history array<int>, "
    "history_counts array<int>, history_days array<int>"
)
PAST = "person_key string, item_index int, purchases bigint, days int"


def test_truth_and_past_of_the_people_who_bought(spark: SparkSession) -> None:
    arrays = ([1, 0], [2, 0], [5, 0])
    examples = spark.createDataFrame(
        [
            ("b", "test", 2, 1, *arrays),
            ("a", "test", 3, 1, *arrays),
            ("a", "test", 1, 1, *arrays),
            ("a", "test", 2, 0, *arrays),
            ("c", "train", 1, 1, *arrays),
        ],
        EXAMPLE,
    )
    past = spark.createDataFrame(
        [("a", 1, 2, 5), ("b", 1, 1, 5), ("c", 3, 0, 1), ("a", 2, 0, 9)], PAST
    )
    snapshots = spark.createDataFrame(
        [(1, math.log1p(7), "test"), (1, math.log1p(3), "train")],
        "item_index int, log_popularity double, split string",
    )
    found = load_holdout(examples, snapshots, past, items=3)
    assert found.truth.toarray().tolist() == [[0, 1, 0, 1], [0, 0, 1, 0]]
    assert found.bought.toarray().tolist() == [[0, 1, 0, 0], [0, 1, 0, 0]]
    assert found.candidates.tolist() == [False, True, True, True]
    assert found.popularity.tolist() == [0, 2, 0, 0]
    assert found.recent_popularity.tolist() == [0, 7, 0, 0]
    assert np.array_equal(found.histories.counts, [[2, 0], [2, 0]])


def test_nobody_to_evaluate_is_an_error(spark: SparkSession) -> None:
    examples = spark.createDataFrame([], EXAMPLE)
    past = spark.createDataFrame([], PAST)
    with pytest.raises(EvaluationError, match="nobody with a history"):
        load_holdout(examples, past, past, items=3)
