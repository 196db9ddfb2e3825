"""Unlabelled texts of a shop, for adapting language models to how it speaks."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.errors import ShoplakeError


def texts(
    *,
    products: DataFrame | None = None,
    searches: DataFrame | None = None,
    reviews: DataFrame | None = None,
    messages: DataFrame | None = None,
) -> DataFrame:
    """Rows of gold.texts: one for each distinct text of a shop and kind.

    Judged queries are left out: a model must not have read the queries that test it.

    Args:
        products: silver.products; the text and the description of every version.
        searches: silver.searches; the queries.
        reviews: silver.reviews; title and text.
        messages: silver.messages; the text.

    Returns:
        text_id (32 hex digits of the SHA-256 of shop, kind and text), shop, kind, text.

    Raises:
        ShoplakeError: no table was given.
    """
    written = F.array("text", "description")
    parts = [
        *([_texts(products, "product", written)] if products is not None else []),
        *([_texts(searches, "query", F.array("query"))] if searches is not None else []),
        *(
            [_texts(reviews, "review", F.array(_joined("title", "text")))]
            if reviews is not None
            else []
        ),
        *([_texts(messages, "message", F.array("text"))] if messages is not None else []),
    ]
    if not parts:
        raise ShoplakeError(
            "there is nothing to take texts from",
            where="silver.products, silver.searches, silver.reviews, silver.messages",
            remedy="give at least one of the tables; run `shoplake step refine` first",
        )
    identity = F.substring(F.sha2(F.concat_ws("|", "shop", "kind", "text"), 256), 1, 32)
    told = reduce(DataFrame.unionByName, parts).distinct()
    return told.select(identity.alias("text_id"), "shop", "kind", "text")


def _texts(table: DataFrame, kind: str, said: Column) -> DataFrame:
    return (
        table.select("shop", F.lit(kind).alias("kind"), F.explode(said).alias("text"))
        .withColumn("text", F.trim("text"))
        .where("text <> ''")
    )


def _joined(*names: str) -> Column:
    return F.concat_ws("\n", *names)
