"""From a serialised logical plan to the columns that each of its output columns comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shoplake.governance.lineage.edges import UNKNOWN, Origin
from shoplake.governance.lineage.expressions import Name, Nodes, UntracedError, short
from shoplake.governance.lineage.frame import NOTHING, Frame, Origins, attributes
from shoplake.governance.lineage.operators import apply


@dataclass(frozen=True)
class Scan:
    """What a leaf of the plan reads.

    Attributes:
        table: name of the source; None for constants, which come from nowhere.
        key: columns that identify one of its rows.
        frame: the leaf's own plan, when that was found elsewhere.
    """

    table: str | None
    key: tuple[str, ...] = ()
    frame: Frame | None = None


def trace(nodes: Nodes, scans: Sequence[Scan]) -> Frame:
    """The columns of a plan.

    Args:
        nodes: the plan as `LogicalPlan.toJSON` writes it: a list in pre-order.
        scans: what its leaves read, in their order.

    Raises:
        UntracedError: the plan holds something that cannot be followed.
    """
    return _Tracing(nodes, list(scans)).visit(0)[0]


@dataclass
class _Tracing:
    nodes: Nodes
    scans: list[Scan]
    ctes: dict[int, Frame] = field(default_factory=dict)

    def visit(self, at: int) -> tuple[Frame, int]:
        """The frame of the node at `at`, and the position after its subtree."""
        node, end = self.nodes[at], at + 1
        children = []
        for _ in range(int(node["num-children"])):
            child, end = self.visit(end)
            children.append(child)
        if not children:
            return self._leaf(node), end
        made = apply(node, children)
        if short(node) == "CTERelationDef":
            self.ctes[int(node["id"])] = made
        return made, end

    def _leaf(self, node: dict[str, Any]) -> Frame:
        if not self.scans:
            raise UntracedError("more leaves than scans")
        scan = self.scans.pop(0)
        columns = attributes(node.get("output") or [])
        known = scan.frame
        if short(node) == "CTERelationRef":
            known = self.ctes[int(node["cteId"])]
        if known is not None:
            same = zip(columns, known.columns, strict=True)
            origins: dict[Name, Origins] = {
                mine: known.origins[theirs] for (mine, _), (theirs, _) in same
            }
            return Frame(columns, origins, known.rows, (), known.opaque)
        if scan.table is None:
            return Frame(columns, {i: NOTHING for i, _ in columns})
        if scan.table == UNKNOWN:
            cut = frozenset([Origin(UNKNOWN, None, "direct", "identity")])
            return Frame(columns, {i: cut for i, _ in columns})
        ids = {name: i for i, name in columns}
        is_keyed = bool(scan.key) and set(scan.key) <= set(ids)
        read: dict[Name, Origins] = {
            i: frozenset([Origin(scan.table, c, "direct", "identity")]) for i, c in columns
        }
        return Frame(
            columns,
            read,
            unique=(frozenset(ids[c] for c in scan.key),) if is_keyed else (),
        )
