"""What a table or column comes from, and what comes from it, along the current edges."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shoplake.errors import ShoplakeError
from shoplake.governance.lineage.edges import Edge

Direction = Literal["upstream", "downstream"]

_ROWS = " (rows)"


@dataclass(frozen=True, order=True)
class Node:
    """A table, file, feed or model; with a column, that column of it."""

    table: str
    column: str | None = None

    def __str__(self) -> str:
        return self.table if self.column is None else f"{self.table}.{self.column}"


@dataclass
class Branch:
    """A node of a tree of lineage.

    Attributes:
        node: the table or column.
        how: how it is connected with the branch it hangs on; empty at the root.
        decided_by: upstream of a column, what decides its value or its rows without flowing
            into it; downstream, what it decides so: node and ways.
        branches: where its values come from or go to.
        again: its own branches are elsewhere in the tree.
    """

    node: Node
    how: str = ""
    decided_by: list[tuple[Node, str]] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    again: bool = False


class Graph:
    """The lineage graph of a lake.

    Args:
        edges: of `store.edges`.
        columns: column names by table, so that columns without lineage are known too.
    """

    def __init__(self, edges: Iterable[Edge], columns: dict[str, tuple[str, ...]]) -> None:
        self._edges = list(edges)
        self._columns = {table: set(names) for table, names in columns.items()}
        for edge in self._edges:
            for table, column in (
                (edge.target_table, edge.target_column),
                (edge.source_table, edge.source_column),
            ):
                self._columns.setdefault(table, set()).update({column} if column else ())

    def find(self, name: str) -> Node:
        """`TABLE` or `TABLE.COLUMN`; the names of tables may hold dots themselves.

        Raises:
            ShoplakeError: there is no such table or column.
        """
        if name in self._columns:
            return Node(name)
        table, _, column = name.rpartition(".")
        if column in self._columns.get(table, ()):
            return Node(table, column)
        if table in self._columns:
            raise ShoplakeError(
                f"table {table} has no column '{column}'",
                remedy=_nearest(column, sorted(self._columns[table])),
            )
        raise ShoplakeError(
            f"there is no table '{name}'", remedy=_nearest(name, sorted(self._columns))
        )

    def tree(self, node: Node, direction: Direction, depth: int) -> Branch:
        """The tree that hangs on `node`, at most `depth` edges deep.

        A table's tree is one of tables, a column's one of columns. A node is opened once.
        """
        root = Branch(node)
        around = self._columns_around if node.column is not None else self._tables_around
        seen, level = {node}, [root]
        for _ in range(depth):
            level = [
                child
                for branch in level
                for child in self._grow(branch, around(branch.node, direction), seen)
            ]
        return root

    def _grow(
        self, branch: Branch, neighbours: list[tuple[Node, Edge]], seen: set[Node]
    ) -> list[Branch]:
        """Hang the neighbours on the branch; returns those that are to be opened."""
        by_column = branch.node.column is not None
        deciding = [(n, e) for n, e in neighbours if by_column and e.kind == "indirect"]
        flowing = [(n, e) for n, e in neighbours if not by_column or e.kind != "indirect"]
        branch.decided_by = _ways(deciding)
        opened = []
        for node, how in _ways(flowing):
            child = Branch(node, how, again=node in seen)
            branch.branches.append(child)
            is_known = any(e.kind != "unknown" for n, e in flowing if n == node)
            if not child.again and (is_known or not by_column):
                opened.append(child)
            seen.add(node)
        return opened

    def _tables_around(self, node: Node, direction: Direction) -> list[tuple[Node, Edge]]:
        ends = ((*_ends(edge, direction), edge) for edge in self._edges)
        return [
            (Node(there.table), edge)
            for here, there, edge in ends
            if here.table == node.table != there.table
        ]

    def _columns_around(self, node: Node, direction: Direction) -> list[tuple[Node, Edge]]:
        ends = ((*_ends(edge, direction), edge) for edge in self._edges)
        return [(there, edge) for here, there, edge in ends if here in (node, Node(node.table))]


def _ends(edge: Edge, direction: Direction) -> tuple[Node, Node]:
    target = Node(edge.target_table, edge.target_column)
    source = Node(edge.source_table, edge.source_column)
    return (target, source) if direction == "upstream" else (source, target)


def _ways(neighbours: Iterable[tuple[Node, Edge]]) -> list[tuple[Node, str]]:
    """Each neighbour once, with all the ways it is connected; those of rows alone come last."""
    edges: dict[Node, list[Edge]] = {}
    for node, edge in neighbours:
        edges.setdefault(node, []).append(edge)
    told = [(node, _told(found)) for node, found in edges.items()]
    return sorted(told, key=lambda n: (n[1].endswith(_ROWS), n[0].table, n[0].column or ""))


def _told(edges: list[Edge]) -> str:
    """`aggregation, identity, and decides`; without a flow `filter, join`, or `filter (rows)`."""
    flows, deciding = (
        ", ".join(sorted({w for e in edges if pick(e) for w in e.transformation.split(", ")}))
        for pick in (lambda e: e.kind != "indirect", lambda e: e.kind == "indirect")
    )
    if flows:
        return f"{flows}, and decides" if deciding else flows
    return deciding if any(e.target_column for e in edges) else deciding + _ROWS


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(known)}" if known else "nothing has been recorded yet"
