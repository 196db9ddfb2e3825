"""What each operator of a logical plan does to the origins of its children's columns."""

from __future__ import annotations

from typing import Any

from shoplake.governance.lineage.expressions import (
    Name,
    Nodes,
    UntracedError,
    decides,
    equal_pairs,
    expression_id,
    fields,
    short,
    uses,
)
from shoplake.governance.lineage.frame import NOTHING, Frame, Origins, attributes, deciding

Node = dict[str, Any]


def apply(node: Node, children: list[Frame]) -> Frame:
    """The output of an operator; one that is not known here passes its only child on.

    Raises:
        UntracedError: an unknown operator has several children.
    """
    name = short(node)
    child = children[0]
    if name in _ONE_CHILD:
        return _ONE_CHILD[name](node, child)
    if name == "Join":
        return _join(node, *children)
    if name == "Union":
        return _union(children)
    if name in ("Except", "Intersect"):
        return _set_operation(*children)
    if name == "FlatMapCoGroupsInPandas":
        return _python(node, _side_by_side(*children))
    if len(children) == 1 or name == "WithCTE":  # such as Limit, Repartition, SubqueryAlias
        return children[-1]
    raise UntracedError(f"operator {name}")


def _project(node: Node, child: Frame) -> Frame:
    columns = attributes(node["projectList"])
    lists = dict(zip((i for i, _ in columns), node["projectList"], strict=True))
    renamed = {expression_id(nodes[-1]): i for i, nodes in lists.items() if _is_attribute(nodes)}
    unique = tuple(
        frozenset(renamed[i] for i in key) for key in child.unique if key <= renamed.keys()
    )
    origins: dict[Name, Origins] = {i: child.of(uses(nodes)) for i, nodes in lists.items()}
    for i, nodes in lists.items():
        origins |= _fields(i, nodes, child)
    for name, found in child.origins.items():
        if isinstance(name, tuple) and name[0] in renamed:
            origins[renamed[name[0]], name[1]] = found
    return Frame(columns, origins, child.rows, unique, child.opaque)


def _fields(i: int, nodes: Nodes, child: Frame, more: Origins = NOTHING) -> dict[Name, Origins]:
    """The origins of the fields of a struct that is made here."""
    return {(i, name): child.of(used) | more for name, used in fields(nodes).items()}


def _is_attribute(nodes: Nodes) -> bool:
    return short(nodes[-1]) == "AttributeReference" and all(short(n) == "Alias" for n in nodes[:-1])


def _aggregate(node: Node, child: Frame) -> Frame:
    grouping = node["groupingExpressions"]
    columns = attributes(node["aggregateExpressions"])
    keys = frozenset[Any]().union(*(child.of(decides(nodes, "group")) for nodes in grouping))
    made_of = child.rows | keys
    origins: dict[Name, Origins] = {}
    for (i, _), nodes in zip(columns, node["aggregateExpressions"], strict=True):
        own = child.of(uses(nodes))
        is_key = nodes in grouping or nodes[1:] in grouping
        origins[i] = own if is_key else own | made_of
        origins |= _fields(i, nodes, child, made_of)
    names = {
        expression_id(nodes[-1]): i
        for (i, _), nodes in zip(columns, node["aggregateExpressions"], strict=True)
        if _is_attribute(nodes)
    }
    ids = [expression_id(g[0]) for g in grouping if len(g) == 1 and "exprId" in g[0]]
    whole = len(ids) == len(grouping) and all(i in names for i in ids)
    unique = (frozenset(names[i] for i in ids),) if whole else ()
    return Frame(columns, origins, made_of, unique, child.opaque)


def _window(node: Node, child: Frame) -> Frame:
    made = node["windowExpressions"]
    columns = attributes(made)
    origins: dict[Name, Origins] = {}
    for (i, _), nodes in zip(columns, made, strict=True):
        origins[i] = child.of(uses(nodes)) | child.rows
        origins |= _fields(i, nodes, child, child.rows)
    return _wider(child, columns, origins)


def _filter(node: Node, child: Frame) -> Frame:
    return _with_rows(child, child.of(decides(node["condition"], "filter")))


def _sort(node: Node, child: Frame) -> Frame:
    """Order matters to what follows (a limit, a Python function), so it decides rows."""
    if not node["global"]:
        return child
    return _with_rows(child, *(child.of(decides(nodes, "sort")) for nodes in node["order"]))


def _generate(node: Node, child: Frame) -> Frame:
    columns = attributes(node["generatorOutput"])
    made = child.of(uses(node["generator"]))
    wider = _wider(
        child, columns, {i: _of_field(node, n, made) for n, (i, _) in enumerate(columns)}
    )
    keeps_rows = short(node["generator"][0]) == "JsonTuple"  # one row in, one row out
    if keeps_rows:
        return wider
    rows = child.rows | deciding(made, "filter")
    return Frame(wider.columns, wider.origins, rows, (), child.opaque)


