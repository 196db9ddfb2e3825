from __future__ import annotations

from datetime import datetime

import numpy as np
from pyspark.sql import SparkSession

from shoplake.serve.catalogue import Catalogue
from shoplake.serve.fallback import EVERYONE, build_fallback, diversify, recent_popularity
from shoplake.serve.settings import ServeSettings

CATALOGUE = Catalogue(
    product_ids=np.array(["", "s:A", "s:B", "s:C", "s:D"], dtype=object),
    names=np.array(["", "a", "b", "c", "d"], dtype=object),
    categories=np.array([None, "tea", "tea", "tea", "toys"], dtype=object),
    available=np.array([False, True, True, True, True]),
    popularity=np.array([0, 9, 8, 7, 1]),
)


def chosen(k: int, per_category: int = 2, **changes: np.ndarray) -> list[int]:
    asked = {
        "popularity": CATALOGUE.popularity,
        "tie_breaker": CATALOGUE.popularity,
        "categories": CATALOGUE.categories,
        "allowed": CATALOGUE.available,
        **changes,
    }
    return diversify(**asked, k=k, per_category=per_category).tolist()


def test_categories_take_turns_before_a_third_of_the_same() -> None:
    assert chosen(3) == [1, 2, 4]


def test_a_category_goes_on_when_the_others_have_run_out() -> None:
    assert chosen(9) == [1, 2, 4, 3]


def test_items_without_a_category_do_not_share_one() -> None:
    assert chosen(3, 1, categories=np.array([None] * 5, dtype=object)) == [1, 2, 3]


def test_what_nobody_bought_is_not_popular() -> None:
    none = np.zeros(5, dtype=np.int64)
    assert chosen(3, popularity=none, tie_breaker=none) == []


def test_a_small_group_is_filled_up_from_everyone() -> None:
    assert chosen(3, popularity=np.array([0, 0, 0, 2, 0])) == [3, 1, 4]


def test_people_of_unknown_groups_get_everyones_list(spark: SparkSession) -> None:
    counts = spark.createDataFrame(
        [("uk", "s:D", 4), ("uk", "s:GONE", 9)], "group string, product_id string, people bigint"
    )
    fallback = build_fallback(CATALOGUE, ServeSettings(k=2), counts)
    assert [values.tolist() for values in fallback.of("uk")] == [[4, 1], [4, 0]]
    assert fallback.of("fr") == fallback.of(None) == fallback.of(EVERYONE)
    assert fallback.of(None)[0].tolist() == [1, 2]


def test_recent_popularity_counts_people_before_the_instant(spark: SparkSession) -> None:
    def order(person: str | None, day: int, kind: str = "sale", net: int = 1) -> tuple:
        return person, "s:A", kind, "product", net, datetime(2024, 5, day)

    orders = spark.createDataFrame(
        [
            order("p1", 10),
            order("p1", 11),
            order("p2", 12),
            order("p3", 12),
            order("p4", 12, net=0),
            order("p5", 12, kind="cancellation"),
            order("p6", 1),
            order("p7", 20),
            order(None, 12),
        ],
        "person_key string, product_id string, kind string, line_kind string, net_quantity int, "
        "ordered_at timestamp",
    )
    people = spark.createDataFrame(
        [(f"p{at}", None if at == 3 else "uk") for at in range(1, 8)],
        "person_key string, country string",
    )
    found = recent_popularity(orders, people, "country", datetime(2024, 5, 20), days=15)
    assert [tuple(row) for row in found.collect()] == [("uk", "s:A", 2)]
