"""States of a table's columns in earlier batches, from `governance.column_metrics`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.metrics import State, merged
from shoplake.runtime.lake import Lake

TABLE = "governance.column_metrics"

#: Keys: column and scope.
States = dict[tuple[str, str], State]


class History:
    """The earlier batches of a table, oldest first, each once."""

    def __init__(self, lake: Lake, batches: list[States]) -> None:
        self._lake = lake
        self._batches = batches

    def bins(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The bins in use, by column and scope."""
        return {
            key: state.bins for batch in self._batches for key, state in batch.items() if state.bins
        }

    def last(self, key: tuple[str, str], batches: int) -> State | None:
        """The last `batches` batches' states as one."""
        return merged([b[key] for b in self._batches if key in b][-batches:])

    def with_all(self, key: tuple[str, str], state: State) -> State:
        """`state` and that of all earlier batches as one, distinct values estimated anew."""
        parts = [*(b[key] for b in self._batches if key in b), state]
        whole = merged(parts)
        assert whole is not None
        sketches = [(bytearray(p.sketch),) for p in parts if p.sketch]
        if not sketches:
            return whole
        found = (
            self._lake.spark.createDataFrame(sketches, "s binary")
            .agg(F.hll_sketch_estimate(F.hll_union_agg("s")))
            .first()
        )
        return replace(whole, distinct=float(found[0])) if found else whole


def read_history(lake: Lake, contract: Contract, batch: str) -> History:
    """What earlier batches said, if a rule of the contract asks for it; `batch` itself left out.

    A batch that was judged twice, as after a crash, counts as it was judged last.
    """
    asked = any(r.kind == "drift" or r.over == "table" for r in contract.rules)
    if not asked:
        return History(lake, [])
    rows = lake.rows(TABLE, where={"table_name": contract.table})
    batches: dict[str, States] = {}
    for row in sorted(rows, key=lambda r: r["finished_at"]):
        if row["batch_id"] == batch:
            continue
        known = batches.setdefault(row["batch_id"], {})
        known[row["column_name"], row["scope"]] = _state(row)
    return History(lake, list(batches.values()))


def states_of(lake: Lake, contract: Contract, batch: str) -> States:
    """The states of one batch, as it was judged last."""
    rows = lake.rows(TABLE, where={"table_name": contract.table, "batch_id": batch})
    rows.sort(key=lambda r: r["finished_at"])
    return {(row["column_name"], row["scope"]): _state(row) for row in rows}


def _state(row: Mapping[str, Any]) -> State:
    return State(
        rows=row["rows_seen"],
        nulls=row["nulls"],
        total=row["total"],
        squares=row["squares"],
        low=row["low"],
        high=row["high"],
        sketch=None if row["distinct_sketch"] is None else bytes(row["distinct_sketch"]),
        bins=None if row["bins"] is None else tuple(row["bins"]),
        counts=None if row["bin_counts"] is None else tuple(row["bin_counts"]),
    )


def lines(
    contract: Contract, batch: str, states: States, now: datetime
) -> Iterable[tuple[Any, ...]]:
    """Rows of `governance.column_metrics`."""
    for (column, scope), s in states.items():
        yield (
            *(contract.table, batch, column, scope, s.rows, s.nulls, s.total, s.squares),
            *(s.low, s.high, s.distinct, None if s.sketch is None else bytearray(s.sketch)),
            *(None if s.bins is None else list(s.bins), s.counts and list(s.counts), now),
        )
