"""Rows whose texts say nearly the same, found exactly.

Texts are sets of words. Two are near duplicates when their Jaccard similarity reaches a threshold
t. A pair that does shares a word among the rarest |x| - ceil(t |x|) + 1 words of each, so only
rows that share one of those are compared (prefix filter: Chaudhuri, Ganti, Kaushik 2006; Bayardo,
Ma, Srikant 2007). Nothing is missed, as MinHash might, and unlike it the verdict is the same for
any seed and any partitioning.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def words(text: Column) -> Column:
    """The distinct words of a text: runs of letters and digits of any script, lower case."""
    parts = F.split(F.lower(text), r"[^\p{L}\p{N}]+")
    return F.array_distinct(F.filter(parts, lambda w: w != ""))


def near_duplicates(rows: DataFrame, threshold: float) -> DataFrame:
    """Rows that a similar row of the same group comes before.

    Args:
        rows: `id` (identifies a row and orders them), `group`, `text`.
        threshold: least similarity, in (0, 1].

    Returns:
        `id` of each row that is similar to one with a smaller id in its group.
    """
    said = rows.select("id", "group", words(F.col("text")).alias("words"))
    said = said.where(F.size("words") > 0).dropDuplicates(["id"])
    each = said.select("id", "group", F.explode("words").alias("word"))
    known = each.groupBy("group", "word").agg(F.count("*").alias("often"))
    ordered = (
        each.join(known, ["group", "word"])
        .groupBy("id", "group")
        .agg(F.array_sort(F.collect_list(F.struct("often", "word")))["word"].alias("words"))
    )
    size = F.size("words")
    # Rounding down the product keeps a prefix at least as long as the theory asks.
    needed = F.ceil(size * threshold - 1e-9)
    prefixes = ordered.select(
        "id", "group", "words", F.explode(F.slice("words", 1, size - needed + 1)).alias("word")
    )
    a, b = prefixes.alias("a"), prefixes.alias("b")
    pairs = a.join(
        b,
        (F.col("a.word") == F.col("b.word"))
        & F.col("a.group").eqNullSafe(F.col("b.group"))
        & (F.col("a.id") < F.col("b.id"))
        & (F.size("a.words") >= F.size("b.words") * threshold - 1e-9)
        & (F.size("b.words") >= F.size("a.words") * threshold - 1e-9),
    )
    shared = F.size(F.array_intersect("a.words", "b.words"))
    union = F.size("a.words") + F.size("b.words") - shared
    return (
        pairs.where(shared >= union * threshold - 1e-9).select(F.col("b.id").alias("id")).distinct()
    )
