"""The lineage of a lake as a graph of tables, and of columns where the plans were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shoplake.catalog.cards import Card
from shoplake.catalog.facts import LAYERS, Table
from shoplake.governance.lineage.edges import UNKNOWN, Edge
from shoplake.governance.lineage.store import edges
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query

#: Left to right.
GROUPS = ("files", *LAYERS[:3], "feed", "model", "other")


@dataclass(frozen=True, order=True)
class Node:
    """Something that data flows into or out of.

    Attributes:
        name: a table, `files:<shop>`, `feed:<name>` or `model:<name>`.
        group: of GROUPS.
    """

    name: str
    group: str

    @property
    def label(self) -> str:
        """The name without its group."""
        return self.name.removeprefix(f"{self.group}:").removeprefix(f"{self.group}.")


@dataclass(frozen=True, order=True)
class Flow:
    """Data flows from one node into another; `direct`: values do, else they only decide rows."""

    source: str
    target: str
    direct: bool


@dataclass(frozen=True)
class Graph:
    """Nodes and flows, each once and sorted; `columns` are the recorded column edges."""

    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    columns: tuple[Edge, ...]

    def sources(self, name: str) -> tuple[str, ...]:
        """What flows into a node."""
        return tuple(sorted({f.source for f in self.flows if f.target == name}))

    def targets(self, name: str) -> tuple[str, ...]:
        """What a node flows into."""
        return tuple(sorted({f.target for f in self.flows if f.source == name}))

    def around(self, name: str) -> Graph:
        """A node with what it is made of and what is made of it."""
        near = {name, *self.sources(name), *self.targets(name)}
        return Graph(
            tuple(n for n in self.nodes if n.name in near),
            tuple(f for f in self.flows if name in (f.source, f.target)),
            (),
        )


def lineage(settings: Settings, found: Sequence[Table], models: Sequence[Card]) -> Graph:
    """The lake's lineage, from `governance.lineage`, or from the ledger's inputs without it.

    Versions of one model are one node, and so are the files of one shop; evidence tables are left
    out, as they would have an edge to everything.
    """
    recorded = [e for e in edges(settings) if e.source_table != UNKNOWN]
    flows: dict[tuple[str, str], bool] = {}
    for edge in recorded:
        key = _node(edge.source_table), _node(edge.target_table)
        flows[key] = flows.get(key, False) or edge.kind == "direct"
    if not recorded:
        flows = dict.fromkeys(_inputs(settings, found, models), True)
    names = {t.name for t in found}
    flows = {
        (a, b): direct
        for (a, b), direct in flows.items()
        if a != b and not any(n.startswith("governance.") for n in (a, b))
    }
    names |= {n for pair in flows for n in pair}
    return Graph(
        tuple(sorted(Node(n, _group(n)) for n in names if not n.startswith("governance."))),
        tuple(sorted(Flow(a, b, direct) for (a, b), direct in flows.items())),
        tuple(recorded),
    )


def _inputs(
    settings: Settings, found: Sequence[Table], models: Sequence[Card]
) -> Iterable[tuple[str, str]]:
    for table in found:
        last = table.last
        for source in last.inputs if last else ():
            yield source, table.name
    for model in models:
        for parent in model.parents:
            yield parent.table, f"model:{model.model.name}"
    by_name = {t.name: t for t in found}
    if "governance.files" in by_name and by_name["governance.files"].rows:
        for row in query(settings, "SELECT DISTINCT shop FROM governance.files ORDER BY shop"):
            for table in found:
                if table.layer == "bronze":
                    yield f"files:{row['shop']}", table.name
    served = by_name.get("gold.recommendations")
    if served is not None and "model_name" in {c.name for c in served.columns}:
        for row in query(settings, "SELECT DISTINCT model_name AS m FROM gold.recommendations"):
            if row["m"] in {m.model.name for m in models}:
                yield f"model:{row['m']}", served.name


def _node(name: str) -> str:
    """A table, or the shop, feed or model that a place or version belongs to."""
    group, colon, rest = name.partition(":")
    return f"{group}:{rest.partition('/')[0]}" if colon else name


def _group(name: str) -> str:
    group = name.replace(":", ".").partition(".")[0]
    return group if group in GROUPS else "other"
