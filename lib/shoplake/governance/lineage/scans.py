"""A DataFrame's plan and what its leaves read, asked of Spark in a few calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoplake.governance.lineage.edges import UNKNOWN
from shoplake.governance.lineage.expressions import Nodes, short
from shoplake.governance.lineage.frame import Frame, attributes
from shoplake.governance.lineage.plan import Scan, trace
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_CONSTANTS = ("OneRowRelation", "Range")
#: Name of a table to the columns of its key.
Keys = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True)
class Scanner:
    """Follows DataFrames of a session that read a lake.

    Attributes:
        settings: where the lake's tables are.
        keys: the key of a table, () when it has none.
        files: what to call files that are no table of the lake.
        absent: columns of frames that hold nothing of a source, as of a table that does not exist.
    """

    settings: Settings
    keys: Keys
    files: str | None = None
    absent: frozenset[tuple[str, ...]] = frozenset()

    def frame(self, df: DataFrame) -> Frame:
        """The columns of `df` and where they come from.

        Raises:
            UntracedError: the plan holds something that cannot be followed.
            AttributeError: under Spark Connect, which does not show plans.
        """
        return self._frame(df._jdf.queryExecution().analyzed(), df)

    def _frame(self, plan: Any, df: DataFrame) -> Frame:
        nodes: Nodes = json.loads(plan.toJSON())
        leaves = plan.collectLeaves()
        outputs = [node for node in nodes if node["num-children"] == 0]
        scans = [self._scan(leaves.apply(n), node, df) for n, node in enumerate(outputs)]
        return trace(nodes, scans)

    def _scan(self, leaf: Any, node: dict[str, Any], df: DataFrame) -> Scan:
        kind = short(node)
        if kind in _CONSTANTS or kind == "CTERelationRef":
            return Scan(None)
        if kind == "LogicalRelation":
            table = self._relation(leaf)
            return Scan(table, self.keys(table))
        columns = attributes(node.get("output") or [])
        if tuple(name for _, name in columns) in self.absent:
            return Scan(None)
        return Scan(UNKNOWN, frame=self._micro_batch({i for i, _ in columns}, df))

    def _relation(self, leaf: Any) -> str:
        catalogued = leaf.catalogTable()
        if catalogued.isDefined():
            return table_of_identifier(
                catalogued.get().identifier().unquotedString(), self.settings
            )
        relation = leaf.relation()
        if self.files and relation.getClass().getSimpleName() == "KafkaRelation":
            return self.files
        path = relation.location().rootPaths().head().toString()
        return table_of_path(path, self.settings) or self.files or f"files:{_plain(path)}"

    def _micro_batch(self, ids: set[int], df: DataFrame) -> Frame | None:
        """The plan of the stream's current batch, which foreachBatch hands over without it."""
        from pyspark.sql import SparkSession

        session = SparkSession._instantiatedSession or df.sparkSession
        for query in session.streams.active:
            execution = query._jsq.streamingQuery().lastExecution()  # type: ignore[attr-defined]
            if execution is None:
                continue
            output = execution.analyzed().children().head().output()
            if {int(output.apply(n).exprId().id()) for n in range(output.size())} == ids:
                return self._frame(execution.analyzed(), df)
        return None


def table_of_path(path: str, settings: Settings) -> str | None:
    """`file:/lake/silver/orders` to `silver.orders`; None: it is not a table of the lake."""
    root = re.escape(_plain(settings.lake)) + "/" + re.escape(settings.schema_prefix)
    match = re.fullmatch(rf"{root}({'|'.join(SCHEMAS)})/([a-z][a-z0-9_]*)/?", _plain(path))
    return f"{match[1]}.{match[2]}" if match else None


def table_of_identifier(identifier: str, settings: Settings) -> str:
    """`main.dev_silver.orders` to `silver.orders`."""
    schema, table = identifier.split(".")[-2:]
    return f"{schema.removeprefix(settings.schema_prefix)}.{table}"


def _plain(path: str) -> str:
    return re.sub(r"^file:/+", "/", path)
