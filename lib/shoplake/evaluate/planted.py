"""What became of the records that the built-in shop is known to have dirtied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.evaluate.cleaning import OUTCOMES, cleaning_quality
from shoplake.governance.run import Read

#: HTML, control characters, full-width letters, and UTF-8 that was read as Latin-1.
_DIRTY = r"&[a-z]+;|&#|<[a-zA-Z/]|[\x00-\x08\x0b\x0c\x0e-\x1f]|[！-～]|Ã.|â€"


@dataclass(frozen=True)
class _Entity:
    """How an entity's records are named in the truth, and where its text and its flag are."""

    natural: tuple[str, ...]
    text: str | None = None
    flag: str | None = None


_ENTITIES = {
    "events": _Entity(("event_id",)),
    "orders": _Entity(("order_id", "line_id"), flag="is_outlier"),
    "products": _Entity(("product_id", "updated_at"), text="name"),
    "people": _Entity(("person_id",)),
    "searches": _Entity(("search_id",), text="query"),
    "reviews": _Entity(("review_id",), text="text"),
    "messages": _Entity(("message_id",), text="text"),
    "feedback": _Entity(("feedback_id",)),
}
_SILVER = {"people": "silver.identities"}
#: The tables read, quarantines apart.
TABLES = (
    *(f"bronze.{entity}" for entity in _ENTITIES),
    *(_SILVER.get(entity, f"silver.{entity}") for entity in _ENTITIES),
    "silver.sessions",
)


def planted_dirt(truth: DataFrame, read: Read, held: dict[str, DataFrame]) -> pd.DataFrame:
    """Precision and recall of cleaning by entity, outcome and kind of dirt.

    A record whose every copy is in quarantine was quarantined; one with more copies in bronze than
    in silver and quarantine together was deduplicated; a silver row without a trace of dirt in its
    text was repaired. Nobody can tell repair from rows that were clean, so it has no precision.

    Args:
        truth: entity, natural_id, dirt, outcome of the files that have been ingested.
        read: bronze and silver tables by name.
        held: the quarantines that exist, by silver table.

    Returns:
        As `cleaning.cleaning_quality`.
    """
    expected = truth.where(F.col("outcome").isin(*OUTCOMES))
    copies = [
        part for entity, how in _ENTITIES.items() for part in _copies(entity, how, read, held)
    ]
    seen = _outcomes(reduce(DataFrame.unionByName, copies))
    bots = read("silver.sessions").where("is_bot")
    bots = bots.select(
        F.lit("sessions").alias("entity"),
        F.substring_index("session_id", ":", -1).alias("natural_id"),
        F.lit("flagged").alias("outcome"),
    )
    observed = seen.unionByName(bots)
    dirtied = expected.where("outcome = 'repaired'").select("entity", "natural_id").distinct()
    dirtied = dirtied.withColumn("dirtied", F.lit(True))
    relevant = observed.join(dirtied, ["entity", "natural_id"], "left").where(
        "outcome <> 'repaired' OR dirtied"
    )
    quality = cleaning_quality(
        pd.DataFrame(expected.select("entity", "natural_id", "dirt", "outcome").toPandas()),
        pd.DataFrame(relevant.select("entity", "natural_id", "outcome").toPandas()),
    )
    quality.loc[quality["outcome"] == "repaired", "precision"] = float("nan")
    return quality


def _copies(entity: str, how: _Entity, read: Read, held: dict[str, DataFrame]) -> list[DataFrame]:
    """What is known of each copy of a record: where it was sent, entered and is held.

    All entities share these columns, so that one shuffle by copy and one by record do for all.
    """
    table = _SILVER.get(entity, f"silver.{entity}")
    flag = F.coalesce(F.col(how.flag), F.lit(False)) if how.flag else F.lit(False)
    clean = _clean(F.col(how.text)) if how.text else F.lit(True)
    natural = F.concat_ws("/", *(F.trim(F.col(c)) for c in how.natural))
    sent = read(f"bronze.{entity}")
    parts = [
        _copy(sent, entity, "_row_id", natural=natural),
        _copy(read(table), entity, "row_id", good=F.lit(1), flag=flag, clean=clean),
    ]
    if table in held:
        parts.append(_copy(held[table], entity, "row_id", held=F.lit(1)))
    return parts


def _copy(rows: DataFrame, entity: str, row_id: str, **known: Column) -> DataFrame:
    nothing = {
        "natural": F.lit(None).cast("string"),
        "good": F.lit(0),
        "held": F.lit(0),
        "flag": F.lit(False),
        "clean": F.lit(True),
    }
    columns = [column.alias(name) for name, column in {**nothing, **known}.items()]
    return rows.select(F.lit(entity).alias("entity"), F.col(row_id).alias("row_id"), *columns)


def _outcomes(copies: DataFrame) -> DataFrame:
    """entity, natural_id and each outcome that the record's copies met together."""
    rows = copies.groupBy("entity", "row_id").agg(
        F.max("natural").alias("natural_id"),
        F.max("good").alias("good"),
        F.max("held").alias("held"),
        F.bool_or("flag").alias("flag"),
        F.bool_and("clean").alias("clean"),
    )
    counted = (
        rows.where("natural_id IS NOT NULL")
        .groupBy("entity", "natural_id")
        .agg(
            F.count("*").alias("sent"),
            F.sum("good").alias("good"),
            F.sum("held").alias("held"),
            F.bool_or("flag").alias("flag"),
            F.bool_and("clean").alias("clean"),
        )
    )
    outcomes = {
        "quarantined": (F.col("held") > 0) & (F.col("good") == 0),
        "deduplicated": F.col("good") + F.col("held") < F.col("sent"),
        "repaired": (F.col("good") > 0) & F.col("clean"),
        "flagged": F.col("flag"),
    }
    met = F.array_compact(F.array(*(F.when(c, F.lit(name)) for name, c in outcomes.items())))
    return counted.select("entity", "natural_id", F.explode(met).alias("outcome"))


def _clean(text: Column) -> Column:
    return ~F.coalesce(text.rlike(_DIRTY), F.lit(False))
