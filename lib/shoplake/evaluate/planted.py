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
    seen = [_observed(entity, how, read, held) for entity, how in _ENTITIES.items()]
    bots = read("silver.sessions").where("is_bot")
    bots = bots.select(
        F.lit("sessions").alias("entity"),
        F.substring_index("session_id", ":", -1).alias("natural_id"),
        F.lit("flagged").alias("outcome"),
    )
    observed = reduce(DataFrame.unionByName, [*seen, bots])
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


def _observed(entity: str, how: _Entity, read: Read, held: dict[str, DataFrame]) -> DataFrame:
    table = _SILVER.get(entity, f"silver.{entity}")
    natural = F.concat_ws("/", *(F.trim(F.col(c)) for c in how.natural))
    sent = read(f"bronze.{entity}").select(F.col("_row_id").alias("row_id"), natural.alias("n"))
    silver = read(table)
    good = silver.select(
        "row_id",
        F.lit(True).alias("good"),
        (F.col(how.flag) if how.flag else F.lit(False)).alias("flag"),
        (_clean(F.col(how.text)) if how.text else F.lit(True)).alias("clean"),
    )
    kept = held.get(table)
    ids = kept.select("row_id") if kept is not None else silver.select("row_id").limit(0)
    rows = sent.join(good, "row_id", "left").join(
        ids.withColumn("held", F.lit(True)), "row_id", "left"
    )
    counted = rows.groupBy("n").agg(
        F.count("*").alias("sent"),
        F.count("good").alias("good"),
        F.count("held").alias("held"),
        F.bool_or(F.coalesce("flag", F.lit(False))).alias("flag"),
        F.bool_and(F.coalesce("clean", F.lit(True))).alias("clean"),
    )
    outcomes = {
        "quarantined": (F.col("held") > 0) & (F.col("good") == 0),
        "deduplicated": F.col("good") + F.col("held") < F.col("sent"),
        "repaired": (F.col("good") > 0) & F.col("clean"),
        "flagged": F.col("flag"),
    }
    met = F.array_compact(F.array(*(F.when(c, F.lit(name)) for name, c in outcomes.items())))
    return counted.select(
        F.lit(entity).alias("entity"),
        F.col("n").alias("natural_id"),
        F.explode(met).alias("outcome"),
    )


def _clean(text: Column) -> Column:
    return ~F.coalesce(text.rlike(_DIRTY), F.lit(False))
