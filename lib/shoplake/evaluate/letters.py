"""The detectors of personal data against the letters of the built-in shop."""

from __future__ import annotations

import pandas as pd

from shoplake.evaluate.personal import SPAN, found_spans, span_quality
from shoplake.evaluate.planted import Columns
from shoplake.refine.text import normalise

LETTERS = ("bronze.messages", "bronze.reviews")
_IDS = {"bronze.messages": "message_id", "bronze.reviews": "review_id"}


def personal_quality(told: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Precision and recall by kind, as `personal.span_quality`; ratios of 0 / 0 are None.

    Args:
        told: entity, natural_id, kind, start, end of what was written (`read_told`).
        columns: of the tables of `LETTERS`; a letter that is not there or lost its text does not
            count.
    """
    texts = pd.concat([_texts(table, columns) for table in LETTERS])
    truth = told.assign(text_id=told["entity"] + "/" + told["natural_id"])
    truth = truth[truth["text_id"].isin(texts["text_id"])]
    quality = span_quality(truth[SPAN], found_spans(texts))
    return quality.astype(object).where(quality.notna(), None)


def _texts(table: str, columns: Columns) -> pd.DataFrame:
    """text_id and normalised text of each letter that has both."""
    letters = columns(table, (_IDS[table], "text")).to_pandas().dropna()
    entity = table.split(".")[1]
    texts = pd.DataFrame(
        {
            "text_id": f"{entity}/" + letters[_IDS[table]].str.strip(" "),
            "text": letters["text"].map(normalise),
        }
    )
    return texts[texts["text"] != ""].drop_duplicates("text_id")
