"""Which attributes a serialised Catalyst expression uses, and in what role.

Spark writes a tree as a list in pre-order, each node with its `num-children`. A value flows through
a function's arguments (direct); the condition of CASE and IF, a window's partition and order and
the filter of an aggregate decide which value flows (indirect), as OpenLineage tells them apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shoplake.governance.lineage.edges import FLOWS, Kind

Nodes = list[dict[str, Any]]

_TRANSPARENT = {"Alias", "KnownNullable", "KnownNotNull"}
_HASHES = {"Md5", "Sha1", "Sha2", "Crc32", "XxHash64", "Murmur3Hash", "HiveHash"}
#: Python functions that hide the values they are given (`refine.pseudonym`).
_MASKING_FUNCTIONS = {"pseudonyms"}
_RANKS = {"Rank", "DenseRank", "PercentRank"}
#: Arguments that decide and do not flow, by position.
_DECIDES: dict[str, tuple[int, str]] = {
    "If": (0, "conditional"),
    "ArrayFilter": (1, "conditional"),
    "AggregateExpression": (1, "filter"),
    "WindowExpression": (1, "window"),
    "MaxBy": (1, "sort"),
    "MinBy": (1, "sort"),
}


#: Functions that give back one of the values they are given, whole.
_CHOOSE = {"First", "Last", "Max", "Min", "MaxBy", "MinBy", "AnyValue"}
_WRAP = {"Alias", "AggregateExpression", "WindowExpression", "KnownNotNull", *_CHOOSE}

#: An attribute by its expression id, or a field of one.
Name = int | tuple[int, str]


class Use(NamedTuple):
    """An attribute, or a field of one, in an expression; the rest is as in `Origin`."""

    attribute: Name
    kind: Kind
    how: str
    masked: bool


class UntracedError(Exception):
    """A plan has something whose lineage is not known."""


def short(node: dict[str, Any]) -> str:
    """The class of a serialised node without its package."""
    return str(node["class"]).rsplit(".", 1)[-1].rstrip("$")


def expression_id(node: dict[str, Any]) -> int:
    """The id that an attribute or alias is known by in the whole plan."""
    return int(node["exprId"]["id"])


def uses(nodes: Nodes) -> set[Use]:
    """Every use of an attribute in an expression.

    Raises:
        UntracedError: the expression holds a subquery.
    """
    found: set[Use] = set()
    _walk(nodes, 0, "direct", "identity", False, found)
    return found


def decides(nodes: Nodes, how: str) -> set[Use]:
    """The uses of an expression that decides and does not flow, such as a filter's condition."""
    return {Use(u.attribute, "indirect", how, u.masked) for u in uses(nodes)}


def _walk(nodes: Nodes, at: int, kind: Kind, how: str, masked: bool, found: set[Use]) -> int:
    """Visit the node at `at`; returns the position after its subtree."""
    node = nodes[at]
    name, count = short(node), int(node["num-children"])
    if name == "AttributeReference":
        found.add(Use(expression_id(node), kind, how, masked))
    if name == "GetStructField" and node.get("name") and _is_attribute(nodes[at + 1]):
        field = (expression_id(nodes[at + 1]), str(node["name"]))
        found.add(Use(field, kind, how, masked))
        return at + 2
    if "plan" in node:
        raise UntracedError(f"a subquery ({name})")
    if name in _HASHES or (name == "PythonUDF" and node.get("name") in _MASKING_FUNCTIONS):
        masked = True
    inner = how
    if kind == "direct" and name not in _TRANSPARENT:
        inner = stronger(how, "aggregation" if name == "AggregateExpression" else "transformation")
    at += 1
    for child in range(count):
        role = _role(name, child, count) if kind == "direct" else None
        if role is None:
            at = _walk(nodes, at, kind, inner, masked, found)
        else:
            at = _walk(nodes, at, "indirect", role, masked, found)
    return at


def _role(name: str, child: int, count: int) -> str | None:
    """How the child decides; None when its value flows."""
    if name == "CaseWhen":
        is_condition = child % 2 == 0 and child < count - count % 2
        return "conditional" if is_condition else None
    if name in _RANKS:
        return "window"
    position, how = _DECIDES.get(name, (-1, ""))
    return how if child == position else None


def stronger(one: str, other: str) -> str:
    """The later of two FLOWS."""
    return max(one, other, key=FLOWS.index)


def fields(nodes: Nodes) -> dict[str, set[Use]]:
    """The uses of each field of a struct that the expression makes or chooses; else none."""
    at = 0
    while at < len(nodes) and short(nodes[at]) in _WRAP:
        at += 1
    if at == len(nodes) or short(nodes[at]) != "CreateNamedStruct":
        return {}
    chosen_by_value = any(short(n) in ("Max", "Min") for n in nodes[:at])
    parts: dict[str, Nodes] = {}
    end = at + 1
    for _ in range(int(nodes[at]["num-children"]) // 2):
        name, start = str(nodes[end].get("value")), _skip(nodes, end)
        end = _skip(nodes, start)
        parts[name] = nodes[start:end]
    return {
        name: uses(nodes[:at] + part + nodes[end:])
        | {u for other in parts.values() if chosen_by_value for u in decides(other, "sort")}
        for name, part in parts.items()
    }


def _is_attribute(node: dict[str, Any]) -> bool:
    return short(node) == "AttributeReference"


def equal_pairs(condition: Nodes) -> list[tuple[int, int]]:
    """Attribute pairs that a join condition requires to be equal."""
    pairs: list[tuple[int, int]] = []

    def visit(at: int) -> int:
        node = condition[at]
        name, end = short(node), at + 1
        if name == "And":
            return visit(visit(end))
        sides = condition[at + 1 : at + 3]
        if name in ("EqualTo", "EqualNullSafe") and all(map(_is_attribute, sides)):
            pairs.append((expression_id(sides[0]), expression_id(sides[1])))
        for _ in range(int(node["num-children"])):
            end = _skip(condition, end)
        return end

    if condition:
        visit(0)
    return pairs


def _skip(nodes: Nodes, at: int) -> int:
    end = at + 1
    for _ in range(int(nodes[at]["num-children"])):
        end = _skip(nodes, end)
    return end
