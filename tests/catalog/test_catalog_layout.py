"""Any lineage graph is drawn left to right, without overlaps, within the drawing."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.catalog.graph import GROUPS, Flow, Graph, Node
from shoplake.catalog.layout import HEIGHT, WIDTH, draw

NODES = [Node(f"{group}.t{i}", group) for group in GROUPS for i in range(3)]
flows = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES), st.booleans()), max_size=30
)


def graph(found: list[tuple[Node, Node, bool]]) -> Graph:
    pairs = {(a.name, b.name): direct for a, b, direct in found if a != b}
    return Graph(
        tuple(sorted({n for a, b, _ in found for n in (a, b)})),
        tuple(sorted(Flow(a, b, direct) for (a, b), direct in pairs.items())),
        (),
    )


def leads_back(flow: Flow, flows: tuple[Flow, ...]) -> bool:
    """Whether the flow lies on a cycle."""
    open_, seen = [flow.target], set()
    while open_:
        name = open_.pop()
        if name == flow.source:
            return True
        if name not in seen:
            seen.add(name)
            open_ += [f.target for f in flows if f.source == name]
    return False


@settings(max_examples=150, deadline=None)
@given(flows)
def test_layout(found: list[tuple[Node, Node, bool]]) -> None:
    given_ = graph(found)
    drawing = draw(given_)
    place = {b.node.name: (b.x, b.y) for b in drawing.boxes}
    assert set(place) == {n.name for n in given_.nodes}
    for a, b in combinations(drawing.boxes, 2):
        assert abs(a.x - b.x) >= WIDTH or abs(a.y - b.y) >= HEIGHT, (a, b)
    for x, y in place.values():
        assert 0 <= x <= drawing.width - WIDTH
        assert 0 <= y <= drawing.height - HEIGHT
    for flow in given_.flows:
        if not leads_back(flow, given_.flows):
            assert place[flow.source][0] < place[flow.target][0], flow
    for line in drawing.lines:
        x, y = map(float, re.match(r"M([\d.-]+),([\d.-]+)", line.path).groups())  # type: ignore[union-attr]
        at = place[line.flow.source]
        assert abs(x - at[0] - WIDTH) <= 1
        assert abs(y - at[1] - HEIGHT / 2) <= 1
    assert draw(given_) == drawing


@settings(max_examples=60, deadline=None)
@given(flows)
def test_layers_stand_in_their_order(found: list[tuple[Node, Node, bool]]) -> None:
    order = {g: i for i, g in enumerate(GROUPS)}
    upward = [(a, b, d) for a, b, d in found if order[a.group] <= order[b.group] <= order["gold"]]
    given_ = graph(upward)
    right = {b.node.group: b.x for b in sorted(draw(given_).boxes, key=lambda b: b.x)}
    left = {b.node.group: b.x for b in sorted(draw(given_).boxes, key=lambda b: -b.x)}
    groups = sorted(right, key=order.__getitem__)
    for a, b in pairwise(groups):
        assert right[a] < left[b]


def test_an_empty_lake_has_an_empty_drawing() -> None:
    assert draw(Graph((), (), ())).boxes == ()
