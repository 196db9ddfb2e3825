"""Places for the nodes and paths for the flows of a lineage graph, left to right.

A layered drawing after Sugiyama, Tagawa and Toda (1981): flows that close a cycle are set aside,
nodes get the longest path as their column, long flows pass each column between through a place of
their own, columns are ordered by barycentres, and places are then pulled towards their neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from shoplake.catalog.graph import GROUPS, Flow, Graph, Node

WIDTH, HEIGHT = 172, 44
_ACROSS, _DOWN, _MARGIN, _PASSING = 60, 18, 12, 10
_SWEEPS = 12

#: A node by its name, or a place that a long flow passes: its ends and the column.
Place = str | tuple[str, str, int]


@dataclass(frozen=True)
class Box:
    """A node at its place; x and y are its upper left corner, in pixels."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A flow with its SVG path."""

    flow: Flow
    path: str


@dataclass(frozen=True)
class Drawing:
    """Everything placed, within width x height pixels."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def draw(graph: Graph) -> Drawing:
    """The graph laid out; the same graph is always laid out alike."""
    forward = _without_cycles(graph)
    column = _columns(graph, forward)
    chains = {f: _chain(f, column) for f in graph.flows}
    columns = _ordered(graph, column, chains)
    ys = _heights(columns, chains)
    x_of = {i: _MARGIN + i * (WIDTH + _ACROSS) for i in range(len(columns))}
    top = min(ys.values(), default=0.0)
    ys = {p: y - top + _MARGIN for p, y in ys.items()}
    boxes = tuple(Box(n, x_of[column[n.name]], ys[n.name]) for n in graph.nodes)
    bottom = max((b.y + HEIGHT for b in boxes), default=0.0)
    return Drawing(
        boxes,
        tuple(Line(f, _path(f, chain, column, x_of, ys)) for f, chain in chains.items()),
        _MARGIN + len(columns) * (WIDTH + _ACROSS) - _ACROSS + _MARGIN if columns else 0,
        max(bottom, *ys.values()) + _MARGIN if ys else 0,
    )


def _without_cycles(graph: Graph) -> set[tuple[str, str]]:
    """Flows but those that lead back to where a walk came from."""
    targets = defaultdict(list)
    for flow in graph.flows:
        targets[flow.source].append(flow.target)
    forward: set[tuple[str, str]] = set()
    state: dict[str, str] = {}
    for root in sorted(graph.nodes, key=lambda n: (GROUPS.index(n.group), n.name)):
        if root.name in state:
            continue
        state[root.name] = "open"
        walk = [(root.name, iter(targets[root.name]))]
        while walk:
            name, rest = walk[-1]
            target = next(rest, None)
            if target is None:
                state[name] = "done"
                walk.pop()
            elif state.get(target) != "open":
                forward.add((name, target))
                if target not in state:
                    state[target] = "open"
                    walk.append((target, iter(targets[target])))
    return forward


def _columns(graph: Graph, forward: set[tuple[str, str]]) -> dict[str, int]:
    """Column by node: right of all it comes from, and of every table of a lower layer."""
    sources = defaultdict(list)
    for source, target in forward:
        sources[target].append(source)
    group_of = {n.name: n.group for n in graph.nodes}
    base = dict.fromkeys(GROUPS, 0)
    column: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in column:
            column[name] = max([base[group_of[name]], *(place(s) + 1 for s in sources[name])])
        return column[name]

    for group, after in pairwise(GROUPS[:4]):
        placed = [place(n.name) for n in graph.nodes if n.group == group]
        base[after] = max([base[group], *(c + 1 for c in placed)])
    for node in graph.nodes:
        place(node.name)
    used = sorted(set(column.values()))
    return {name: used.index(c) for name, c in column.items()}


def _chain(flow: Flow, column: dict[str, int]) -> list[Place]:
    """The places a flow goes through, its ends included."""
    a, b = column[flow.source], column[flow.target]
    between: list[Place] = [(flow.source, flow.target, c) for c in range(a + 1, b)]
    return [flow.source, *between, flow.target]


def _ordered(
    graph: Graph, column: dict[str, int], chains: dict[Flow, list[Place]]
) -> list[list[Place]]:
    """Each column's places, ordered so that few flows cross."""
    columns: list[list[Place]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for node in graph.nodes:
        columns[column[node.name]].append(node.name)
    for chain in chains.values():
        for place in chain[1:-1]:
            columns[place[2]].append(place)  # type: ignore[index, call-overload, arg-type]
    left, right = _neighbours(chains, column)
    for sweep in range(_SWEEPS):
        beside = left if sweep % 2 == 0 else right
        for places in columns if sweep % 2 == 0 else reversed(columns):
            rank = {p: i for c in columns for i, p in enumerate(c)}
            mean = {
                p: sum(rank[q] for q in beside[p]) / len(beside[p]) if beside[p] else rank[p]
                for p in places
            }
            places.sort(key=lambda p: mean[p])
    return columns


def _neighbours(
    chains: dict[Flow, list[Place]], column: dict[str, int]
) -> tuple[dict[Place, list[Place]], dict[Place, list[Place]]]:
    left: dict[Place, list[Place]] = defaultdict(list)
    right: dict[Place, list[Place]] = defaultdict(list)
    for flow, chain in chains.items():
        if column[flow.source] < column[flow.target]:
            for a, b in pairwise(chain):
                left[b].append(a)
                right[a].append(b)
    return left, right


def _heights(columns: list[list[Place]], chains: dict[Flow, list[Place]]) -> dict[Place, float]:
    """Upper edge by place: as near to the middle of its neighbours as its column allows."""
    beside: dict[Place, list[Place]] = defaultdict(list)
    for chain in chains.values():
        for a, b in pairwise(chain):
            beside[a].append(b)
            beside[b].append(a)
    middle: dict[Place, float] = {}
    for places in columns:
        y = -sum(_size(p) + _DOWN for p in places) / 2
        for p in places:
            middle[p] = y + _size(p) / 2
            y += _size(p) + _DOWN
    for _ in range(_SWEEPS):
        for places in columns:
            wanted = [
                sum(middle[q] for q in beside[p]) / len(beside[p]) if beside[p] else middle[p]
                for p in places
            ]
            middle.update(zip(places, _spread(places, wanted), strict=True))
    return {p: m - _size(p) / 2 for p, m in middle.items()}


def _spread(places: list[Place], wanted: list[float]) -> list[float]:
    """Middles in order and apart, as near as can be to the wanted ones (isotonic regression)."""
    offsets, at = [], 0.0
    for i, p in enumerate(places):
        if i:
            at += (_size(places[i - 1]) + _size(p)) / 2 + _DOWN
        offsets.append(at)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        blocks.append((want - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, n), (a, m) = blocks.pop(), blocks.pop()
            blocks.append(((a * m + b * n) / (m + n), m + n))
    shifts = [mean for mean, count in blocks for _ in range(count)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _size(place: Place) -> float:
    return HEIGHT if isinstance(place, str) else _PASSING


def _path(
    flow: Flow,
    chain: list[Place],
    column: dict[str, int],
    x_of: dict[int, int],
    ys: dict[Place, float],
) -> str:
    a, b = column[flow.source], column[flow.target]
    start = x_of[a] + WIDTH, ys[flow.source] + HEIGHT / 2
    end = x_of[b], ys[flow.target] + HEIGHT / 2
    points = [start]
    for place in chain[1:-1]:
        y = ys[place] + _PASSING / 2
        x = x_of[place[2]]  # type: ignore[index]
        points += [(x, y), (x + WIDTH, y)]
    points.append(end)
    path = f"M{start[0]:.0f},{start[1]:.1f}"
    for i, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        if i % 2:
            path += f"L{x2:.0f},{y2:.1f}"
        else:
            bend = max((x2 - x1) / 2, _ACROSS / 2)
            path += f"C{x1 + bend:.0f},{y1:.1f} {x2 - bend:.0f},{y2:.1f} {x2:.0f},{y2:.1f}"
    return path
