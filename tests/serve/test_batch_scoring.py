"""Everyone gets one answer, whatever the partitioning."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.serve.batch import BatchScorer, recommend
from shoplake.serve.catalogue import Catalogue, load_catalogue
from shoplake.serve.fallback import build_fallback
from shoplake.serve.scorer import Scorer
from shoplake.serve.settings import ServeError, ServeSettings

AS_OF = datetime(2024, 5, 20)
HISTORIES = (
    "person_key string, history array<int>, history_counts array<int>, history_days array<int>, "
    "group string"
)
ITEMS = (
    "item_index int, product_id string, name string, category string, available boolean, "
    "people_30d int"
)
CATALOGUE = Catalogue(
    product_ids=np.array(["", "s:A", "s:B", "s:C", "s:D"], dtype=object),
    names=np.array(["", "apron", "bowl", "cup", "doll"], dtype=object),
    categories=np.array([None, "home", "home", None, "toys"], dtype=object),
    available=np.array([False, True, True, True, False]),
    popularity=np.array([0, 3, 5, 1, 9]),
)
EVERYONE = [
    ("ann", [1, 3], [2, 0], [4, 1], None),
    ("bob", [2], [1], [30], "x"),
    ("new", None, None, None, None),
    ("pad", [0, 0], [0, 0], [0, 0], None),
]


def neighbours(size: int = 5) -> Scorer:
    """Scores items by closeness to the newest history item on a line, and own items higher."""

    class Neighbours:  # local, so that it pickles by value: workers cannot import a test
        items = np.array([[at, -(at**2)] for at in range(size)], dtype=np.float32)

        def people(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
            newest = history[:, 0].astype(np.float32)
            return np.stack([2 * newest, np.ones_like(newest)], axis=1)

        def own_adjustment(self, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
            return (counts * 0.5).astype(np.float32)

    return Neighbours()


def scored(settings: ServeSettings, people: list[tuple]) -> dict[str, list[tuple]]:
    """What a worker answers: person -> (product name, score, reason, is_fallback), ranked."""
    columns = [column.split()[0] for column in HISTORIES.split(", ")]
    job = BatchScorer(neighbours(), CATALOGUE, build_fallback(CATALOGUE, settings), settings)
    rows = pd.concat([pd.DataFrame(), *job.run([pd.DataFrame(people, columns=columns)])])
    wanted = ["product_name", "score", "reason", "is_fallback"]
    return {
        key: list(group.sort_values("rank")[wanted].itertuples(index=False, name=None))
        for key, group in (rows.groupby("person_key") if len(rows) else [])
    }


def in_spark(
    histories: DataFrame, settings: ServeSettings, scorer: Scorer, *, here: bool = False
) -> DataFrame:
    return recommend(
        histories,
        scorer,
        CATALOGUE,
        build_fallback(CATALOGUE, settings),
        settings,
        as_of=AS_OF,
        model_name="neighbours",
        model_version="7",
        here=here,
    )


def test_ranks_scores_and_reasons() -> None:
    found = scored(ServeSettings(k=2), EVERYONE)
    assert found["ann"] == [
        ("apron", 2.0, "you bought this 2 times", False),
        ("bowl", 0.0, "similar to cup", False),
    ]
    popular = [("bowl", 5.0, "popular now", True), ("apron", 3.0, "popular now", True)]
    assert found["new"] == found["pad"] == popular


def test_what_must_not_be_recommended_is_not() -> None:
    found = scored(ServeSettings(k=5, exclude_seen=True), EVERYONE)
    # Ann bought the apron, and the doll is sold out.
    assert [row[0] for row in found["ann"]] == ["bowl", "cup"]
    assert "doll" not in [row[0] for row in found["new"]]


def test_what_was_bought_before_the_history_that_the_model_sees_is_left_out_too() -> None:
    settings = ServeSettings(k=5, exclude_seen=True, history_length=1)
    assert settings.histories is None
    found = scored(settings, [("ann", [3, 1], [0, 1], [1, 9], None)])
    assert "apron" not in [row[0] for row in found["ann"]]
    assert ServeSettings(history_length=7).histories == 7


def test_sold_out_items_can_be_kept() -> None:
    found = scored(ServeSettings(k=1, exclude_unavailable=False), [("dan", [4], [1], [1], None)])
    assert found["dan"][0][0] == "doll"


def test_nothing_left_is_no_rows() -> None:
    all_bought = [("ann", [1, 2, 3], [1, 1, 1], [1, 1, 1], None)]
    assert scored(ServeSettings(exclude_seen=True), all_bought) == {}


@pytest.mark.slow
def test_partitioning_changes_nothing(spark: SparkSession) -> None:
    settings = ServeSettings(k=3, people_block=2, item_block=2)
    histories = spark.createDataFrame(EVERYONE, HISTORIES)

    def rows(partitions: int) -> list[tuple]:
        answer = in_spark(histories.repartition(partitions), settings, neighbours())
        return sorted(tuple(row) for row in answer.collect())

    assert rows(3) == rows(1)


def test_columns_are_those_of_the_table(spark: SparkSession) -> None:
    histories = spark.createDataFrame(EVERYONE[1:2], HISTORIES)
    answer = in_spark(histories, ServeSettings(k=1), neighbours())
    assert [row.asDict() for row in answer.collect()] == [
        {
            "person_key": "bob",
            "as_of": AS_OF,
            "rank": 1,
            "product_id": "s:B",
            "product_name": "bowl",
            "score": 4.5,
            "reason": "you bought this before",
            "model_name": "neighbours",
            "model_version": "7",
            "is_fallback": False,
        }
    ]


def test_a_model_of_another_catalogue_is_refused(spark: SparkSession) -> None:
    histories = spark.createDataFrame(EVERYONE, HISTORIES)
    with pytest.raises(ServeError, match="knows 2 items, the catalogue has 4"):
        in_spark(histories, ServeSettings(), neighbours(3))


def test_a_diverged_model_is_refused_before_any_job(spark: SparkSession) -> None:
    model = neighbours()
    model.items[2] = np.nan
    with pytest.raises(ServeError, match="1 item vectors are not finite"):
        in_spark(spark.createDataFrame(EVERYONE, HISTORIES), ServeSettings(), model)


def test_a_catalogue_is_read_by_item_index(spark: SparkSession) -> None:
    rows = [(2, "s:B", "bowl", "home", True, 5), (1, "s:A", "apron", None, False, 3)]
    found = load_catalogue(spark.createDataFrame(rows, ITEMS))
    assert found.names.tolist() == ["", "apron", "bowl"]
    assert found.categories.tolist() == [None, None, "home"]
    assert found.available.tolist() == [False, False, True]
    assert found.popularity.tolist() == [0, 3, 5]


def test_a_catalogue_with_a_gap_is_refused(spark: SparkSession) -> None:
    rows = [(1, "s:A", "a", None, True, 1), (3, "s:C", "c", None, True, 1)]
    with pytest.raises(ServeError, match="item_index is not 1 to 2"):
        load_catalogue(spark.createDataFrame(rows, ITEMS))


@pytest.mark.parametrize("people", [EVERYONE, []], ids=["some", "nobody"])
def test_few_people_are_scored_here_as_workers_score_them(
    spark: SparkSession, people: list[tuple]
) -> None:
    histories = spark.createDataFrame(people, HISTORIES)
    there, here = (
        in_spark(histories, ServeSettings(k=3), neighbours(), here=here) for here in (False, True)
    )
    assert here.schema == there.schema
    order = ["person_key", "rank"]
    assert here.orderBy(*order).collect() == there.orderBy(*order).collect()
