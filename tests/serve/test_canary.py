from __future__ import annotations

import pandas as pd
from pyspark.sql import SparkSession

from shoplake.serve.canary import Side, sides


def test_without_a_challenger_or_a_share_the_champion_serves_everyone() -> None:
    assert sides("1", None, 0.1) == (Side("1"),)
    assert sides("1", "2", 0.0) == (Side("1"),)


def test_everyone_is_on_one_side_and_the_share_is_kept(spark: SparkSession) -> None:
    people = spark.createDataFrame(pd.DataFrame({"person_key": [f"{n:032x}" for n in range(5000)]}))
    champion, challenger = sides("1", "2", 0.1)
    row = people.selectExpr("*").withColumns(
        {
            "mine": challenger.serves().cast("int"),
            "theirs": champion.serves().cast("int"),
            "next": sides("1", "3", 0.1)[1].serves().cast("int"),
        }
    )
    counted = row.selectExpr(
        "sum(mine)", "sum(mine + theirs)", "max(mine + theirs)", "sum(mine * next)"
    ).first()
    assert counted is not None
    mine, both, most, again = counted
    assert 400 <= mine <= 600
    assert (both, most) == (5000, 1)
    assert again < mine / 2, "the next challenger gets other people"
