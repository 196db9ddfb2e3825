"""How well cleaning found the dirt that the simulator is known to have put in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shoplake.evaluate.metrics import EvaluationError

OUTCOMES = ("quarantined", "deduplicated", "repaired", "flagged")
ANY = "(any)"
"""The dirt of the row that sums up an outcome over all its kinds."""

_RECORD = ["entity", "natural_id", "outcome"]
_GROUP = ["entity", "outcome"]


def cleaning_quality(truth: pd.DataFrame, observed: pd.DataFrame) -> pd.DataFrame:
    """Precision and recall of cleaning, for each kind of dirt and, as dirt "(any)", each outcome.

    A record is (entity, natural_id); its copies count once. Recall is the share of a kind's
    records that met the expected outcome. An outcome on a record where no kind expects it is
    wrong; since nobody can tell which kind it was taken for, it counts against every kind with
    that outcome. An outcome that only another kind explains counts neither way.

    Args:
        truth: entity, natural_id, dirt, outcome (quarantined, deduplicated, repaired or flagged).
        observed: entity, natural_id, outcome.

    Returns:
        One row an entity, outcome and dirt, in that order: expected (records), found (of them),
        wrong (records), precision = found / (found + wrong), recall = found / expected; NaN for
        0 / 0, as where an outcome was met but never expected.

    Raises:
        EvaluationError: the truth expects an outcome that does not exist.
    """
    unknown = truth[~truth["outcome"].isin(OUTCOMES)]
    if len(unknown):
        raise EvaluationError(
            f"dirt '{unknown['dirt'].iloc[0]}' expects outcome '{unknown['outcome'].iloc[0]}'",
            where="the simulator's truth",
            remedy=f"the outcomes are {', '.join(OUTCOMES)}",
        )
    records = truth[[*_RECORD, "dirt"]]
    every = pd.concat([records, records.assign(dirt=ANY)]).drop_duplicates()
    met = observed[_RECORD].drop_duplicates()

    kinds = (
        every.merge(met.assign(found=True), how="left", on=_RECORD)
        .assign(found=lambda rows: rows["found"].notna())
        .groupby([*_GROUP, "dirt"], as_index=False)
        .agg(expected=("found", "size"), found=("found", "sum"))
    )
    wrong = (
        met.merge(records[_RECORD].drop_duplicates(), how="left", on=_RECORD, indicator=True)
        .query("_merge == 'left_only'")
        .groupby(_GROUP, as_index=False)
        .size()
        .rename(columns={"size": "wrong"})
    )
    table = kinds.merge(wrong, how="outer", on=_GROUP).fillna(
        {"dirt": ANY, "expected": 0, "found": 0, "wrong": 0}
    )
    counts = ["expected", "found", "wrong"]
    table[counts] = table[counts].astype(np.int64)
    answered = table["found"] + table["wrong"]
    table["precision"] = table["found"] / answered.where(answered > 0)
    table["recall"] = table["found"] / table["expected"].where(table["expected"] > 0)
    return table.sort_values([*_GROUP, "dirt"], ignore_index=True)
