"""Trees of lineage both ways, and the command that prints them."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from shoplake.errors import ShoplakeError
from shoplake.governance.lineage.edges import Edge, Kind
from shoplake.governance.lineage.graph import Branch, Graph, Node


def edge(target: str, source: str, kind: Kind = "direct", how: str = "identity") -> Edge:
    """`gold.a/x` is a column, `gold.a` the whole or its rows."""
    (to, _, to_column), (of, _, of_column) = target.partition("/"), source.partition("/")
    return Edge("job", to.replace("|", "/"), to_column or None, of, of_column or None, kind, how)


EDGES = [
    edge("silver.a/x", "files:shop.csv/raw"),
    edge("silver.a", "files:shop.csv/raw", "indirect", "filter"),
    edge("gold.b/x", "silver.a/x", how="aggregation"),
    edge("gold.b/x", "silver.a/y", "indirect", "group"),
    edge("gold.b/z", "silver.a/y"),
    edge("model:m|1", "gold.b/x", how="transformation"),
    Edge("job", "gold.r", "score", "model:m/1", None, "direct", "transformation"),
    edge("silver.a/y", "gold.r/score"),
    edge("gold.r", "unknown", "unknown", "not told by the plan"),
]
GRAPH = Graph(EDGES, {"silver.lonely": ("id",)})


def shape(branch: Branch) -> object:
    """Nested names; `...` where a node is opened elsewhere."""
    if not branch.branches:
        return f"{branch.node}{'...' if branch.again else ''}"
    return {str(branch.node): [shape(b) for b in branch.branches]}


def test_upstream_of_a_column_goes_through_the_model_to_the_file() -> None:
    tree = GRAPH.tree(Node("gold.r", "score"), "upstream", 9)
    path = {
        "gold.r.score": [
            {"model:m/1": [{"gold.b.x": [{"silver.a.x": ["files:shop.csv.raw"]}]}]},
            "unknown",
        ]
    }
    assert shape(tree) == path


def test_what_decides_is_told_apart_and_not_followed() -> None:
    tree = GRAPH.tree(Node("gold.b", "x"), "upstream", 9)
    assert tree.decided_by == [(Node("silver.a", "y"), "group")]
    assert tree.branches[0].decided_by == [(Node("files:shop.csv", "raw"), "filter (rows)")]


def test_downstream_of_a_column_reaches_recommendations_and_ends_in_a_circle() -> None:
    tree = GRAPH.tree(Node("silver.a", "x"), "downstream", 9)
    loop = {"gold.r.score": [{"silver.a.y": ["gold.b.z"]}]}
    assert shape(tree) == {"silver.a.x": [{"gold.b.x": [{"model:m/1": [loop]}]}]}


def test_a_table_has_a_tree_of_tables() -> None:
    tree = GRAPH.tree(Node("gold.b"), "upstream", 9)
    back = {"gold.r": [{"model:m/1": ["gold.b..."]}, "unknown"]}
    assert shape(tree) == {"gold.b": [{"silver.a": ["files:shop.csv", back]}]}


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_depth(depth: int) -> None:
    def height(branch: Branch) -> int:
        return max((1 + height(b) for b in branch.branches), default=0)

    assert height(GRAPH.tree(Node("files:shop.csv"), "downstream", depth)) == depth


def test_all_ways_between_two_tables_are_told_once() -> None:
    tree = GRAPH.tree(Node("gold.b"), "upstream", 1)
    assert [b.how for b in tree.branches] == ["aggregation, identity, and decides"]


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("gold.b", Node("gold.b")),
        ("gold.b.x", Node("gold.b", "x")),
        ("files:shop.csv", Node("files:shop.csv")),
        ("files:shop.csv.raw", Node("files:shop.csv", "raw")),
        ("model:m/1", Node("model:m/1")),
        ("silver.lonely.id", Node("silver.lonely", "id")),
    ],
)
def test_names(name: str, node: Node) -> None:
    assert GRAPH.find(name) == node


@pytest.mark.parametrize(
    ("name", "error", "remedy"),
    [
        ("gold.c", "there is no table 'gold.c'", "did you mean gold.r or gold.b?"),
        ("gold.b.xx", "table gold.b has no column 'xx'", "did you mean x?"),
    ],
)
def test_a_name_that_is_not_known(name: str, error: str, remedy: str) -> None:
    with pytest.raises(ShoplakeError, match=error) as raised:
        GRAPH.find(name)
    assert remedy in str(raised.value)


def test_edges_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(asdict(GRAPH.tree(Node("gold.b"), "upstream", 2))))
