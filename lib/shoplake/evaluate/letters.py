"""The detectors of personal data against the letters of the built-in shop."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.evaluate.personal import SPAN, found_spans, span_quality
from shoplake.governance.run import Read
from shoplake.refine.text import normalise_text

LETTERS = ("bronze.messages", "bronze.reviews")
_IDS = {"bronze.messages": "message_id", "bronze.reviews": "review_id"}


def personal_quality(told: DataFrame, read: Read) -> pd.DataFrame:
    """Precision and recall by kind, as `personal.span_quality`; ratios of 0 / 0 are None.

    Args:
        told: entity, natural_id, kind, start, end of what was written (`read_told`).
        read: the tables of `LETTERS`; a letter that is not there or lost its text does not count.
    """
    texts = reduce(DataFrame.unionByName, [_texts(t, read(t)) for t in LETTERS])
    text_id = F.concat_ws("/", "entity", "natural_id").alias("text_id")
    truth = told.select(text_id, "kind", "start", "end").join(texts, "text_id", "left_semi")

    def find(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        yield from map(found_spans, batches)

    found = texts.mapInPandas(find, "text_id string, kind string, start int, end int")  # type: ignore[arg-type]
    quality = span_quality(truth.select(*SPAN).toPandas(), found.toPandas())
    return quality.astype(object).where(quality.notna(), None)


def _texts(table: str, rows: DataFrame) -> DataFrame:
    entity = table.split(".")[1]
    named = F.concat(F.lit(f"{entity}/"), F.trim(_IDS[table]))
    texts = rows.select(named.alias("text_id"), normalise_text(F.col("text")).alias("text"))
    return texts.dropna().dropDuplicates(["text_id"])