def _of_field(node: Node, position: int, made: Origins) -> Origins:
    """`json_tuple` over the record of a file reads the field that it names."""
    generator = node["generator"]
    names = [n["value"] for n in generator[1:] if short(n) == "Literal"]
    is_fields = short(generator[0]) == "JsonTuple" and len(generator) == len(names) + 2
    if not (is_fields and all(o.table.startswith("files:") for o in made)):
        return made
    return frozenset(o._replace(column=names[position], how="identity") for o in made)


def _deduplicate(node: Node, child: Frame) -> Frame:
    keys = {expression_id(nodes[0]) for nodes in node["keys"]}
    by_key = deciding(frozenset[Any]().union(*(child.origins[i] for i in keys)), "group")
    chosen = child.rows | by_key
    origins = {i: o if i in keys else o | chosen for i, o in child.origins.items()}
    return Frame(child.columns, origins, chosen, (frozenset(keys), *child.unique), child.opaque)


def _distinct(node: Node, child: Frame) -> Frame:
    keys = frozenset(i for i, _ in child.columns)
    by_key = deciding(child.everything, "group")
    return Frame(child.columns, child.origins, child.rows | by_key, (keys,), child.opaque)


def _expand(node: Node, child: Frame) -> Frame:
    columns = attributes(node["output"])
    if node["projections"] is None:
        return Frame(columns, {i: child.everything for i, _ in columns}, child.rows)
    origins: dict[Name, Origins] = {}
    for projection in node["projections"]:
        for (i, _), nodes in zip(columns, projection, strict=True):
            origins[i] = origins.get(i, NOTHING) | child.of(uses(nodes))
    return Frame(columns, origins, child.rows, (), child.opaque)


def _python(node: Node, child: Frame) -> Frame:
    """A Python function over whole rows: everything it makes may come from all it is given."""
    columns = attributes(node["output"])
    given = frozenset(o.seen() for o in child.everything)
    made = given | child.rows
    rows = child.rows | deciding(given, "filter")
    return Frame(columns, {i: made for i, _ in columns}, rows, (), opaque=True)


def _join(node: Node, left: Frame, right: Frame) -> Frame:
    kind = str((node.get("joinType") or {}).get("object", "")).rsplit(".", 1)[-1].rstrip("$")
    both = _side_by_side(left, right)
    condition = node.get("condition") or []
    on = both.of(decides(condition, "join")) if condition else NOTHING
    rows = left.rows | right.rows | on
    if kind in ("LeftSemi", "LeftAnti"):
        return Frame(left.columns, left.origins, rows, left.unique, both.opaque)
    if kind == "LeftOuter" and _matches_one(condition, right):
        # Every row of the left is there once, whatever the right holds.
        theirs = {i: o | on | right.rows for i, o in right.origins.items()}
        return Frame(both.columns, left.origins | theirs, left.rows, left.unique, both.opaque)
    mine = {i: o | on | left.rows for i, o in left.origins.items()}
    theirs = {i: o | on | right.rows for i, o in right.origins.items()}
    return Frame(both.columns, mine | theirs, rows, (), both.opaque)


def _matches_one(condition: Nodes, right: Frame) -> bool:
    equal = {i for pair in equal_pairs(condition) for i in pair}
    return any(key <= equal for key in right.unique)


def _union(children: list[Frame]) -> Frame:
    columns = children[0].columns
    origins: dict[Name, Origins] = {}
    for position, (i, _) in enumerate(columns):
        parts = (child.origins[child.columns[position][0]] for child in children)
        origins[i] = NOTHING.union(*parts)
    rows = NOTHING.union(*(child.rows for child in children))
    return Frame(columns, origins, rows, (), any(child.opaque for child in children))


def _set_operation(left: Frame, right: Frame) -> Frame:
    compared = deciding(left.everything | right.everything, "filter")
    rows = left.rows | right.rows | compared
    return Frame(left.columns, left.origins, rows, left.unique, left.opaque or right.opaque)


def _side_by_side(left: Frame, right: Frame) -> Frame:
    return Frame(
        left.columns + right.columns,
        left.origins | right.origins,
        left.rows | right.rows,
        opaque=left.opaque or right.opaque,
    )


def _wider(
    child: Frame, columns: tuple[tuple[int, str], ...], origins: dict[Name, Origins]
) -> Frame:
    return Frame(
        child.columns + columns, child.origins | origins, child.rows, child.unique, child.opaque
    )


def _with_rows(child: Frame, *more: Origins) -> Frame:
    rows = child.rows.union(*more)
    return Frame(child.columns, child.origins, rows, child.unique, child.opaque)


_ONE_CHILD = {
    "Project": _project,
    "Aggregate": _aggregate,
    "Window": _window,
    "Filter": _filter,
    "Sort": _sort,
    "Generate": _generate,
    "Deduplicate": _deduplicate,
    "DeduplicateWithinWatermark": _deduplicate,
    "Distinct": _distinct,
    "Expand": _expand,
    "MapInPandas": _python,
    "MapInArrow": _python,
    "PythonMapInArrow": _python,
    "FlatMapGroupsInPandas": _python,
    "FlatMapGroupsInArrow": _python,
    "FlatMapGroupsInPandasWithState": _python,
}
