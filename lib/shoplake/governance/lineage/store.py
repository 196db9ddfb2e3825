"""`governance.lineage`: a job's edges are appended when they differ from those it had last."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import append
from shoplake.governance.lineage.edges import Edge
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables

TABLE = "governance.lineage"
_FIELDS = (
    "job", "target_table", "target_column", "source_table", "source_column", "kind",
    "transformation",
)  # fmt: skip


def edges(settings: Settings) -> list[Edge]:
    """The current edges of a lake of folders: of each job those it recorded last. No Spark.

    Returns:
        Sorted edges; none where nothing was recorded.

    Raises:
        ShoplakeError: the lake is not one of folders.
    """
    if TABLE not in tables(settings):
        return []
    rows = query(
        settings,
        f"WITH last AS (SELECT job AS j, max(recorded_at) AS at FROM {TABLE} GROUP BY job) "
        f"SELECT {', '.join(_FIELDS)} FROM {TABLE} JOIN last ON job = j AND recorded_at = at",
    )
    return sorted((Edge(**row) for row in rows), key=_order)


def _order(edge: Edge) -> tuple[str, ...]:
    return tuple(str(getattr(edge, f) or "") for f in _FIELDS)


class EdgeStore:
    """Writes edges for one run.

    Args:
        lake: where the table is, or will be.
        contract: of `governance.lineage`.
        run_id, step: of the run, kept with each edge.
    """

    def __init__(self, lake: Lake, contract: Contract, run_id: str, step: str) -> None:
        self._lake = lake
        self._contract = contract
        self._run = (run_id, step)
        self._last: dict[str, str] | None = None

    def keep(self, job: str, found: Iterable[Edge]) -> bool:
        """Append the job's edges unless they are those it recorded last; whether it did."""
        sorted_edges = sorted(set(found), key=_order)
        fingerprint = _fingerprint(sorted_edges)
        if not sorted_edges or self._recorded().get(job) == fingerprint:
            return False
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = [
            (*self._run, *(getattr(edge, f) for f in _FIELDS), fingerprint, now)
            for edge in sorted_edges
        ]
        append(self._lake, self._contract, rows)
        self._recorded()[job] = fingerprint
        return True

    def _recorded(self) -> dict[str, str]:
        """The fingerprint of the edges that each job recorded last."""
        if self._last is None:
            rows = self._lake.rows(TABLE, ("job", "fingerprint", "recorded_at"))
            rows.sort(key=lambda r: r["recorded_at"])
            self._last = {row["job"]: row["fingerprint"] for row in rows}
        return self._last


def _fingerprint(found: Sequence[Edge]) -> str:
    return hashlib.sha256(repr([_order(e) for e in found]).encode()).hexdigest()[:16]
