"""Rankings of the head queries: those that enough different people asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.serve.search import ShopSearch

#: A query of fewer people than this says too much about them, and too little to be worth a row.
LEAST_PEOPLE = 3


def head_queries(searches: DataFrame, until: datetime, most: int) -> list[str]:
    """The `most` queries that most different people asked before `until`, in lower case."""
    asked = searches.where(F.col("occurred_at") < F.lit(until)).groupBy(
        F.trim(F.lower("query")).alias("query")
    )
    people = asked.agg(F.countDistinct("person_key").alias("people"))
    head = people.where((F.col("people") >= LEAST_PEOPLE) & (F.length("query") > 0))
    rows = head.orderBy(F.desc("people"), "query").limit(most).collect()
    return [row["query"] for row in rows]


def newest(features: DataFrame) -> DataFrame:
    """The rows of the latest `as_of`: those that `search_lake.open_lake` answers by.

    Features may be older than the events; a product's stock is then what was known of it last.
    """
    last = features.agg(F.max("as_of")).collect()[0][0]
    return features.where(F.col("as_of") == F.lit(last))


def ranking_rows(
    search: ShopSearch, queries: Sequence[str], as_of: datetime, top: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of gold.search_rankings, in the contract's order of columns."""
    for answer in search.answers(queries, top):
        for hit in answer.hits:
            yield (
                answer.query,
                as_of,
                hit.rank,
                hit.product_id,
                hit.name,
                hit.score,
                hit.words,
                hit.meaning,
                hit.behaviour,
                answer.understood,
                search.encoder.name,
            )
