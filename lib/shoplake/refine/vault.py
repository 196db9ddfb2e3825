"""The vault: which value of a shop stands behind a pseudonym, under this key and earlier ones.

Whoever may read it can map back; without it nobody can, the key's holder apart. Rotation and
erasure find a subject here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.refine.cast import to_id
from shoplake.refine.pseudonym import Secret, key_id, pseudonymise

VAULT = "governance.vault"
_ENTITIES = (
    "people", "orders", "events", "searches", "reviews", "messages", "feedback", "links",
)  # fmt: skip
#: Tables that name people by an id of the shop.
SOURCES = tuple(f"bronze.{entity}" for entity in _ENTITIES)
_SUBJECT = ("shop", "kind", "value")
_PSEUDONYM = "^[0-9a-f]{32}$"


def vault(
    tables: Sequence[str], read: Callable[[str], DataFrame], known: DataFrame | None, key: Secret
) -> DataFrame:
    """One row a pseudonym: every identity that any bronze table names, and the link keys of people.

    Args:
        tables: those of `SOURCES` that exist.
        read: table name to its rows.
        known: the vault so far. Its pseudonyms under earlier keys stay, as retired, while the
            value is still in bronze: what was sent to the shop may come back under them.
        key: the current key.

    Returns:
        pseudonym, kind (identity, link), shop, value, key_id, retired, first_seen.
    """
    seen = reduce(DataFrame.unionByName, [s for t in tables for s in _seen(t, read(t))])
    subjects = seen.where("value <> ''").groupBy(*_SUBJECT)
    current = subjects.agg(F.min("first_seen").alias("first_seen")).select(
        pseudonymise(subject_text(), key).alias("pseudonym"),
        *("kind", "shop", "value"),
        F.lit(key_id(key)).alias("key_id"),
        F.lit(False).alias("retired"),
        "first_seen",
    )
    if known is None:
        return current
    earlier = known.where(F.col("key_id") != key_id(key)).withColumn("retired", F.lit(True))
    return current.unionByName(earlier.join(current, list(_SUBJECT), "left_semi"))


def renamed(known: DataFrame, key: Secret) -> DataFrame:
    """Pseudonyms that the current key does not give, with the one it gives: columns old, new."""
    given = pseudonymise(subject_text(), key)
    every = known.select(F.col("pseudonym").alias("old"), given.alias("new"))
    return every.where("old <> new")


def subject_text() -> Column:
    """What a pseudonym is made of: `<shop>:<id>` or `<shop>:link:<link key>`."""
    link = F.when(F.col("kind") == "link", F.lit("link:")).otherwise(F.lit(""))
    return F.concat(F.col("shop"), F.lit(":"), link, F.col("value"))


def _seen(table: str, rows: DataFrame) -> list[DataFrame]:
    def named(kind: str, value: Column) -> DataFrame:
        return rows.select(
            F.col("_source").alias("shop"),
            F.lit(kind).alias("kind"),
            F.trim(value).alias("value"),
            F.col("_ingested_at").alias("first_seen"),
        )

    found = [named("identity", to_id(F.trim("person_id")))]
    if table == "bronze.people":
        found.append(named("link", F.col("link_key")))
    if table == "bronze.feedback":  # may name the pseudonym a list was made for
        found = [f.where(~F.col("value").rlike(_PSEUDONYM)) for f in found]
    return found
