"""One SELECT over tables of the lake: whose column is which, and of what kind a value is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlglot import expressions as exp

from shoplake.errors import PolicyError
from shoplake.governance.policies.decide import View

Kind = Literal["text", "number", "time", "boolean", "other", "any"]

_NUMBERS = ("int", "bigint", "float", "double", "decimal")
_TIME_PARTS = (exp.Year, exp.Month)
_TIME_CUTS = (exp.TimestampTrunc, exp.DateTrunc, exp.TsOrDsToDate)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ)


class Scope:
    """A SELECT and the views it reads, by their names in it."""

    def __init__(self, select: exp.Select, views: dict[str, View]) -> None:
        self.select = select
        self._asked = select.sql(dialect="databricks")
        self.views = views
        self.people = {a: v for a, v in views.items() if v.smallest_group}
        self.k = max(v.smallest_group or 0 for v in self.people.values())

    def refusal(self, why: str) -> PolicyError:
        """The error that says what such a query may be instead."""
        tables = ", ".join(v.table for v in self.people.values())
        return PolicyError(
            f"only groups of at least {self.k} people are shown of {tables}: {why}",
            where=self._asked,
            remedy="SELECT <columns>, count(*), count(DISTINCT c), sum(c) or avg(c) "
            "FROM <tables> WHERE ... GROUP BY <columns>",
        )

    def owners(self, column: exp.Column) -> list[str]:
        """The tables that the column may be of."""
        return [
            a
            for a, v in self.views.items()
            if column.table in ("", a) and column.name in v.contract.column_names
        ]

    def owner(self, column: exp.Column) -> str:
        """The table that the column is of.

        Raises:
            PolicyError: none or several.
        """
        owners = self.owners(column)
        if len(owners) != 1:
            what = "is in several tables" if owners else "is in none of the tables"
            raise self.refusal(f"column {column.sql()} {what}")
        return owners[0]

    def qualify(self) -> None:
        """Writes each column with its table; positions and aliases in GROUP BY and HAVING out."""
        select = self.select
        named = {e.alias: e.this for e in select.expressions if isinstance(e, exp.Alias)}
        order = select.args.get("order")
        ordered = {id(c) for c in order.find_all(exp.Column)} if order else set()
        group, having = select.args.get("group"), select.args.get("having")
        for e in list(group.expressions) if group else []:
            if isinstance(e, exp.Literal) and not e.is_string:
                position = int(e.this) - 1
                if not 0 <= position < len(select.expressions):
                    raise self.refusal(f"GROUP BY {e.this} is no column of it")
                e.replace(select.expressions[position].unalias().copy())
        for clause in (group, having):
            for column in list(clause.find_all(exp.Column)) if clause else []:
                if not column.table and column.name in named and not self.owners(column):
                    column.replace(named[column.name].copy())
        for column in select.find_all(exp.Column):
            if column.table or (id(column) in ordered and column.name in named):
                continue
            column.set("table", exp.to_identifier(self.owner(column), quoted=True))

    # -- kinds of values: comparing unlike ones makes an engine cast, which fails on some values --

    def kind(self, node: exp.Expr) -> Kind:
        """The kind of value.

        Raises:
            PolicyError: the expression mixes kinds.
        """
        if isinstance(node, exp.Paren | exp.Alias):
            return self.kind(node.this)
        if isinstance(node, exp.Column):
            return _column_kind(self.views[self.owner(node)].contract.column(node.name).type)
        if isinstance(node, exp.Literal):
            return "text" if node.is_string else "number"
        if isinstance(node, exp.Null):
            return "any"
        if isinstance(node, exp.Neg):
            return self._all("number", [node.this])
        if isinstance(node, exp.Lower | exp.Upper):
            return self._all("text", [node.this])
        if isinstance(node, _TIME_PARTS):
            self._all("time", [node.this])
            return "number"
        if isinstance(node, _TIME_CUTS):
            return self._all("time", [node.this])
        if isinstance(node, exp.Case):
            return self._case(node)
        if isinstance(node, exp.If):
            parts = [node.args["true"], *([node.args["false"]] if node.args.get("false") else [])]
            self._all("boolean", [node.this])
            return self._same(parts)
        if isinstance(node, exp.Coalesce):
            return self._same([node.this, *node.expressions])
        return self._condition(node)

    def _condition(self, node: exp.Expr) -> Kind:
        if isinstance(node, exp.And | exp.Or):
            return self._all("boolean", [node.left, node.right])
        if isinstance(node, exp.Not):
            return self._all("boolean", [node.this])
        if isinstance(node, _COMPARISONS):
            self._same([node.left, node.right])
        elif isinstance(node, exp.In):
            self._same([node.this, *node.expressions])
        elif isinstance(node, exp.Between):
            self._same([node.this, node.args["low"], node.args["high"]])
        elif isinstance(node, exp.Like):
            self._all("text", [node.this, node.expression])
        elif isinstance(node, exp.Is):
            self.kind(node.this)
        elif not isinstance(node, exp.Boolean):
            raise self.refusal(f"rows are not asked for {called(node)}")
        return "boolean"

    def _case(self, node: exp.Case) -> Kind:
        values = [i.args["true"] for i in node.args["ifs"]]
        asked = [i.this for i in node.args["ifs"]]
        if node.this:
            self._same([node.this, *asked])
        else:
            self._all("boolean", asked)
        return self._same([*values, *([node.args["default"]] if node.args.get("default") else [])])

    def _all(self, kind: Kind, nodes: Iterable[exp.Expr]) -> Kind:
        for node in nodes:
            if self.kind(node) not in (kind, "any"):
                raise self.refusal(f"{called(node)} is not a {kind}")
        return kind

    def _same(self, nodes: list[exp.Expr]) -> Kind:
        kinds = {self.kind(n) for n in nodes} - {"any"}
        if kinds == {"time", "text"} and all(
            isinstance(n, exp.Literal) for n in nodes if self.kind(n) == "text"
        ):
            return "time"
        if len(kinds) > 1:
            raise self.refusal(f"{' and '.join(map(called, nodes))} are of different kinds")
        return kinds.pop() if kinds else "any"


def _column_kind(type_: str) -> Kind:
    if type_ == "string":
        return "text"
    if type_ in ("date", "timestamp"):
        return "time"
    if type_.startswith(_NUMBERS):
        return "number"
    return "boolean" if type_ == "boolean" else "other"


def called(node: exp.Expr) -> str:
    """The expression as an error shows it."""
    return node.sql(dialect="databricks")[:60]
