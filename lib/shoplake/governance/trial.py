"""What the present contract would say of rows that are held, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.publish import verdicts
from shoplake.runtime.lake import Lake


@dataclass(frozen=True)
class Trial:
    """Rows that were held: how many would enter now, and what holds the others, by rule."""

    table: str
    passed: int
    held: int
    rules: dict[str, int] = field(default_factory=dict)
    gone: int = 0


def trial(lake: Lake, contract: Contract, candidate: DataFrame, held_ids: DataFrame) -> Trial:
    """Judge a batch as `publish` would and look at the rows that are in quarantine now.

    Args:
        lake: for referenced tables.
        contract: the contract as it is now.
        candidate: the whole batch, as for `publish`.
        held_ids: `row_id` of the rows of interest.

    Returns:
        `passed` counts those that would be good or duplicates, `gone` those that the batch lacks.
    """
    judged = verdicts(lake, contract, candidate)
    origin = "_row_id" if "_row_id" in judged.columns else "row_id"
    looked_at = judged.join(
        held_ids.select(F.col("row_id").alias("_held_id")), F.col(origin) == F.col("_held_id")
    )
    row = looked_at.agg(F.count("*"), F.count_if("_held")).first()
    assert row is not None
    rules = (
        looked_at.where("_held")
        .select(F.explode("_reasons.rule").alias("rule"))
        .groupBy("rule")
        .count()
        .collect()
    )
    wanted = held_ids.distinct().count()
    return Trial(
        contract.table,
        passed=row[0] - row[1],
        held=row[1],
        rules={r["rule"]: r["count"] for r in rules},
        gone=max(0, wanted - row[0]),
    )
