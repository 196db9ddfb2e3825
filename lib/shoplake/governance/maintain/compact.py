"""OPTIMIZE: many small files of a table become few, and its rows stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shoplake.contracts.ddl import statistics
from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance.maintain.files import MB
from shoplake.governance.maintain.settings import MaintainSettings
from shoplake.runtime.alone import writing
from shoplake.runtime.lake import Lake

_SMALL = "spark.databricks.delta.optimize.minFileSize"
_TARGET = "spark.databricks.delta.optimize.maxFileSize"


def compact(lake: Lake, table: str, said: MaintainSettings) -> None:
    """Join a table's small files; where `said.cluster` names it, sort all its rows meanwhile.

    The commit says of each file that it brings no change (`dataChange: false`), so that neither a
    change data feed nor a stream tells of it. A writer that deletes or updates rows meanwhile
    conflicts with it: whoever commits second fails.

    Raises:
        PySparkException: it was this one (of `delta.exceptions`).
    """
    columns = ", ".join(f"`{c}`" for c in said.cluster.get(table, ()))
    with writing(lake.settings, table), _sizes(lake, said):
        order = f" ZORDER BY ({columns})" if columns else ""
        lake.spark.sql(f"OPTIMIZE {lake.identifier(table)}{order}")


def check_cluster(table: str, contract: Contract | None, columns: list[str]) -> None:
    """Whether a table can be sorted by these columns.

    Raises:
        GovernanceError: one has no statistics in the log, by which alone files are passed over: it
            is not there, is of a person, or is a partition's.
    """
    stated = statistics(contract) if contract else {}
    there = stated.get("delta.dataSkippingStatsColumns", "").split(",")
    for column in columns:
        if column not in there:
            raise GovernanceError(
                f"{table} cannot be sorted by {column}, of which its log keeps no statistics",
                where="conf/maintain.yml: cluster",
                remedy=f"choose of: {', '.join(filter(None, there)) or '(none)'}",
            )


@contextmanager
def _sizes(lake: Lake, said: MaintainSettings) -> Iterator[None]:
    """File sizes of our own session; a platform's are its own."""
    if not lake.settings.spark.local:
        yield
        return
    conf = lake.spark.conf
    kept = {key: conf.get(key, None) for key in (_SMALL, _TARGET)}
    try:
        conf.set(_SMALL, str(said.small_mb * MB))
        conf.set(_TARGET, str(said.target_mb * MB))
        yield
    finally:
        for key, old in kept.items():
            if old is None:
                conf.unset(key)
            else:
                conf.set(key, old)
