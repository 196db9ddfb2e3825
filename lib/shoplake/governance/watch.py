"""Counting rows while another job writes them, and what it costs to make rows again."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Observation

#: Parts of a plan that make it dear, or its rows not the same the second time.
_DEAR = re.compile(
    r"Python|Pandas|ExistingRDD|ExternalRDD|InMemoryTableScan|Stream|HashAggregate|SortAggregate"
    r"|\bWindow\b|Join\b|\bGenerate\b|\bSort\b|\bExpand\b|Sample\b|Limit\b|DataSourceV2"
)
#: The same in a plan that was only analysed, where it costs nothing to look: what has one of these
#: need not be planned to be told dear.
_DEAR_ANALYSED = re.compile(
    r"\b(Aggregate|Window|Join|Generate|Sort|Expand|Sample|GlobalLimit|Distinct|Deduplicate"
    r"|LogicalRDD|InMemoryRelation|MapInPandas|MapInArrow|FlatMapGroups\w*)\b"
)
#: Spark reports an observation right after its job; one it never reports is counted anew.
_PATIENCE_S = 60.0


def watched(rows: DataFrame, aggregate: Column, write: Callable[[DataFrame], bool]) -> str:
    """Write rows and aggregate them in the same job.

    Args:
        rows: what is aggregated.
        aggregate: one aggregate, of any name.
        write: writes some of the rows it is given; says whether it did: Delta skips a transaction
            that it has seen, and then the aggregate is taken by a job of its own.
    """
    observation = Observation()
    wrote = write(rows.observe(observation, aggregate.alias("seen")))
    text = _reported(observation) if wrote else None
    if text is None:
        row = rows.agg(aggregate).first()
        assert row is not None
        text = row[0]
    return text


def is_cheap(df: DataFrame) -> bool:
    """Whether to make the rows of `df` again costs less than to keep them.

    True for a scan with filters and expressions; False where it cannot be told, as on Spark
    Connect.
    """
    try:
        execution = df._jdf.queryExecution()
        if _DEAR_ANALYSED.search(execution.analyzed().toString()):
            return False
        return bool(execution.optimizedPlan().deterministic()) and not _DEAR.search(
            execution.sparkPlan().toString()
        )
    except Exception:
        return False


def _reported(observation: Observation) -> str | None:
    found: list[str] = []

    def wait() -> None:
        found.append(observation.get["seen"])

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    return found[0] if found else None
